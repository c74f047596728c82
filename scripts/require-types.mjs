// Types for those who load the package by `require`: TypeScript takes a declaration beside ES modules for one of those, which older CommonJS programs cannot
// load. So the declarations of the public entry are there a second time, below a package.json that says what their programs get.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Below `dist`. */
export const REQUIRE_TYPES = 'require-types'
const SPECIFIER = /(\bfrom\s*|\bimport\()(['"])([^'"]+)\2/g
const JUTE_TYPES = /^import (?:type )?\{([^}]*)\} from ['"]jute-ts['"];?$/gm

/**
 * @param {string} root of the repository
 * @param {string} entry declaration of the entry, below `dist`
 */
export function copyTypesForRequire(root, entry) {
  const dist = join(root, 'dist')
  const target = join(dist, REQUIRE_TYPES)
  const written = new Set()
  const waiting = [join(dist, entry)]
  const seen = new Set(waiting)
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const text = readFileSync(file, 'utf8')
    for (const [, , , specifier] of text.matchAll(SPECIFIER)) {
      if (!specifier.startsWith('.')) continue
      const next = join(dirname(file), specifier.replace(/\.[jt]s$/, '.d.ts'))
      if (seen.has(next)) continue
      seen.add(next)
      waiting.push(next)
    }
    const copy = join(target, relative(dist, file))
    write(copy, text.replaceAll(JUTE_TYPES, asTypesOfModule))
    written.add(copy)
  }
  const description = join(target, 'package.json')
  write(description, '{ "type": "commonjs" }\n')
  written.add(description)
  for (const stray of readdirSync(target, { withFileTypes: true, recursive: true })) {
    const file = join(stray.parentPath ?? stray.path, stray.name)
    if (stray.isFile() && !written.has(file)) rmSync(file)
  }
}

/** There is no moment without it: somebody may be reading. */
function write(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** The Jute runtime is an ES module, of which nothing but types is wanted here. */
function asTypesOfModule(_, names) {
  const types = names.replaceAll(/\btype /g, '')
  return `import type {${types}} from 'jute-ts' with { 'resolution-mode': 'import' };`
}
