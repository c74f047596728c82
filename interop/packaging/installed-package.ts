import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { capture } from '../harness/capture.ts'
import { runCommand } from '../harness/child.ts'
import { REPOSITORY } from '../harness/paths.ts'
import { checkJuteConsumer } from './consumers.ts'

const INSTALL_TIMEOUT_MS = 600_000
/** What `npm install` compiles where no prebuilt binary can be had, which takes minutes. */
const NATIVE_MODULE = join('node_modules', 'better-sqlite3', 'build')

/** The package as `npm i -g` leaves it, below a folder of its own. */
export interface InstalledPackage {
  /** Paths in the package's archive. */
  readonly packed: readonly string[]
  /** The package's folder. */
  readonly folder: string
  /** Where its commands are: what would be in `PATH`. */
  readonly bin: string
}

/**
 * Packs the repository and installs the archive for all users, as far as they are those of `folder`. The registry is asked for the dependencies, but
 * not for what the package brings along.
 *
 * @param compiles whether installing runs the scripts of dependencies; else SQLite's module is the one of the repository
 */
export async function installPackage(folder: string, compiles: boolean): Promise<InstalledPackage> {
  const archives = join(folder, 'archive')
  const prefix = join(folder, 'prefix')
  for (const path of [archives, prefix]) mkdirSync(path)
  const answer = await capture('npm', ['pack', '--json', '--pack-destination', archives], REPOSITORY)
  const { filename, files } = packedFiles(answer)
  const scripts = compiles ? [] : ['--ignore-scripts']
  await runCommand(
    {
      command: 'npm',
      args: ['install', '--global', '--prefix', prefix, ...scripts, join(archives, filename)],
      logFile: join(folder, 'install.log'),
      cwd: folder
    },
    INSTALL_TIMEOUT_MS
  )
  const installed = join(prefix, 'lib', 'node_modules', 'zoonode')
  if (!compiles) cpSync(join(REPOSITORY, NATIVE_MODULE), join(installed, NATIVE_MODULE), { recursive: true })
  return { packed: files, folder: installed, bin: join(prefix, 'bin') }
}

/** The workspace's package by itself: as from the registry, with nothing of the repository beside it. */
export async function checkJutePackage(parent: string): Promise<void> {
  const folder = join(parent, 'jute')
  mkdirSync(folder)
  const answer = await capture(
    'npm',
    ['pack', '--json', '--workspace', 'jute', '--pack-destination', folder],
    REPOSITORY
  )
  const { filename } = packedFiles(answer)
  await capture('npm', ['install', '--prefix', folder, '--no-audit', join(folder, filename)], folder)
  const program =
    "import { JuteReader, JuteWriter } from 'jute-ts'; const writer = new JuteWriter(); writer.writeString('ok');" +
    'console.log(new JuteReader(writer.copyBytes()).readString())'
  const said = await capture(process.execPath, ['--input-type=module', '-e', program], folder)
  if (said !== 'ok\n') throw new Error(`it decoded ${said}`)
  const usage = await capture(join(folder, 'node_modules', '.bin', 'jute-ts'), ['--help'], folder)
  if (!usage.startsWith('Usage: jute-ts compile')) throw new Error(`its command says ${usage}`)
  await checkJuteConsumer(folder)
}

/** What `npm pack --json` says; its scripts may have written before. */
function packedFiles(answer: string): { filename: string; files: string[] } {
  const parsed: unknown = JSON.parse(answer.slice(answer.search(/^[[{]/m)))
  const [pack] = Array.isArray(parsed) ? parsed : Object.values(parsed as Record<string, unknown>)
  const { filename, files } = pack as { filename: string; files: { path: string }[] } // npm's documented form
  return { filename, files: files.map(({ path }) => path) }
}

/** Every file that the package's own entry points name and that is not there. */
export function missingEntries({ folder }: InstalledPackage): string[] {
  const entries = spawnSync(process.execPath, ['-p', 'JSON.stringify(require("./package.json"))'], {
    cwd: folder,
    encoding: 'utf8'
  })
  const { bin, exports } = JSON.parse(entries.stdout) as { bin: Record<string, string>; exports: unknown } // our own file
  return [...Object.values(bin), ...leaves(exports)].filter((path) => !existsSync(join(folder, path)))
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : []
}
