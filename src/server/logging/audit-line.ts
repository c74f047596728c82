import type { AuditRecord } from '../../core/audit/audit-record.ts'
import { escapeControls, formatTime } from './log-line.ts'

/** The server's own beginning and end in its audit log. */
export interface ServerDeed {
  readonly user: string
  readonly operation: 'serverStart' | 'serverStop'
  /** A stop is told of before it happens: `invoked`. */
  readonly result: 'success' | 'failure' | 'invoked'
}

/** compat: whoever takes Apache's audit log apart expects the name of the class that writes it. */
const LOGGER = 'o.a.z.a.Slf4jAuditLogger'

/**
 * A line of the audit log, with its end: time, level (ERROR for a failure), and `name=value` with tabs between; what is
 * not known is left out. Control characters in a value (a path that was refused, a user's name) are written as `\xHH`:
 * nobody can make up a line or a field.
 *
 * @see `AuditEvent.toString`, and the appender RFAAUDIT of upstream's logback.xml
 */
export function formatAuditLine(record: AuditRecord | ServerDeed, time: Date): string {
  const fields = fieldsOf(record)
    .flatMap(([name, value]) => (value === null ? [] : `${name}=${escapeControls(value)}`))
    .join('\t')
  return `${formatTime(time)} ${levelOf(record)} ${LOGGER}: ${fields}\n`
}

/** The same as a JSON object on a line, with the time in UTC (ISO 8601); values are as they are. */
export function formatAuditJson(record: AuditRecord | ServerDeed, time: Date): string {
  const known = fieldsOf(record).filter(([, value]) => value !== null)
  return `${JSON.stringify({ time: time.toISOString(), level: levelOf(record), ...Object.fromEntries(known) })}\n`
}

function levelOf({ result }: AuditRecord | ServerDeed): 'ERROR' | 'INFO' {
  return result === 'failure' ? 'ERROR' : 'INFO'
}

function fieldsOf(record: AuditRecord | ServerDeed): readonly (readonly [string, string | null])[] {
  const { user, operation, result } = record
  if (!('session' in record)) {
    return [
      ['user', user],
      ['operation', operation],
      ['result', result]
    ]
  }
  return [
    ['session', record.session],
    ['user', user],
    ['ip', record.ip],
    ['operation', operation],
    ['znode', record.znode],
    ['znode_type', record.znodeType],
    ['acl', record.acl],
    ['result', result]
  ]
}
