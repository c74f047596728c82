import { ErrorCode } from '../../../protocol/error-code.ts'
import type { ReconfigRequest } from '../../../protocol/generated/proto.ts'
import { toBigInt } from '../../../protocol/int64.ts'
import { ConfigTextError, parseConfigText, parseNumber } from './config-text.ts'
import type { EnsembleConfig, EnsembleMember } from './ensemble-config.ts'
import { hostText } from './host-text.ts'
import { parseServerLine, ServerLineError } from './server-line.ts'

export interface ReconfigRules {
  /** An ensemble keeps at least two voters, since one server alone would be standalone; otherwise at least one. */
  readonly standaloneEnabled: boolean
  readonly multiAddressEnabled: boolean
}

export type ReconfigResult =
  | { readonly kind: 'config'; readonly config: EnsembleConfig }
  | { readonly kind: 'refused'; readonly error: ErrorCode; readonly reason: string }

/** Why a request is refused, with the code that answers it. */
class ReconfigRefusal extends Error {
  readonly error: ErrorCode

  constructor(error: ErrorCode, message: string) {
    super(message)
    this.error = error
  }
}

/**
 * Makes the configuration that a reconfig request asks for. Looked at elsewhere: whether reconfig is enabled and allowed,
 * whether another one is pending, and whether the new one has a synced quorum.
 *
 * @param current the configuration last seen
 * @param version zxid of the request, which the new configuration gets as its version
 * @returns the configuration, or BADVERSION (the request was made for another version), BADARGUMENTS (malformed, members'
 *   addresses in conflict, too few voters, or an incremental change of a hierarchical quorum), MARSHALLINGERROR (compat:
 *   upstream does not foresee letters in numbers, nor observers without enough voters in a list of new members)
 */
export function applyReconfig(
  current: EnsembleConfig,
  request: ReconfigRequest,
  version: bigint,
  rules: ReconfigRules
): ReconfigResult {
  try {
    const { members, groups, weights } = requested(current, request, rules)
    demand(
      !hasSecurePort(members) || hasSecurePort(current.members),
      'a member has a second client port, which members of 3.9 could not read; secureClientPort of zoo.cfg gives it one for TLS'
    )
    const least = rules.standaloneEnabled ? 2 : 1
    demand(voterCount(members) >= least, `the new configuration must have at least ${least} voters`)
    return { kind: 'config', config: { members, groups, weights, version } }
  } catch (error) {
    return refusal(error)
  }
}

function refusal(error: unknown): ReconfigResult {
  if (error instanceof ReconfigRefusal) return { kind: 'refused', error: error.error, reason: error.message }
  if (!(error instanceof ConfigTextError || error instanceof ServerLineError)) throw error
  const code = error.isUnforeseen ? ErrorCode.MARSHALLINGERROR : ErrorCode.BADARGUMENTS
  return { kind: 'refused', error: code, reason: error.message }
}

function demand(isFulfilled: boolean, problem: string): void {
  if (!isFulfilled) throw new ReconfigRefusal(ErrorCode.BADARGUMENTS, problem)
}

/** compat: 3.9 refuses lines with one, wherever they come from; where the configuration has such lines, all members can read them. */
function hasSecurePort(members: readonly EnsembleMember[]): boolean {
  return members.some(({ secureClientPort }) => secureClientPort !== null)
}

function voterCount(members: readonly EnsembleMember[]): number {
  return members.filter(({ role }) => role === 'participant').length
}

function requested(current: EnsembleConfig, request: ReconfigRequest, rules: ReconfigRules): EnsembleConfig {
  const expected = toBigInt(request.curConfigIdHi, request.curConfigIdLo)
  if (expected !== -1n && expected !== current.version) {
    const problem = `asked for at version ${expected.toString(16)}, while it is ${current.version.toString(16)}`
    throw new ReconfigRefusal(ErrorCode.BADVERSION, problem)
  }
  if (request.newMembers !== null) return replaced(request.newMembers, rules)
  demand(current.groups.length === 0, 'a hierarchical quorum can only be changed by a list of all new members')
  return { ...current, members: changed(current.members, request, rules) }
}

function replaced(newMembers: string, { standaloneEnabled, multiAddressEnabled }: ReconfigRules): EnsembleConfig {
  const config = parseConfigText(newMembers.replaceAll(',', '\n'))
  demand(
    multiAddressEnabled || config.members.every(({ addresses }) => addresses.length === 1),
    'a member has several addresses, which needs multiAddress.enabled=true'
  )
  const voters = voterCount(config.members)
  const hasObservers = voters < config.members.length
  if (standaloneEnabled ? hasObservers && voters < 2 : voters === 0) {
    throw new ConfigTextError('there are too few voters for an ensemble', { isUnforeseen: true })
  }
  return config
}

/** First the leaving ones go, then the joining ones come or take the place of their former selves. */
function changed(
  members: readonly EnsembleMember[],
  { leavingServers, joiningServers }: ReconfigRequest,
  { multiAddressEnabled }: ReconfigRules
): EnsembleMember[] {
  const next = new Map(members.map((member) => [member.id, member]))
  for (const leaving of listed(leavingServers)) next.delete(parseNumber(leaving))
  for (const joining of listed(joiningServers)) {
    const member = parseJoining(joining, multiAddressEnabled)
    for (const other of next.values()) {
      if (other.id !== member.id) requireOwnAddresses(member, other)
    }
    next.set(member.id, member)
  }
  return [...next.values()].sort((a, b) => a.id - b.id)
}

function listed(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** `server.N=LINE` or `N=LINE`; the line must have a client port. */
function parseJoining(text: string, multiAddressEnabled: boolean): EnsembleMember {
  const [key = '', line, ...more] = text
    .split('=')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (line === undefined || more.length > 0) {
    throw new ReconfigRefusal(ErrorCode.BADARGUMENTS, `"${text}" must have the form server.N=…`)
  }
  const member = parseServerLine(parseNumber(key.slice(key.lastIndexOf('.') + 1)), line, multiAddressEnabled)
  demand(member.clientPort !== null || member.secureClientPort !== null, `"${text}" has no client port`)
  return member
}

function requireOwnAddresses(member: EnsembleMember, other: EnsembleMember): void {
  const taken = new Set(endpoints(other))
  for (const endpoint of endpoints(member)) {
    demand(!taken.has(endpoint), `${endpoint} of server.${member.id} is one of server.${other.id} too`)
  }
}

/** Addresses that only one member can have: those of all hosts and of the own one can be the same on many. */
function endpoints(member: EnsembleMember): string[] {
  const all: [string | null, number | null][] = member.addresses.flatMap(({ host, quorumPort, electionPort }) => [
    [host, quorumPort],
    [host, electionPort]
  ])
  all.push([member.clientAddress, member.clientPort], [member.secureClientAddress, member.secureClientPort])
  return all.flatMap(([host, port]) =>
    host === null || port === null || isLocal(hostText(host)) ? [] : [`${hostText(host)}:${port}`]
  )
}

function isLocal(host: string): boolean {
  return host === '0.0.0.0' || /^127\.\d+\.\d+\.\d+$/.test(host) || host === 'localhost' || /^(0:){7}[01]$/.test(host)
}
