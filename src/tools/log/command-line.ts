import { numberOf, parseArguments, timeOf, UsageError } from '../arguments.ts'

export const USAGE = [
  'usage: zkLog.sh path PATH [--recursive] [--since TIME] [--until TIME] [--limit N] [OPTIONS]',
  '       zkLog.sh writers [--limit N] [OPTIONS]',
  '       zkLog.sh subtrees [--under PATH] [--depth N] [--limit N] [OPTIONS]',
  '',
  '  path      who created, changed and deleted a znode, and when; newest first',
  '  writers   the sessions with the most transactions',
  '  subtrees  the subtrees that most was written to',
  '',
  '  --recursive    and all below it',
  '  --since TIME   such as 2026-11-23T13:05:00Z, or milliseconds since 1970; --until TIME likewise',
  '  --limit N      lines at most (default: 50)',
  '  --under PATH   subtrees below this one (default: /)',
  '  --depth N      levels below it (default: 1)',
  '  --json         JSON in place of a table',
  '  --audit FILE   an audit log, from which users and addresses of sessions are taken; may be given several times',
  '  --config FILE  for the directories of a configuration (default: conf/zoo.cfg);',
  '                 or --from DIR [--from-log DIR], for a dataDir and a dataLogDir',
  '',
  'The server may run meanwhile. The first query makes an index of each closed segment of the log, beside it.'
].join('\n')

export type LogQuery =
  | {
      readonly kind: 'path'
      readonly path: string
      readonly isRecursive: boolean
      readonly sinceMs: number
      readonly untilMs: number
    }
  | { readonly kind: 'writers' }
  | { readonly kind: 'subtrees'; readonly under: string; readonly depth: number }

export interface LogArguments {
  readonly query: LogQuery
  readonly limit: number
  readonly isJson: boolean
  readonly audits: readonly string[]
  readonly config: string | null
  readonly from: string | null
  readonly fromLog: string | null
}

const LIMIT_DEFAULT = 50
const OPTIONS = {
  recursive: { type: 'boolean' },
  since: { type: 'string' },
  until: { type: 'string' },
  limit: { type: 'string' },
  under: { type: 'string' },
  depth: { type: 'string' },
  json: { type: 'boolean' },
  audit: { type: 'string', multiple: true },
  config: { type: 'string' },
  from: { type: 'string' },
  'from-log': { type: 'string' }
} as const

type Values = ReturnType<typeof parseArguments<typeof OPTIONS>>['values']

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): LogArguments {
  const { values, positionals } = parseArguments(args, OPTIONS)
  return {
    query: queryOf(values, positionals),
    limit: numberOf('limit', values.limit, 1) ?? LIMIT_DEFAULT,
    isJson: values.json === true,
    audits: values.audit ?? [],
    config: values.config ?? null,
    from: values.from ?? null,
    fromLog: values['from-log'] ?? null
  }
}

function queryOf(values: Values, [verb, ...words]: readonly string[]): LogQuery {
  const [path, more] = words
  if (verb === 'path') {
    if (path === undefined || more !== undefined) throw new UsageError('path takes one path')
    refuse(values, ['under', 'depth'], verb)
    const sinceMs = timeOf('since', values.since) ?? Number.NEGATIVE_INFINITY
    const untilMs = timeOf('until', values.until) ?? Number.POSITIVE_INFINITY
    return { kind: 'path', path: pathOf(path), isRecursive: values.recursive === true, sinceMs, untilMs }
  }
  if (path !== undefined) throw new UsageError(`${path} is one argument too many`)
  if (verb === 'writers') {
    refuse(values, ['recursive', 'since', 'until', 'under', 'depth'], verb)
    return { kind: 'writers' }
  }
  if (verb === 'subtrees') {
    refuse(values, ['recursive', 'since', 'until'], verb)
    return { kind: 'subtrees', under: pathOf(values.under ?? '/'), depth: numberOf('depth', values.depth, 1) ?? 1 }
  }
  throw new UsageError(verb === undefined ? 'what is asked?' : `${verb} is no query`)
}

function refuse(values: Values, names: readonly (keyof Values)[], verb: string): void {
  for (const name of names) if (values[name] !== undefined) throw new UsageError(`--${name} is not for ${verb}`)
}

function pathOf(path: string): string {
  if (!path.startsWith('/')) throw new UsageError(`a path begins with /, not ${path}`)
  return path === '/' ? path : path.replace(/\/+$/, '')
}
