// Compiles the Jute package, then the server, when a source is newer than its output.
// Plain JavaScript: it has to run before anything is compiled.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundlePrograms, isBundled } from './bundle.mjs'
import { copyTypesForRequire, REQUIRE_TYPES } from './require-types.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

function newestMs(directory) {
  let newest = 0
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) newest = Math.max(newest, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs)
  }
  return newest
}

function compile(project, source, settings, info) {
  const inputsMs = Math.max(newestMs(join(root, source)), ...settings.map((file) => statSync(join(root, file)).mtimeMs))
  if (existsSync(join(root, info)) && statSync(join(root, info)).mtimeMs > inputsMs) return
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, project)], { stdio: 'inherit' })
  if (result.status !== 0) process.exit(result.status ?? 1)
}

/** Removes what sources have left behind that are not there any more: the package would ship it. */
function removeOrphans(source, output) {
  for (const entry of readdirSync(join(root, output), { withFileTypes: true, recursive: true })) {
    const folder = entry.parentPath ?? entry.path
    if (relative(join(root, output), folder).split(sep)[0] === REQUIRE_TYPES) continue
    const compiled = /^(.+?)\.(?:js|js\.map|d\.ts)$/.exec(entry.name)
    if (!entry.isFile() || compiled === null || isBundled(root, join(folder, entry.name))) continue
    const origin = join(root, source, relative(join(root, output), folder), `${compiled[1]}.ts`)
    if (!existsSync(origin)) rmSync(join(folder, entry.name), { force: true })
  }
}

/** For programs that load CommonJS only, Jest among them: the public entry with all it needs, in one file. */
async function bundleEntry() {
  const output = join(root, 'dist/library/index.cjs')
  const folders = ['dist/library', 'dist/client', 'dist/protocol', 'dist/collections', 'jute/dist']
  if (
    existsSync(output) &&
    statSync(output).mtimeMs >= Math.max(...folders.map((folder) => newestMs(join(root, folder))))
  )
    return
  const { build } = await import('esbuild')
  await build({
    entryPoints: [join(root, 'dist/library/index.js')],
    outfile: output,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // It lies where the module lies whose place it takes.
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning'
  })
}

if (!existsSync(tsc)) {
  console.error('zoonode: the dependencies are not installed; run: npm ci')
  process.exit(1)
}
compile('jute/tsconfig.json', 'jute/src', ['tsconfig.base.json', 'jute/tsconfig.json'], 'jute/dist/.tsbuildinfo')
compile('tsconfig.json', 'src', ['tsconfig.base.json', 'tsconfig.json'], 'dist/.tsbuildinfo')
removeOrphans('jute/src', 'jute/dist')
removeOrphans('src', 'dist')
// The console's page is served as it is.
rmSync(join(root, 'dist/admin/console/page'), { recursive: true, force: true })
cpSync(join(root, 'src/admin/console/page'), join(root, 'dist/admin/console/page'), { recursive: true })
await bundleEntry()
copyTypesForRequire(root, join('library', 'index.d.ts'))
await bundlePrograms(
  root,
  Math.max(newestMs(join(root, 'src')), newestMs(join(root, 'jute/dist')), newestMs(join(root, 'scripts')))
)
