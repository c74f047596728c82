import { numberOf, parseArguments, timeOf, UsageError } from '../arguments.ts'
import type { RestorePoint } from './restore-backup.ts'

export const USAGE = [
  'usage: zkBackup.sh create  [--backups DIR] [--full] [--increments N] [--keep N] [SOURCE]',
  '       zkBackup.sh list    [--backups DIR] [--json]',
  '       zkBackup.sh verify  [--backups DIR]',
  '       zkBackup.sh restore [--backups DIR] --to DIR [--to-log DIR] [--zxid ZXID | --time TIME] [--ahead] [--new-epoch] [--myid N]',
  '       zkBackup.sh restore --snapshot FILE --to DIR [--to-log DIR] [--new-epoch]',
  '       zkBackup.sh prune   [--backups DIR] --keep N',
  '',
  '  create   backs a server up, while it serves or while it is stopped: what is new since the last backup, or everything',
  '  list     shows the backups and what can be restored',
  '  verify   reads everything and compares all checksums',
  '  restore  makes a new data directory: the newest state, that after a transaction, or that at a time',
  '  prune    removes all but the newest full backups, each with those that go on from it',
  '',
  '  --backups DIR    directory of the backups (default: backup.dir of the configuration)',
  '  --full           everything in any case',
  '  --increments N   a full one after so many incremental ones (default: backup.increments, 23)',
  '  --companion FILE a file that is backed up with the data, beside myid and dynamic configurations in dataDir',
  '  --keep N         full backups that are kept, with what goes on from them',
  '  --to DIR         the new dataDir; --to-log DIR the new dataLogDir (default: that of --to)',
  '  --zxid ZXID      the last transaction to be restored, in hexadecimal with 0x, or decimal',
  '  --time TIME      such as 2026-11-23T13:05:00Z, or milliseconds since 1970',
  '  --ahead          the server goes on above all zxids in the backups: clients that have seen newer ones can come back',
  '  --new-epoch      for an ensemble: the restored history wins over what other members still have',
  '  --snapshot FILE  a snapshot of either server, as the admin command snapshot gives it, in place of a backup',
  '  --myid N         the id of the server that the data is for, in place of that which was backed up',
  '',
  '  SOURCE: --config FILE, for the directories of a configuration (default: conf/zoo.cfg);',
  '          or --from DIR [--from-log DIR], for a dataDir and a dataLogDir'
].join('\n')

const VERBS = ['create', 'list', 'verify', 'restore', 'prune'] as const
export type Verb = (typeof VERBS)[number]

export interface BackupArguments {
  readonly verb: Verb
  readonly backups: string | null
  readonly config: string | null
  readonly from: string | null
  readonly fromLog: string | null
  /** Files beside the data that are backed up with it. */
  readonly companions: readonly string[]
  readonly isFull: boolean
  readonly increments: number | null
  readonly keep: number | null
  readonly isJson: boolean
  /** Of a restore only; empty otherwise. */
  readonly to: string
  readonly toLog: string | null
  readonly point: RestorePoint
  readonly isAhead: boolean
  readonly isNewEpoch: boolean
  readonly snapshot: string | null
  readonly myid: number | null
}

const OPTIONS = {
  backups: { type: 'string' },
  config: { type: 'string' },
  from: { type: 'string' },
  'from-log': { type: 'string' },
  companion: { type: 'string', multiple: true },
  full: { type: 'boolean' },
  increments: { type: 'string' },
  keep: { type: 'string' },
  json: { type: 'boolean' },
  to: { type: 'string' },
  'to-log': { type: 'string' },
  zxid: { type: 'string' },
  time: { type: 'string' },
  ahead: { type: 'boolean' },
  'new-epoch': { type: 'boolean' },
  snapshot: { type: 'string' },
  myid: { type: 'string' }
} as const

type Option = keyof typeof OPTIONS

const ALLOWED: Readonly<Record<Verb, readonly Option[]>> = {
  create: ['full', 'increments', 'keep', 'from', 'from-log', 'companion'],
  list: ['json'],
  verify: [],
  restore: ['to', 'to-log', 'zxid', 'time', 'ahead', 'new-epoch', 'snapshot', 'myid'],
  prune: ['keep']
}

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): BackupArguments {
  const { values, positionals } = parseArguments(args, OPTIONS)
  const [word, more] = positionals
  const verb = VERBS.find((known) => known === word)
  if (verb === undefined) throw new UsageError(word === undefined ? 'what is to be done?' : `${word} is no command`)
  if (more !== undefined) throw new UsageError(`${more} is one argument too many`)
  for (const name of Object.keys(values)) {
    const isAllowed = name === 'backups' || name === 'config' || ALLOWED[verb].some((allowed) => allowed === name)
    if (!isAllowed) throw new UsageError(`--${name} is not for ${verb}`)
  }
  if (verb === 'restore' && values.to === undefined) throw new UsageError('restore needs --to')
  if (values.snapshot !== undefined && [values.zxid, values.time, values.ahead, values.myid].some(isGiven)) {
    throw new UsageError('--snapshot goes with --to, --to-log and --new-epoch')
  }
  if (verb === 'prune' && values.keep === undefined) throw new UsageError('prune needs --keep')
  if (values['from-log'] !== undefined && values.from === undefined) throw new UsageError('--from-log needs --from')
  return {
    verb,
    backups: values.backups ?? null,
    config: values.config ?? null,
    from: values.from ?? null,
    fromLog: values['from-log'] ?? null,
    companions: values.companion ?? [],
    isFull: values.full === true,
    increments: numberOf('increments', values.increments, 0),
    keep: numberOf('keep', values.keep, 1),
    isJson: values.json === true,
    to: values.to ?? '',
    toLog: values['to-log'] ?? null,
    point: pointOf(values.zxid, values.time),
    isAhead: values.ahead === true,
    isNewEpoch: values['new-epoch'] === true,
    snapshot: values.snapshot ?? null,
    myid: numberOf('myid', values.myid, 0)
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined
}

function pointOf(zxid: string | undefined, time: string | undefined): RestorePoint {
  if (zxid !== undefined && time !== undefined) throw new UsageError('--zxid and --time cannot both be given')
  if (zxid !== undefined) {
    if (!/^(0x[0-9a-fA-F]{1,16}|\d{1,19})$/.test(zxid)) throw new UsageError(`--zxid must be a zxid, not ${zxid}`)
    return { kind: 'zxid', zxid: BigInt(zxid) }
  }
  const timeMs = timeOf('time', time)
  return timeMs === null ? { kind: 'newest' } : { kind: 'time', timeMs }
}
