import { userInfo } from 'node:os'
import type { AuditRecord } from '../../core/audit/audit-record.ts'
import type { AuditFileSettings } from '../config/settings.ts'
import { formatAuditJson, formatAuditLine, type ServerDeed } from './audit-line.ts'
import type { Logger } from './logger.ts'
import { openRollingFile } from './rolling-file.ts'

/** When so much waits for a disk that is too slow, lines are left out, and how many is said. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024

/** Who changed what, in a file of its own (`audit.enable`). */
export interface AuditLog {
  /** Who the server is in its own lines: the user of the process. */
  readonly serverUser: string
  write(record: AuditRecord): void
  /** Hands what was written to the file; to be called when a step is over, and by `deed`. */
  flush(): void
  /** The server's start or stop. */
  deed(operation: ServerDeed['operation'], result: ServerDeed['result']): void
  /** Resolves when all lines are in the file. */
  close(): Promise<void>
}

/** @throws ConfigError when the file cannot be opened */
export function openAuditLog(settings: AuditFileSettings, log: Logger): AuditLog {
  const onError = (error: Error): void => {
    log.error(`the audit log cannot be written, lines of it are lost: ${error.message}`)
  }
  const file = openRollingFile({ ...settings, onError })
  const serverUser = userName()
  const format = settings.format === 'json' ? formatAuditJson : formatAuditLine
  let text = ''
  let lostCount = 0

  const add = (record: AuditRecord | ServerDeed): void => {
    if (settings.level === 'off') return
    if ((settings.level === 'error' || settings.level === 'warn') && record.result !== 'failure') return
    text += format(record, new Date())
  }
  const flush = (): void => {
    if (text === '') return
    const chunk = text
    text = ''
    if (file.writableLength > WAITING_BYTES_MAX) {
      if (lostCount === 0) log.error('the audit log is written too slowly: lines of it are lost')
      lostCount += chunk.split('\n').length - 1
      return
    }
    if (lostCount > 0) log.error(`the audit log is written again; ${lostCount} lines of it are lost`)
    lostCount = 0
    file.write(chunk)
  }
  return {
    serverUser,
    write: add,
    flush,
    deed: (operation, result) => {
      add({ user: serverUser, operation, result })
      flush()
    },
    close: () => {
      flush()
      return new Promise((resolve) => {
        file.end(resolve)
      })
    }
  }
}

/** compat: upstream's word where the process has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return '<NA>'
  }
}
