import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A server of an ensemble whose servers all run on this machine. */
export interface MemberPlace {
  /** Its id, `myid`. */
  readonly id: number
  readonly role: 'participant' | 'observer'
  readonly host: string
  readonly clientPort: number
  readonly quorumPort: number
  readonly electionPort: number
}

/** Keys of `zoo.cfg` with their values. */
export type ConfigKeys = Readonly<Record<string, string | number | boolean>>

/**
 * Makes the folder of a member, with its configuration, its data directory and `myid`.
 *
 * @returns path of the configuration
 */
export function writeMemberFiles(
  directory: string,
  own: MemberPlace,
  members: readonly MemberPlace[],
  keys: ConfigKeys
): string {
  const dataDir = join(directory, 'data')
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(join(dataDir, 'myid'), `${own.id}\n`)
  // One server is an ensemble, too, when more are to join it.
  const all = { ...keys, dataDir, standaloneEnabled: false }
  return writeConfig(join(directory, 'zoo.cfg'), all, members.map(serverLine))
}

/** @returns `file` */
export function writeConfig(file: string, keys: ConfigKeys, lines: readonly string[] = []): string {
  const ofKeys = Object.entries(keys).map(([key, value]) => `${key}=${escaped(String(value))}`)
  writeFileSync(file, `${[...ofKeys, ...lines].join('\n')}\n`, 'latin1')
  return file
}

function serverLine({ id, role, host, clientPort, quorumPort, electionPort }: MemberPlace): string {
  return `server.${id}=${host}:${quorumPort}:${electionPort}:${role};${host}:${clientPort}`
}

/** As a Java properties file has it: a backslash begins an escape there, and what is not ASCII is written as one. */
function escaped(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replace(/^ /, '\\ ')
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
