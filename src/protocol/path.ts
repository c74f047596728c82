/** The rules of znode paths, and cutting them apart. Nothing here knows a tree. */

/**
 * Tells what is wrong with a path, in upstream's words, or null if it is valid: starts with `/`, no empty, `.` or `..`
 * part, none at the end, and no character (by UTF-16 code unit) of U+0000–001F, 007F–009F, D800–F8FF, FFF0–FFFF.
 * So no character outside the BMP is allowed. O(length).
 * @see `PathUtils.validatePath`
 */
export function pathProblem(path: string | null): string | null {
  if (path === null) return 'Path cannot be null'
  if (path.length === 0) return 'Path length must be > 0'
  if (path.charCodeAt(0) !== SLASH) return 'Path must start with / character'
  if (path.length === 1) return null
  if (path.charCodeAt(path.length - 1) === SLASH) return 'Path must not end with / character'
  const reason = firstBadPart(path)
  return reason === null ? null : `Invalid path string "${path}" caused by ${reason}`
}

/** `pathProblem(path) === null`. */
export function isValidPath(path: string | null): path is string {
  return pathProblem(path) === null
}

const SLASH = 0x2f
const DOT = 0x2e

function firstBadPart(path: string): string | null {
  let partStart = 1
  for (let i = 1; i < path.length; i++) {
    const unit = path.charCodeAt(i)
    if (unit === SLASH) {
      if (i === partStart) return `empty node name specified @${i}`
      partStart = i + 1
    } else if (unit === DOT) {
      if (isWholeRelativePart(path, partStart, i)) return `relative paths not allowed @${i}`
    } else if (isForbiddenUnit(unit)) {
      return unit === 0 ? `null character not allowed @${i}` : `invalid character @${i}`
    }
  }
  return null
}

/** True at the last dot of a part that is `.` or `..` altogether. */
function isWholeRelativePart(path: string, partStart: number, dotIndex: number): boolean {
  const next = dotIndex + 1
  if (next !== path.length && path.charCodeAt(next) !== SLASH) return false
  if (dotIndex === partStart) return true
  return dotIndex === partStart + 1 && path.charCodeAt(partStart) === DOT
}

function isForbiddenUnit(unit: number): boolean {
  if (unit < 0x7f) return unit < 0x20
  return unit <= 0x9f || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0
}

/** Path of the parent: `/a` for `/a/b`; the empty path (the root's other name) for `/a`; null where there is no `/`. */
export function parentOf(path: string): string | null {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? null : path.slice(0, slash)
}

/** Last part of a path: `b` for `/a/b`, the empty string for `/` and the empty path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Path of a child; `parent` may be `/` or the empty path for the root. */
export function childPath(parent: string, name: string): string {
  return parent.length === 1 ? `/${name}` : `${parent}/${name}`
}

/**
 * Name that a sequential create gets: the given path and the parent's create counter as a signed decimal, padded with
 * zeros to ten characters as Java's `%010d` does (the sign counts).
 */
export function sequentialPath(path: string, counter: number): string {
  const digits = counter < 0 ? `-${String(-counter).padStart(9, '0')}` : String(counter).padStart(10, '0')
  return path + digits
}

/** First part of a path, the namespace of per-namespace metrics and quotas; null for the root. */
export function topNamespace(path: string): string | null {
  if (path.length < 2 || path.charCodeAt(0) !== SLASH) return null
  const end = path.indexOf('/', 1)
  return end < 0 ? path.slice(1) : path.slice(1, end)
}

/** The nodes that every server has and nobody can delete. */
const ROOT_PATH = '/'
export const ZOOKEEPER_PATH = '/zookeeper'
export const QUOTA_PATH = '/zookeeper/quota'
export const CONFIG_PATH = '/zookeeper/config'

/** Tells whether deleting `path` is BADARGUMENTS whatever the tree holds. */
export function isSpecialPath(path: string): boolean {
  return path === ROOT_PATH || path === ZOOKEEPER_PATH || path === QUOTA_PATH || path === CONFIG_PATH
}
