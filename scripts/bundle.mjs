// Puts the server's program, its threads and the shell into a few files: a start otherwise loads some 400 modules one after the
// other, which is half of its time. Plain JavaScript, as build.mjs is.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Programs by their names in dist/bin, those that share modules together: the others have copies of their own, because each
 * file more is looked for, step by step along its path, until V8 compiles that search with its optimising compiler, which
 * takes 4 MB of an idle server and 50 ms of CPU of its start. The threads have to lie where the server lies that starts them.
 */
const PROGRAMS = [
  { zoonode: 'bin/zoonode.ts', serve: 'bin/serve.ts' },
  { 'log-thread': 'storage/log-thread.ts' },
  { 'snapshot-thread': 'storage/snapshot-thread.ts' },
  { zkcli: 'bin/zkcli.ts' }
]
const CHUNKS = 'chunks'
/** Packages that are CommonJS ask for Node's modules by `require`. The other name must be nobody else's. */
const BANNER =
  "import { createRequire as bundleRequire$ } from 'node:module';const require = bundleRequire$(import.meta.url);"

/** Whether this file of dist/bin is a bundle's without a source of its name. */
export function isBundled(root, file) {
  const folder = join(root, 'dist', 'bin')
  return (
    dirname(file) === join(folder, CHUNKS) ||
    (dirname(file) === folder && PROGRAMS.some((programs) => basename(file, '.js') in programs))
  )
}

/**
 * Takes the place of what the compiler has put there, if a source is newer.
 *
 * @param {string} root of the repository
 * @param {number} sourcesMs when the newest source was changed
 */
export async function bundlePrograms(root, sourcesMs) {
  const folder = join(root, 'dist', 'bin')
  const notices = join(root, 'dist', 'THIRD-PARTY-NOTICES')
  if (existsSync(notices) && statSync(notices).mtimeMs > sourcesMs) return
  const { build } = await import('esbuild')
  const metafiles = await Promise.all(PROGRAMS.map((programs) => bundle(build, root, programs)))
  const outputs = metafiles.flatMap((metafile) => Object.keys(metafile.outputs))
  for (const file of outputs) escapeBeyondAscii(join(root, file))
  removeOthers(join(folder, CHUNKS), new Set(outputs.map((file) => basename(file))))
  writeFileSync(
    notices,
    noticesOf(
      root,
      metafiles.flatMap((metafile) => Object.keys(metafile.inputs))
    )
  )
}

/** Puts programs and what they share into dist/bin; tells what went in and came out. */
async function bundle(build, root, programs) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(programs).map(([name, file]) => [name, join('src', file)])),
    outdir: join(root, 'dist', 'bin'),
    chunkNames: `${CHUNKS}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Half the text to be read at each start; names stay, and there are lines for stack traces to tell.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    // Native modules have to be where they were built; node-forge is loaded only where it is needed.
    external: ['*.node', 'kerberos', 'node-forge'],
    alias: {
      bindings: join(root, 'scripts', 'native-binding.cjs'),
      'readable-stream': 'node:stream',
      'readable-stream/lib/_stream_writable.js': join(root, 'scripts', 'node-writable.cjs')
    },
    // winston leaves out what tells of itself in colours.
    define: { 'process.env.NODE_ENV': '"production"' },
    banner: { js: BANNER },
    metafile: true,
    allowOverwrite: true,
    logLevel: 'warning'
  })
  return metafile
}

/**
 * V8 keeps a source in twice the memory if a single character of it, be it in a comment, is beyond Latin-1. Esbuild escapes
 * them everywhere but in comments and regular expressions, where this means the same.
 */
function escapeBeyondAscii(file) {
  const text = readFileSync(file, 'utf8')
  const escaped = text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  if (escaped !== text) writeFileSync(file, escaped)
}

/** Chunks of earlier builds go last, so that there is a whole program at every moment but one. */
function removeOthers(folder, current) {
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    if (!current.has(file)) rmSync(join(folder, file))
  }
}

/** Licences of the packages whose code is in the bundles. */
function noticesOf(root, inputs) {
  const packages = new Set()
  for (const input of inputs) {
    const name = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (name !== null) packages.add(input.slice(0, name[0].length - 1))
  }
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? `Licence: ${license}\n` : readFileSync(join(root, folder, file), 'utf8')
    return `${name} ${version}\n\n${text.trimEnd()}\n`
  })
  return `The programs in dist/bin contain code of these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`
}
