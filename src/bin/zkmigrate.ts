import { resolve } from 'node:path'
import { ConfigError } from '../server/config/config-error.ts'
import { loadSettings } from '../server/config/load-settings.ts'
import type { ServerSettings } from '../server/config/settings.ts'
import { type Logger, silentLogger } from '../server/logging/logger.ts'
import { RecoveryError } from '../server/recovery.ts'
import { StorageError } from '../storage/storage-error.ts'
import { UsageError } from '../tools/arguments.ts'
import {
  type ExportArguments,
  type ImportArguments,
  parseCommandLine,
  type SourceArguments,
  USAGE
} from '../tools/migrate/command-line.ts'
import { exportToApache } from '../tools/migrate/export-to-apache.ts'
import { importFromApache } from '../tools/migrate/import-from-apache.ts'

/** Moves data between zoonode and Apache ZooKeeper: `export` and `import`. */

/** Exit codes, as the server's. */
const ExitCode = { unexpected: 1, usage: 2, dataDir: 3 } as const

interface Source {
  readonly settings: ServerSettings
  readonly dataDir: string
  readonly dataLogDir: string
  readonly dynamicConfigFile: string | null
}

const say = (level: string, message: string): void => {
  process.stderr.write(`${level === 'info' ? '' : `${level}: `}${message}\n`)
}

const log: Logger = {
  ...silentLogger,
  infoEnabled: true,
  info: (message) => say('info', message),
  warn: (message) => say('warn', message),
  error: (message) => say('error', message),
  child: () => log
}

async function main(args: readonly string[]): Promise<void> {
  const parsed = parseCommandLine(args)
  const source = sourceOf(parsed.source)
  if (parsed.verb === 'export') await runExport(parsed, source)
  else await runImport(parsed, source)
}

/** @throws ConfigError */
function sourceOf(source: SourceArguments): Source {
  // As a server that is started with `port dataDir`; nothing but the settings' defaults is wanted of it.
  const args = source.kind === 'config' ? ['--config', source.path] : ['0', resolve(source.dataDir)]
  const { settings } = loadSettings({ args, env: process.env, workingDirectory: process.cwd() })
  const { dynamicConfigFile } = settings.quorum
  if (source.kind === 'config') {
    const { dataDir, dataLogDir } = settings.storage
    return { settings, dataDir, dataLogDir, dynamicConfigFile }
  }
  const [dataDir, dataLogDir] = [resolve(source.dataDir), resolve(source.dataLogDir)]
  return { settings, dataDir, dataLogDir, dynamicConfigFile: null }
}

async function runExport(parsed: ExportArguments, source: Source): Promise<void> {
  const { dataDir, dataLogDir, dynamicConfigFile } = source
  const { to, toLog, compression, hasLog, hasDigest } = parsed
  const report = await exportToApache({
    dataDir,
    dataLogDir,
    toDataDir: to,
    toDataLogDir: toLog,
    compression,
    hasDigest,
    hasLog,
    dynamicConfigFile,
    say
  })
  const { zxid, digest, nodeCount, ephemeralCount, sessionCount, acceptedEpoch, currentEpoch, files } = report
  const lines = [
    `exported ${dataDir} to ${resolve(to)}, to be served by Apache ZooKeeper`,
    `zxid 0x${zxid.toString(16)}, ${nodeCount} znodes (${ephemeralCount} ephemeral), ${sessionCount} sessions, tree digest 0x${digest.toString(16)}`,
    `acceptedEpoch ${acceptedEpoch}, currentEpoch ${currentEpoch}`,
    ...(report.logTxnCount === null ? [] : [`${report.logTxnCount} transactions of the log`]),
    `read back and compared: ${files.join(' ')}`
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

async function runImport({ to, toLog }: ImportArguments, source: Source): Promise<void> {
  const { settings, dataDir, dataLogDir, dynamicConfigFile } = source
  const target = to === null ? { dataDir, dataLogDir } : { dataDir: resolve(to), dataLogDir: resolve(toLog ?? to) }
  const report = await importFromApache({ settings, source: { dataDir, dataLogDir }, target, dynamicConfigFile, log })
  const { zxid, digest, nodeCount, sessionCount } = report
  process.stdout.write(
    `imported ${dataDir} into ${target.dataDir}, to be served by zoonode\n` +
      `zxid 0x${zxid.toString(16)}, ${nodeCount} znodes, ${sessionCount} sessions, tree digest 0x${digest.toString(16)}\n`
  )
}

function describeFailure(error: unknown): { readonly line: string; readonly code: number } {
  if (error instanceof UsageError) return { line: `${error.message}\n${USAGE}`, code: ExitCode.usage }
  if (error instanceof ConfigError) return { line: error.message, code: ExitCode.usage }
  if (error instanceof StorageError || error instanceof RecoveryError) {
    return { line: error.message, code: ExitCode.dataDir }
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { line: detail, code: ExitCode.unexpected }
}

const args = process.argv.slice(2)
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(`${USAGE}\n`)
} else {
  main(args).catch((error: unknown) => {
    const { line, code } = describeFailure(error)
    process.stderr.write(`zkMigrate: ${line}\n`)
    process.exitCode = code
  })
}
