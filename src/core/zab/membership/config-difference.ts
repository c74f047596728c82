import type { EnsembleConfig } from './ensemble-config.ts'

/**
 * What two configurations of one version differ in, as far as it decides about quorums: members, roles, groups and weights. Servers
 * may know each other by different addresses, each from where it stands; that is no difference.
 *
 * @returns a clause about the other one, for a message, or null
 */
export function describeDifference(own: EnsembleConfig, other: EnsembleConfig): string | null {
  const [here, there] = [membersOf(own), membersOf(other)]
  if (here !== there) return `it has the servers ${there}, not ${here}`
  return groupsOf(own) === groupsOf(other) ? null : 'it has other groups or weights'
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
