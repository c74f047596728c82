import type { EnsembleConfig, EnsembleMember, QuorumGroup } from './ensemble-config.ts'
import { inHashOrder } from './hash-order.ts'
import { CLIENT_HOST_DEFAULT, hostText } from './host-text.ts'
import { parseServerLine, ServerLineError } from './server-line.ts'

/**
 * The configuration as text (quorum-protocol section 5): what notifications and NEWLEADER carry, what is in
 * `/zookeeper/config`, and but for the version what is in the dynamic configuration file.
 *
 *     server.ID=HOST:QPORT:EPORT[|HOST:QPORT:EPORT…]:participant|observer[;CLIENTHOST:CLIENTPORT]
 *     group.ID=SID[:SID…]
 *     weight.SID=N
 *     version=HEX
 */

/** A configuration's text that cannot be understood. */
export class ConfigTextError extends Error {
  /**
   * Whether upstream stumbles over the text in a way that it does not foresee, such as letters where a number must be:
   * such a request for a reconfiguration is answered MARSHALLINGERROR instead of BADARGUMENTS.
   */
  readonly isUnforeseen: boolean

  constructor(message: string, { isUnforeseen = false }: { isUnforeseen?: boolean } = {}) {
    super(message)
    this.isUnforeseen = isUnforeseen
  }
}

const VERSION_MAX = 0x7fff_ffff_ffff_ffffn

/**
 * Reads a configuration in the syntax of Java's properties, without escapes. Several addresses of one member are taken
 * whether or not this server uses them. A text without version has version 0.
 *
 * @throws ConfigTextError at unknown keys, at values that cannot be read, at a server in two groups, and, where there
 *   are groups or weights, at a participant in none or a member of a group without a weight
 */
export function parseConfigText(text: string): EnsembleConfig {
  const members: EnsembleMember[] = []
  const groups: QuorumGroup[] = []
  const weights = new Map<number, number>()
  let version = 0n
  for (const [key, value] of propertiesOf(text)) {
    if (key === 'version') version = parseVersion(value)
    else if (key.startsWith('server.')) members.push(parseMember(idOf(key), value))
    else if (key.startsWith('group')) groups.push({ id: idOf(key), members: parseGroup(value, groups) })
    else if (key.startsWith('weight')) weights.set(idOf(key), parseNumber(value))
    else throw new ConfigTextError(`unknown key "${key}"`)
  }
  members.sort((a, b) => a.id - b.id)
  if (groups.length > 0 || weights.size > 0) checkGroups(members, groups, weights)
  return { members, groups, weights, version }
}

/** Of several lines with one key, the last one counts. */
function propertiesOf(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of text.split(/[\r\n]+/)) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) continue
    const [, key = '', value = ''] = /^([^=:\s]*)\s*[=:]?\s*(.*)$/.exec(trimmed) ?? []
    properties.set(key, value)
  }
  return properties
}

function parseMember(id: number, value: string): EnsembleMember {
  try {
    return parseServerLine(id, value, true)
  } catch (error) {
    if (error instanceof ServerLineError) throw new ConfigTextError(`server.${id}=${value} ${error.message}`, error)
    throw error
  }
}

function idOf(key: string): number {
  return parseNumber(key.slice(key.indexOf('.') + 1))
}

/** Reads a sid, group id or weight: digits only, at most 2^53 - 1. */
export function parseNumber(text: string): number {
  const trimmed = text.trim()
  const value = Number(trimmed)
  if (!/^\d+$/.test(trimmed) || !Number.isSafeInteger(value)) {
    throw new ConfigTextError(`"${trimmed}" where a number must be`, { isUnforeseen: true })
  }
  return value
}

function parseVersion(text: string): bigint {
  const version = /^[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text}`) : -1n
  if (version < 0n || version > VERSION_MAX) {
    throw new ConfigTextError(`version "${text}" is not a hexadecimal number`, { isUnforeseen: true })
  }
  return version
}

function parseGroup(value: string, earlier: readonly QuorumGroup[]): number[] {
  const sids = value.split(':').map(parseNumber)
  for (const [index, sid] of sids.entries()) {
    if (sids.indexOf(sid) !== index || earlier.some(({ members }) => members.includes(sid))) {
      throw new ConfigTextError(`server ${sid} is in several groups`)
    }
  }
  return sids
}

function checkGroups(
  members: readonly EnsembleMember[],
  groups: readonly QuorumGroup[],
  weights: ReadonlyMap<number, number>
): void {
  const voters = new Set(members.filter(({ role }) => role === 'participant').map(({ id }) => id))
  const grouped = new Set(groups.flatMap((group) => group.members))
  for (const sid of voters) {
    if (!grouped.has(sid)) throw new ConfigTextError(`server ${sid} is not in a group`)
  }
  for (const sid of grouped) {
    if (voters.has(sid) || weights.has(sid)) continue
    throw new ConfigTextError(`server ${sid} is in a group but is no participant and has no weight`, {
      isUnforeseen: true
    })
  }
}

/**
 * Writes the text byte for byte as upstream does: roles and, where there are groups, the weights of all voters are
 * always told; there is no newline at the end.
 */
export function formatConfigText(config: EnsembleConfig): string {
  return `${formatMembership(config)}version=${BigInt.asUintN(64, config.version).toString(16)}`
}

/** The text without its version: a newline at the end of each line. */
export function formatMembership({ members, groups, weights }: EnsembleConfig): string {
  const lines = inHashOrder(members, ({ id }) => id).map((member) => `server.${member.id}=${serverLine(member)}`)
  if (groups.length === 0) return lines.map((line) => `${line}\n`).join('')
  for (const { id, sids } of groupsInHashOrder(groups)) lines.push(`group.${id}=${sids.join(':')}`)
  const allWeights = new Map(weights)
  for (const { id, role } of members) {
    if (role === 'participant' && !allWeights.has(id)) allWeights.set(id, 1)
  }
  for (const [sid, weight] of inHashOrder([...allWeights], ([sid]) => sid)) lines.push(`weight.${sid}=${weight}`)
  return lines.map((line) => `${line}\n`).join('')
}

/** compat: upstream goes through one table of all grouped servers, so a group's servers are in that table's order. */
function groupsInHashOrder(groups: readonly QuorumGroup[]): { id: number; sids: number[] }[] {
  const grouped = groups.flatMap(({ id, members }) => members.map((sid) => ({ id, sid })))
  const inOrder = inHashOrder(grouped, ({ sid }) => sid)
  return inHashOrder(groups, ({ id }) => id).map(({ id }) => ({
    id,
    sids: inOrder.filter((entry) => entry.id === id).map(({ sid }) => sid)
  }))
}

function serverLine(member: EnsembleMember): string {
  const addresses = member.addresses
    .map(({ host, quorumPort, electionPort }) => ({ host: hostText(host), ports: `${quorumPort}:${electionPort}` }))
    .sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0))
    .map(({ host, ports }) => `${bracketed(host)}:${ports}`)
  const plain = clientPart(member.clientAddress, member.clientPort)
  const secure = clientPart(member.secureClientAddress, member.secureClientPort)
  const clients = secure === '' ? plain : `${plain === '' ? ';' : plain}${secure}`
  return `${addresses.join('|')}:${member.role}${clients}`
}

function clientPart(address: string | null, port: number | null): string {
  return port === null ? '' : `;${bracketed(hostText(address ?? CLIENT_HOST_DEFAULT))}:${port}`
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Whether two configurations have the same members, addresses, roles, groups and weights; versions do not matter. */
export function isSameMembership(a: EnsembleConfig, b: EnsembleConfig): boolean {
  return formatMembership(a) === formatMembership(b)
}
