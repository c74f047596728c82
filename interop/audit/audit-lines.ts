import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Server } from '../harness/server.ts'

/** A server by itself, or a member of an ensemble. */
type AuditedServer = Pick<Server, 'kind' | 'folder' | 'logFile'>

/** Apache's lines are among those of its log, ours have a file. */
const LINE = /^.*?\b(INFO|ERROR) (?:o\.a\.z\.a|org\.apache\.zookeeper\.audit)\.Slf4jAuditLogger(?:: | - )(.*)$/

/** Level and text of each line of the audit log so far, whole lines only. */
export function readAuditLines(server: AuditedServer): string[] {
  const file = server.kind === 'apache' ? server.logFile : join(server.folder, 'zookeeper_audit.log')
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.flatMap((line) => {
    const match = LINE.exec(line)
    return match === null ? [] : `${match[1]} ${match[2]}`
  })
}

/** Sessions by the order in which they appear, users sorted: upstream's order of them follows from hashes. */
export class SessionNames {
  readonly #names = new Map<string, string>()

  normalise(line: string): string {
    return line
      .replace(/session=(0x[0-9a-f]+)/, (_, id: string) => `session=${this.#nameOf(id)}`)
      .replace(/user=([^\t]*)/, (_, users: string) => `user=${users.split(',').sort().join(',')}`)
  }

  #nameOf(id: string): string {
    const known = this.#names.get(id) ?? `S${this.#names.size}`
    this.#names.set(id, known)
    return known
  }
}
