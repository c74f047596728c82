import { EMPTY_TEXT_HASH, hashOn, type TextHash } from './text-hash.ts'
import { addPathTotals, type PathTotals } from './totals.ts'

/** The subtrees of one level of the tree: the same place of all columns is one of them. */
export interface SubtreeLevel {
  /** In their order as texts. */
  readonly paths: readonly string[]
  readonly totals: readonly PathTotals[]
  readonly hashes: readonly TextHash[]
}

/** A path that something happened below, while the paths below it are walked. */
interface Open {
  /** With a slash at its end: what begins so is below. */
  readonly prefix: string
  readonly path: string
  readonly hash: TextHash
  /** What happened at the path itself; null = nothing. */
  readonly own: PathTotals | null
  readonly below: PathTotals
}

/**
 * What happened at and below every path that something happened below, level by level; the first is the root's.
 *
 * perf: one walk over the paths in their order. All texts that begin alike stand together there, so what is open is a stack;
 * a table of all subtrees took several times as long where there are as many of them as paths.
 *
 * @param order of the paths as texts, by their numbers
 * @param depthMax levels below the root that are kept; what happened deeper is added to them
 */
export function subtreeSums(
  paths: readonly string[],
  totals: readonly PathTotals[],
  order: Iterable<number>,
  depthMax: number
): SubtreeLevel[] {
  const levels = Array.from({ length: depthMax + 1 }, newLevel)
  const open: Open[] = [
    { prefix: '/', path: '/', hash: hashOn(EMPTY_TEXT_HASH, '/', 0, 1), own: null, below: nothing() }
  ]
  /** Paths that the current one begins with: each may be at the top of a subtree that comes. */
  const beginnings: number[] = []
  const close = (): void => {
    const closed = open.pop()
    const above = open.at(-1)
    if (closed === undefined) return
    if (above !== undefined) addPathTotals(above.below, closed.below)
    if (closed.own !== null) addPathTotals(closed.below, closed.own)
    put(levels[open.length], closed)
  }
  for (const id of order) {
    const [path, own] = [paths[id], totals[id]]
    if (path === undefined || own === undefined) continue
    while (open.length > 1 && !path.startsWith(open.at(-1)?.prefix ?? '')) close()
    while (beginnings.length > 0 && !path.startsWith(paths[beginnings.at(-1) ?? -1] ?? '')) beginnings.pop()
    for (;;) {
      const top = open.at(-1)
      if (top === undefined || open.length > depthMax) break
      const slash = path.indexOf('/', top.prefix.length)
      if (slash < 0) break
      const at = beginnings.findLast((one) => paths[one]?.length === slash)
      open.push(child(top, path, slash, at === undefined ? null : (totals[at] ?? null)))
    }
    const top = open.at(-1)
    if (top !== undefined) addPathTotals(top.below, own)
    beginnings.push(id)
  }
  const isNothing = beginnings.length === 0
  while (open.length > 0) close()
  return isNothing ? [] : levels.map(inOrder)
}

/** The subtree at the slash at an index of a path, below another one. */
function child(above: Open, path: string, slash: number, own: PathTotals | null): Open {
  // The root's hash has its slash, those of others end before theirs.
  const start = above.path === '/' ? 1 : above.path.length
  return {
    prefix: path.slice(0, slash + 1),
    path: path.slice(0, slash),
    hash: hashOn(above.hash, path, start, slash),
    own,
    below: nothing()
  }
}

interface GrowingLevel {
  readonly paths: string[]
  readonly totals: PathTotals[]
  readonly hashes: TextHash[]
}

function newLevel(): GrowingLevel {
  return { paths: [], totals: [], hashes: [] }
}

function nothing(): PathTotals {
  return { writes: 0, bytes: 0, creates: 0, deletes: 0 }
}

function put(level: GrowingLevel | undefined, { path, below, hash }: Open): void {
  level?.paths.push(path)
  level?.totals.push(below)
  level?.hashes.push(hash)
}

/** They were closed in the order of their prefixes, which differs for names with characters before the slash: `a-` and `a`. */
function inOrder({ paths, totals, hashes }: GrowingLevel): SubtreeLevel {
  if (paths.every((path, at) => at === 0 || (paths[at - 1] ?? '') < path)) return { paths, totals, hashes }
  const order = paths.map((_, at) => at).sort((one, other) => ((paths[one] ?? '') < (paths[other] ?? '') ? -1 : 1))
  const sorted = newLevel()
  for (const at of order) {
    sorted.paths.push(paths[at] ?? '')
    const [sum, hash] = [totals[at], hashes[at]]
    if (sum !== undefined) sorted.totals.push(sum)
    if (hash !== undefined) sorted.hashes.push(hash)
  }
  return sorted
}
