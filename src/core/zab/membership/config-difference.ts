import type { EnsembleConfig, EnsembleMember } from './ensemble-config.ts'
import { memberOf } from './member-of.ts'

/**
 * What two configurations of one version differ in: members, roles, groups and weights, which decide about quorums, and ports. Servers
 * may know each other by different hosts, each from where it stands, and themselves by none; that is no difference.
 *
 * @returns a clause about the other one, for a message, or null
 */
export function describeDifference(own: EnsembleConfig, other: EnsembleConfig): string | null {
  const [here, there] = [membersOf(own), membersOf(other)]
  if (here !== there) return `it has the servers ${there}, not ${here}`
  if (groupsOf(own) !== groupsOf(other)) return 'it has other groups or weights'
  for (const member of own.members) {
    const found = memberOf(other, member.id)
    if (found === undefined || isEverywhere(member) || isEverywhere(found) || portsOf(member) === portsOf(found))
      continue
    return `it has server ${member.id} at ${addressesOf(found)}, not at ${addressesOf(member)}`
  }
  return null
}

function isEverywhere({ addresses }: EnsembleMember): boolean {
  return addresses.some(({ host }) => host === '0.0.0.0' || /^[0:]+$/.test(host))
}

function portsOf({ addresses }: EnsembleMember): string {
  return addresses
    .map(({ quorumPort, electionPort }) => `${quorumPort}:${electionPort}`)
    .sort()
    .join()
}

function addressesOf({ addresses }: EnsembleMember): string {
  return addresses.map(({ host, quorumPort, electionPort }) => `${host}:${quorumPort}:${electionPort}`).join('|')
}

function membersOf({ members }: EnsembleConfig): string {
  return members.map(({ id, role }) => (role === 'observer' ? `${id} (observer)` : String(id))).join(', ')
}

function groupsOf({ groups, weights }: EnsembleConfig): string {
  const sorted = groups.map(({ id, members }) => [id, [...members].sort((a, b) => a - b)]).sort(byFirst)
  return JSON.stringify([sorted, [...weights].sort(byFirst)])
}

function byFirst(a: readonly unknown[], b: readonly unknown[]): number {
  return Number(a[0]) - Number(b[0])
}
