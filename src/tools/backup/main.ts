import { basename, resolve } from 'node:path'
import { ConfigError } from '../../server/config/config-error.ts'
import { loadSettings } from '../../server/config/load-settings.ts'
import type { ServerSettings } from '../../server/config/settings.ts'
import { BackupDirectory, type StoredBackup } from '../../storage/backup/backup-directory.ts'
import { createBackup } from '../../storage/backup/create-backup.ts'
import { showZxid } from '../../storage/file-names.ts'
import type { StorageLogger } from '../../storage/storage.ts'
import { UsageError } from '../arguments.ts'
import { findCompanions } from '../migrate/companions.ts'
import { ProgressBar } from '../progress-bar.ts'
import type { TextOutput } from '../text-output.ts'
import { ToolError } from '../tool-error.ts'
import { type BackupArguments, parseCommandLine, USAGE } from './command-line.ts'
import { listAsJson, listAsText, sizeText } from './list-backups.ts'
import { restoreBackup } from './restore-backup.ts'
import { restoreSnapshot } from './restore-snapshot.ts'
import { bytesOf, verifySeries } from './verify-backups.ts'

/** `zkBackup.sh`: what it does, command by command. */

const EXIT_USAGE = 2
const EXIT_DATA = 3
const INCREMENTS_DEFAULT = 23

export interface BackupTool {
  readonly out: TextOutput
  readonly log: StorageLogger
  /** Of the compiled log thread; default: beside the storage's module. */
  readonly workerUrl?: URL
}

/** @throws ToolError, StorageError, RecoveryError */
export async function backupTool(args: readonly string[], tool: BackupTool): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return tool.out.write(`${USAGE}\n`)
  try {
    await run(parseCommandLine(args), tool)
  } catch (error) {
    if (error instanceof UsageError)
      throw new ToolError(`zkBackup: ${error.message}\n${USAGE}`, EXIT_USAGE, { cause: error })
    if (error instanceof ConfigError) throw new ToolError(`zkBackup: ${error.message}`, EXIT_USAGE, { cause: error })
    throw error
  }
}

async function run(args: BackupArguments, tool: BackupTool): Promise<void> {
  switch (args.verb) {
    case 'create':
      return create(args, tool)
    case 'list':
      return list(args, tool)
    case 'verify':
      return verify(args, tool)
    case 'restore':
      return restore(args, tool)
    case 'prune':
      return prune(args, directoryOf(args, settingsOf(args)), tool)
    default:
      return args.verb
  }
}

async function create(args: BackupArguments, tool: BackupTool): Promise<void> {
  const settings = settingsOf(args)
  const directory = directoryOf(args, settings)
  const { dataDir, dataLogDir } = sourceOf(args, settings)
  const bar = new ProgressBar('backing up')
  const startedMs = Date.now()
  try {
    const created = await createBackup({
      dataDir,
      dataLogDir,
      directory,
      isFull: args.isFull,
      incrementsMax: args.increments ?? settings?.backup.incrementsMax ?? INCREMENTS_DEFAULT,
      companions: companionsOf(args, settings, dataDir),
      serverId: settings?.quorum.serverId ?? null,
      nowMs: () => Date.now(),
      say: (level, message) => tool.log[level](message),
      progress: (done, total) => bar.update(done, total)
    })
    bar.end()
    tool.out.write(created === null ? 'there is nothing new to back up\n' : createdText(created, startedMs))
  } finally {
    bar.end()
  }
  if (args.keep !== null) prune(args, directory, tool)
}

function createdText({ folder, manifest }: StoredBackup, startedMs: number): string {
  const { kind, fromZxid, toZxid, snapshot, log } = manifest
  const bytes = [...log, ...[snapshot ?? []].flat()].reduce((sum, file) => sum + file.bytes, 0)
  const txnCount = log.reduce((sum, file) => sum + file.txnCount, 0)
  const base = snapshot === null ? 'full,' : `full, snapshot ${showZxid(fromZxid)} and`
  const what = kind === 'full' ? base : `incremental, after ${showZxid(fromZxid)}`
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1)
  return `${folder}: ${what} ${txnCount} transactions up to ${showZxid(toZxid)}, ${sizeText(bytes)} in ${seconds} s\n`
}

function list(args: BackupArguments, { out, log }: BackupTool): void {
  const directory = directoryOf(args, settingsOf(args))
  const series = directory.series((message) => log.warn(message))
  out.write(args.isJson ? listAsJson(series) : listAsText(series))
}

function verify(args: BackupArguments, { out, log }: BackupTool): void {
  const directory = directoryOf(args, settingsOf(args))
  let problems = 0
  const all = directory.series((message) => {
    problems++
    log.warn(message)
  })
  const total = all.reduce((sum, series) => sum + bytesOf(series), 0)
  const bar = new ProgressBar('verifying')
  let done = 0
  for (const series of all) {
    const { txnCount, problem } = verifySeries(series, (bytes) => {
      done += bytes
      bar.update(done, total)
    })
    bar.end()
    const { name } = series.full.manifest
    if (problem !== null) problems++
    out.write(
      problem === null
        ? `${name}: ${series.backups.length} backups, ${txnCount} transactions, ${sizeText(bytesOf(series))}: all as it was written\n`
        : `${name}: ${problem}\n`
    )
  }
  if (problems > 0) throw new ToolError(`zkBackup: ${problems} problems in ${directory.path}`, EXIT_DATA)
  if (all.length === 0) throw new ToolError(`zkBackup: there are no backups in ${directory.path}`, EXIT_DATA)
}

async function restoreFile(path: string, args: BackupArguments, { out, log, workerUrl }: BackupTool): Promise<void> {
  const dataDir = resolve(args.to)
  const dataLogDir = args.toLog === null ? dataDir : resolve(args.toLog)
  const { isNewEpoch } = args
  const report = await restoreSnapshot({ path: resolve(path), dataDir, dataLogDir, isNewEpoch, log, workerUrl })
  const { zxid, nodeCount, ephemeralCount, sessionCount, digest, recordedDigest } = report
  const lines = [
    `restored ${dataDir} from ${path}`,
    `zxid ${showZxid(zxid)}, ${nodeCount} znodes (${ephemeralCount} ephemeral), ${sessionCount} sessions`,
    `tree digest ${showZxid(digest)}${recordedDigest === null ? '' : ': as recorded there'}`,
    `the server goes on from ${showZxid(report.goesOnFrom)}, in epoch ${report.currentEpoch}`
  ]
  out.write(`${lines.join('\n')}\n`)
}

async function restore(args: BackupArguments, tool: BackupTool): Promise<void> {
  if (args.snapshot !== null) return restoreFile(args.snapshot, args, tool)
  const { out, log, workerUrl } = tool
  const directory = directoryOf(args, settingsOf(args))
  const dataDir = resolve(args.to)
  const bar = new ProgressBar('restoring')
  const report = await restoreBackup({
    directory,
    point: args.point,
    dataDir,
    dataLogDir: args.toLog === null ? dataDir : resolve(args.toLog),
    isAhead: args.isAhead,
    isNewEpoch: args.isNewEpoch,
    myid: args.myid,
    log,
    progress: (done, total) => bar.update(done, total),
    workerUrl
  }).finally(() => bar.end())
  const { zxid, nodeCount, ephemeralCount, sessionCount, digest, recordedDigest, series, txnCount } = report
  const verified = recordedDigest === null ? 'none is recorded' : 'as recorded there'
  const lines = [
    `restored ${dataDir} from ${series} and ${txnCount} transactions`,
    `zxid ${showZxid(zxid)}, ${nodeCount} znodes (${ephemeralCount} ephemeral), ${sessionCount} sessions`,
    `tree digest ${showZxid(digest)}: ${verified}`,
    `currentEpoch ${report.currentEpoch}, acceptedEpoch ${report.acceptedEpoch ?? 'not set'}`,
    ...(report.goesOnFrom === zxid ? [] : [`the server goes on from ${showZxid(report.goesOnFrom)}`]),
    ...(report.companions.length === 0 ? [] : [`beside it: ${report.companions.join(' ')}`])
  ]
  out.write(`${lines.join('\n')}\n`)
}

function prune({ keep }: BackupArguments, directory: BackupDirectory, { out, log }: BackupTool): void {
  const lock = directory.lock()
  try {
    const removed = directory.prune(keep ?? 1, (message) => log.warn(message))
    for (const folder of removed) out.write(`removed ${folder}\n`)
  } finally {
    lock.close()
  }
}

/** Null where the command line names all that is needed. @throws ConfigError */
function settingsOf({ config, from, backups, verb }: BackupArguments): ServerSettings | null {
  const isNeeded = backups === null || (verb === 'create' && from === null)
  if (!isNeeded) return null
  if (config === null) throw new UsageError('which configuration? --config FILE, or --backups DIR and --from DIR')
  return loadSettings({ args: ['--config', config], env: process.env, workingDirectory: process.cwd() }).settings
}

function directoryOf({ backups }: BackupArguments, settings: ServerSettings | null): BackupDirectory {
  const path = backups ?? settings?.backup.directory ?? null
  if (path === null) throw new UsageError('where are the backups? --backups DIR, or backup.dir in the configuration')
  return new BackupDirectory(resolve(path))
}

function companionsOf({ companions }: BackupArguments, settings: ServerSettings | null, dataDir: string): string[] {
  const found = findCompanions(dataDir, settings?.quorum.dynamicConfigFile ?? null).map(({ path }) => path)
  const names = new Set(found.map((path) => basename(path)))
  return [...found, ...companions.filter((path) => !names.has(basename(path)))]
}

function sourceOf(
  { from, fromLog }: BackupArguments,
  settings: ServerSettings | null
): { readonly dataDir: string; readonly dataLogDir: string } {
  if (from !== null) return { dataDir: resolve(from), dataLogDir: resolve(fromLog ?? from) }
  if (settings === null) throw new UsageError('which data? --from DIR, or --config FILE')
  return settings.storage
}
