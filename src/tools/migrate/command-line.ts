import type { Compression } from '../../storage/apache-files/apache-directory.ts'
import { parseArguments, UsageError } from '../arguments.ts'

export const USAGE = [
  'usage: zkMigrate.sh export --to DIR [--to-log DIR] [--compression gz|snappy] [--with-log] [--no-digest] [SOURCE]',
  '       zkMigrate.sh import [--to DIR [--to-log DIR]] [SOURCE]',
  '',
  '  export   makes a data directory of Apache ZooKeeper from that of a zoonode server that is stopped',
  '  import   makes a data directory of zoonode from that of an Apache server that is stopped',
  '',
  '  --to DIR         the new dataDir, empty or not there yet; import without it leaves the data in its directory,',
  '                   as the first start of a zoonode server does',
  '  --to-log DIR     the new dataLogDir; default: that of --to',
  '  --compression C  write the snapshot as gz or snappy',
  '  --with-log       write the transaction log, too, as far back as there is one, and the oldest snapshot',
  '  --no-digest      for an Apache server with zookeeper.digest.enabled=false',
  '',
  '  SOURCE: --config FILE, for the directories of a configuration (default: conf/zoo.cfg);',
  '          or --from DIR [--from-log DIR], for a dataDir and a dataLogDir'
].join('\n')

/** Where the data comes from: a configuration file, or directories. */
export type SourceArguments =
  | { readonly kind: 'config'; readonly path: string }
  | { readonly kind: 'directories'; readonly dataDir: string; readonly dataLogDir: string }

export interface ExportArguments {
  readonly verb: 'export'
  readonly source: SourceArguments
  readonly to: string
  readonly toLog: string
  readonly compression: Compression
  readonly hasLog: boolean
  readonly hasDigest: boolean
}

export interface ImportArguments {
  readonly verb: 'import'
  readonly source: SourceArguments
  /** Null: where the data is. */
  readonly to: string | null
  readonly toLog: string | null
}

const OPTIONS = {
  config: { type: 'string' },
  from: { type: 'string' },
  'from-log': { type: 'string' },
  to: { type: 'string' },
  'to-log': { type: 'string' },
  compression: { type: 'string' },
  'with-log': { type: 'boolean' },
  'no-digest': { type: 'boolean' }
} as const
const EXPORT_ONLY = ['compression', 'with-log', 'no-digest'] as const

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): ExportArguments | ImportArguments {
  const { values, positionals } = parseArguments(args, OPTIONS)
  const [verb, ...rest] = positionals
  if (rest.length > 0) throw new UsageError(`${rest[0]} is one argument too many`)
  const source = sourceOf(values)
  const { to = null } = values
  if (values['to-log'] !== undefined && to === null) throw new UsageError('--to-log needs --to')
  if (verb === 'import') {
    const misplaced = EXPORT_ONLY.find((name) => values[name] !== undefined)
    if (misplaced !== undefined) throw new UsageError(`--${misplaced} is for export`)
    return { verb, source, to, toLog: values['to-log'] ?? to }
  }
  if (verb !== 'export')
    throw new UsageError(verb === undefined ? 'export or import?' : `${verb} is neither export nor import`)
  if (to === null) throw new UsageError('export needs --to DIR')
  return {
    verb,
    source,
    to,
    toLog: values['to-log'] ?? to,
    compression: compressionOf(values.compression),
    hasLog: values['with-log'] ?? false,
    hasDigest: !(values['no-digest'] ?? false)
  }
}

function sourceOf(values: ReturnType<typeof parseArguments<typeof OPTIONS>>['values']): SourceArguments {
  const { config, from } = values
  if (config !== undefined && from !== undefined) throw new UsageError('--config and --from exclude each other')
  if (from !== undefined) return { kind: 'directories', dataDir: from, dataLogDir: values['from-log'] ?? from }
  if (values['from-log'] !== undefined) throw new UsageError('--from-log needs --from')
  if (config === undefined) throw new UsageError('--config or --from is needed')
  return { kind: 'config', path: config }
}

function compressionOf(name: string | undefined): Compression {
  if (name === undefined) return 'none'
  if (name === 'gz' || name === 'snappy') return name
  throw new UsageError(`--compression is gz or snappy, not ${name}`)
}
