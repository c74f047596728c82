import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ConfigError } from '../../server/config/config-error.ts'
import { loadSettings } from '../../server/config/load-settings.ts'
import { LiveStore } from '../../storage/backup/live-store.ts'
import type { IndexThreads } from '../../storage/log-index/index-threads.ts'
import { IndexedLog } from '../../storage/log-index/indexed-log.ts'
import { UsageError } from '../arguments.ts'
import { ProgressBar } from '../progress-bar.ts'
import type { TextOutput } from '../text-output.ts'
import { ToolError } from '../tool-error.ts'
import { auditFilesOf, readIdentities } from './audit-identities.ts'
import { type LogArguments, parseCommandLine, USAGE } from './command-line.ts'
import { type Answer, answerPath, answerSubtrees, answerWriters } from './queries.ts'

/** `zkLog.sh`: questions to the transaction log of a server that may be running. */

const EXIT_USAGE = 2

/**
 * @param threads that make indexes; null for this thread
 * @throws ToolError, StorageError
 */
export async function logTool(
  args: readonly string[],
  out: TextOutput,
  threads: IndexThreads | null = null
): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return out.write(`${USAGE}\n`)
  try {
    await run(parseCommandLine(args), out, threads)
  } catch (error) {
    if (error instanceof UsageError)
      throw new ToolError(`zkLog: ${error.message}\n${USAGE}`, EXIT_USAGE, { cause: error })
    if (error instanceof ConfigError) throw new ToolError(`zkLog: ${error.message}`, EXIT_USAGE, { cause: error })
    throw error
  }
}

async function run(args: LogArguments, out: TextOutput, threads: IndexThreads | null): Promise<void> {
  const { dataDir, dataLogDir, audits } = sourcesOf(args)
  const scratch = mkdtempSync(join(tmpdir(), 'zoonode-log-'))
  try {
    const store = await LiveStore.open(dataDir, dataLogDir, scratch)
    try {
      const { table, data } = await ask(store, scratch, { ...args, audits: [...audits, ...args.audits] }, threads)
      out.write(args.isJson ? `${JSON.stringify(data, null, 2)}\n` : table)
    } finally {
      store.close()
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function ask(
  store: LiveStore,
  scratch: string,
  { query, limit, audits }: LogArguments,
  threads: IndexThreads | null
): Promise<Answer> {
  const identities = await readIdentities(audits)
  const bar = new ProgressBar('indexing the log')
  const log = await openLog(store, scratch, threads, bar)
  try {
    switch (query.kind) {
      case 'path':
        return answerPath(log.indexes, query, limit, identities)
      case 'writers':
        return answerWriters(log.indexes, limit, identities)
      case 'subtrees':
        return answerSubtrees(log.indexes, query, limit)
      default:
        return query
    }
  } finally {
    log.close()
  }
}

async function openLog(
  store: LiveStore,
  scratch: string,
  threads: IndexThreads | null,
  bar: ProgressBar
): Promise<IndexedLog> {
  try {
    return await IndexedLog.open(store, scratch, threads, (bytes, total) => bar.update(bytes, total))
  } finally {
    bar.end()
  }
}

/** Where the log is; with a configuration, this server's own audit log, too, as far as it is there. */
function sourcesOf({ from, fromLog, config }: LogArguments): {
  readonly dataDir: string
  readonly dataLogDir: string
  readonly audits: readonly string[]
} {
  if (from !== null) return { dataDir: resolve(from), dataLogDir: resolve(fromLog ?? from), audits: [] }
  if (config === null) throw new UsageError('which data? --from DIR, or --config FILE')
  const { env } = process
  // As zkServer.sh tells it the server.
  const logDir = env.ZOO_LOG_DIR === undefined ? [] : [`-Dzookeeper.log.dir=${env.ZOO_LOG_DIR}`]
  const args = [...logDir, '--config', config]
  const { storage, audit } = loadSettings({ args, env, workingDirectory: process.cwd() }).settings
  return { ...storage, audits: audit.file === null ? [] : auditFilesOf(audit.file) }
}
