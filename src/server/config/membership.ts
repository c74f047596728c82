import { parseServerLine, ServerLineError } from '../../core/zab/membership/server-line.ts'
import { ConfigError, type ConfigNotice, type Origin } from './config-error.ts'
import type { EnsembleMember, QuorumGroup } from './settings.ts'

/** An entry of the main or of the dynamic file that is about the membership. */
export interface MembershipLine {
  /** `server.N`, `group.N`, `weight.N` or `version`. */
  readonly key: string
  readonly value: string
  readonly origin: Origin
}

export interface Membership {
  /** By id. */
  readonly members: readonly EnsembleMember[]
  readonly groups: readonly QuorumGroup[]
  readonly weights: ReadonlyMap<number, number>
  readonly version: bigint
}

/** Documented are 255, the byte of a session id that they fill; upstream takes larger ones as well, and only their low byte counts there. */
export const SERVER_ID_MAX = Number.MAX_SAFE_INTEGER

/**
 * Reads server, group and weight lines.
 *
 * @throws ConfigError at a line that cannot be read, at a server in two groups, or, where there are groups, a participant in none
 */
export function parseMembership(lines: readonly MembershipLine[], multiAddressEnabled: boolean): Membership {
  const members: EnsembleMember[] = []
  const groups: QuorumGroup[] = []
  const weights = new Map<number, number>()
  let version = 0n
  for (const line of lines) {
    if (line.key === 'version') {
      version = parseVersion(line)
      continue
    }
    const [, kind, idText] = /^(server|group|weight)\.(\d+)$/.exec(line.key) ?? []
    const id = Number(idText)
    if (kind === undefined || id > SERVER_ID_MAX) {
      throw lineError(line, `must be server.N, group.N or weight.N, with N from 0 to ${SERVER_ID_MAX}`)
    }
    if (kind === 'server') members.push(parseMember(line, id, multiAddressEnabled))
    else if (kind === 'group') groups.push({ id, members: parseGroupMembers(line, groups) })
    else weights.set(id, parseWeight(line))
  }
  members.sort((a, b) => a.id - b.id)
  requireGroups(members, groups, weights, lines)
  return { members, groups, weights, version }
}

function lineError(line: MembershipLine, problem: string, cause?: unknown): ConfigError {
  return new ConfigError(`${line.key}: "${line.value}" ${problem}`, line.origin, line.key, { cause })
}

function parseMember(line: MembershipLine, id: number, multiAddressEnabled: boolean): EnsembleMember {
  try {
    return parseServerLine(id, line.value, multiAddressEnabled)
  } catch (error) {
    if (error instanceof ServerLineError) throw lineError(line, error.message, error)
    throw error
  }
}

function parseGroupMembers(line: MembershipLine, earlier: readonly QuorumGroup[]): number[] {
  const ids = line.value.split(':').map((part) => part.trim())
  if (!ids.every((id) => /^\d+$/.test(id))) throw lineError(line, 'must be server ids with ":" between')
  const numbers = ids.map(Number)
  for (const id of numbers) {
    if (earlier.some((group) => group.members.includes(id)))
      throw lineError(line, `has server ${id}, which is in another group`)
  }
  return numbers
}

function parseWeight(line: MembershipLine): number {
  if (!/^\d+$/.test(line.value)) throw lineError(line, 'must be a whole number of at least 0')
  return Number(line.value)
}

function parseVersion(line: MembershipLine): bigint {
  if (!/^[0-9a-fA-F]{1,16}$/.test(line.value)) throw lineError(line, 'must be a hexadecimal number')
  return BigInt(`0x${line.value}`)
}

function requireGroups(
  members: readonly EnsembleMember[],
  groups: readonly QuorumGroup[],
  weights: ReadonlyMap<number, number>,
  lines: readonly MembershipLine[]
): void {
  if (groups.length === 0 && weights.size === 0) return
  const grouped = new Set(groups.flatMap((group) => group.members))
  for (const member of members) {
    if (member.role === 'observer' || grouped.has(member.id)) continue
    const line = lines.find(({ key }) => key === `server.${member.id}`)
    throw new ConfigError(`server.${member.id} is in no group`, line?.origin ?? null, `server.${member.id}`)
  }
  for (const { id, members: sids } of groups) {
    // compat: one with a weight of its own counts for the group, as upstream's; without, upstream fails by a null pointer.
    const stranger = sids.find((sid) => !members.some((member) => member.id === sid) && !weights.has(sid))
    if (stranger === undefined) continue
    const line = lines.find(({ key }) => key === `group.${id}`)
    throw new ConfigError(
      `group.${id} has server ${stranger}, but there is no line server.${stranger}`,
      line?.origin ?? null,
      `group.${id}`
    )
  }
}

/** Whether one server runs alone, without quorum code. */
export function isStandalone(members: readonly EnsembleMember[], standaloneEnabled: boolean): boolean {
  return standaloneEnabled && participantCount(members) <= 1
}

function participantCount(members: readonly EnsembleMember[]): number {
  return members.filter((member) => member.role === 'participant').length
}

/**
 * Checks that go beyond single lines.
 *
 * @returns remarks on ensembles that tolerate less than one would think
 * @throws ConfigError where the members cannot make an ensemble
 */
export function checkMembership(
  membership: Membership,
  standaloneEnabled: boolean,
  origin: Origin | null
): ConfigNotice[] {
  const { members } = membership
  const participants = participantCount(members)
  const observers = members.length - participants
  if (participants === 0 && !standaloneEnabled) {
    throw new ConfigError('standaloneEnabled=false needs server lines with at least one participant', origin)
  }
  if (observers > 0 && isStandalone(members, standaloneEnabled)) {
    throw new ConfigError('observers need an ensemble: at least two participants, or standaloneEnabled=false', origin)
  }
  if (participants === 0) return []
  if (participants === 1 && standaloneEnabled) {
    return [
      { level: 'info', message: 'only one server line: running standalone, the line is used for its client port only' }
    ]
  }
  if (participants <= 2)
    return [{ level: 'warn', message: 'no server failure will be tolerated: at least 3 servers are needed' }]
  if (participants % 2 === 0) return [{ level: 'warn', message: 'an odd number of servers tolerates as many failures' }]
  return []
}
