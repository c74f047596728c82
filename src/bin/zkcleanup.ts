import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import yargs from 'yargs'
import { openStorage } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'

/**
 * Removes old snapshots and the part of the log that they made superfluous, of a server that is not running. A running one
 * does it by itself (`autopurge.*`), and its data directory is locked.
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

async function cleanUp({ dataLogDir, dataDir, count }: CleanupArguments): Promise<readonly string[]> {
  if (!existsSync(join(dataDir, 'version-2', 'state.db'))) {
    throw new CleanupError(`there is no data of a server in ${dataDir}`, false)
  }
  const report = (message: string): void => {
    process.stderr.write(`${message}\n`)
  }
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
    return removed
  } finally {
    // A server that was killed must not look as if it had been stopped in order.
    if (recovery.wasCleanShutdown) await storage.flushAndClose(CLOSE_DEADLINE_MS)
    else await storage.abandon()
  }
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
  for (const name of await cleanUp(parseArguments(process.argv.slice(2))))
    process.stdout.write(`Removing file: ${name}\n`)
} catch (error) {
  process.stderr.write(`${describe(error)}\n`)
  process.exitCode = 1
}
