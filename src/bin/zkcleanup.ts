import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import yargs from 'yargs'
import { timeZone } from '../cli/zone-name.ts'
import { findApacheFiles } from '../storage/apache-files/apache-directory.ts'
import { versionFolder } from '../storage/file-names.ts'
import { openStorage } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'
import { oldApacheFiles, removeFile } from '../tools/cleanup/apache-purge.ts'

/**
 * Removes old snapshots and the part of the log that they made superfluous, of a server that is not running, ours or
 * Apache's. A running one of ours does it by itself (`autopurge.*`), and its data directory is locked.
 */

const USAGE = [
  'Usage:',
  'zkCleanup.sh dataLogDir [snapDir] -n count',
  '\tdataLogDir -- path to the txn log directory',
  '\tsnapDir -- path to the snapshot directory',
  '\tcount -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3'
].join('\n')

const COUNT_MIN = 3
const CLOSE_DEADLINE_MS = 30_000

interface CleanupArguments {
  readonly dataLogDir: string
  readonly dataDir: string
  readonly count: number
}

/** What cannot be done, for the operator; with the usage where the arguments are wrong. */
class CleanupError extends Error {
  readonly code = 'CANNOT_CLEAN_UP'
  readonly showsUsage: boolean

  constructor(message: string, showsUsage: boolean, options?: ErrorOptions) {
    super(message, options)
    this.showsUsage = showsUsage
  }
}

/** `dataLogDir [snapDir] -n count`, as upstream's `PurgeTxnLog`. @throws CleanupError */
function parseArguments(args: readonly string[]): CleanupArguments {
  const { _: names, n: counts } = yargs([...args])
    .option('n', { type: 'array', string: true })
    .parserConfiguration({ 'greedy-arrays': false, 'parse-positional-numbers': false })
    .help(false)
    .version(false)
    .strictOptions()
    .fail((message) => {
      throw new CleanupError(message, true)
    })
    .parseSync()
  const directories = names.map(String)
  const [count] = counts ?? []
  if (count === undefined || counts?.length !== 1 || directories.length < 1 || directories.length > 2) {
    throw new CleanupError('wrong arguments', true)
  }
  if (!/^\d+$/.test(count)) throw new CleanupError(`'${count}' can not be parsed to integer.`, true)
  if (Number(count) < COUNT_MIN) throw new CleanupError(`count should be greater than or equal to ${COUNT_MIN}`, true)
  for (const directory of directories) {
    if (!existsSync(directory)) throw new CleanupError(`Path '${resolve(directory)}' does not exist. `, true)
  }
  const [dataLogDir = '', dataDir = dataLogDir] = directories
  return { dataLogDir: resolve(dataLogDir), dataDir: resolve(dataDir), count: Number(count) }
}

/** Lines for the operator, of each file that was removed. */
async function cleanUp(args: CleanupArguments): Promise<readonly string[]> {
  const { dataLogDir, dataDir } = args
  if (existsSync(join(versionFolder(dataDir), 'state.db'))) return cleanUpOurs(args)
  const { snapshots, logs } = findApacheFiles(dataDir, dataLogDir)
  if (snapshots.length === 0 && logs.length === 0) {
    throw new CleanupError(`there is no data of a server in ${dataDir}`, false)
  }
  return oldApacheFiles(dataDir, dataLogDir, args.count).map((path) => {
    const line = removalLine(path, statSync(path).mtimeMs)
    removeFile(path)
    return line
  })
}

async function cleanUpOurs({ dataLogDir, dataDir, count }: CleanupArguments): Promise<readonly string[]> {
  const report = (message: string): void => {
    process.stderr.write(`${message}\n`)
  }
  const times = modificationTimes(versionFolder(dataDir), versionFolder(dataLogDir))
  const { storage, recovery } = await openStorage({
    dataDir,
    dataLogDir,
    forceSync: true,
    autocreate: false,
    trustEmptySnapshot: true,
    fsyncWarningThresholdMs: Number.MAX_SAFE_INTEGER,
    logger: { info: report, warn: report, error: report }
  })
  try {
    const { removed } = await storage.purge(count)
    return removed.map((name) => {
      const path = join(versionFolder(name.startsWith('log.') ? dataLogDir : dataDir), name)
      return removalLine(path, times.get(path) ?? Date.now())
    })
  } finally {
    // A server that was killed must not look as if it had been stopped in order.
    if (recovery.wasCleanShutdown) await storage.flushAndClose(CLOSE_DEADLINE_MS)
    else await storage.abandon()
  }
}

function modificationTimes(...folders: readonly string[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const folder of folders) {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      times.set(path, statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    }
  }
  return times
}

/** As upstream prints it: when the file was last changed, in Java's medium form, and its path. */
function removalLine(path: string, modifiedMs: number): string {
  const form = { timeZone: timeZone(process.env), dateStyle: 'medium', timeStyle: 'medium' } as const
  // Node's form may have a narrow blank before AM and PM, which that of upstream's Java has not.
  const time = new Intl.DateTimeFormat('en-US', form).format(modifiedMs).replace('\u202f', ' ')
  return `Removing file: ${time}\t${path}`
}

function describe(error: unknown): string {
  if (error instanceof StorageError) {
    const hint = error.code === 'LOCKED' ? '; a running server cleans up by itself: set autopurge.purgeInterval' : ''
    return `${error.message}${hint}`
  }
  if (error instanceof CleanupError) return error.showsUsage ? `${error.message}\n${USAGE}` : error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

try {
  for (const line of await cleanUp(parseArguments(process.argv.slice(2)))) process.stdout.write(`${line}\n`)
} catch (error) {
  process.stderr.write(`${describe(error)}\n`)
  process.exitCode = 1
}
