import type { EnsembleConfig } from '../../core/zab/membership/ensemble-config.ts'

/**
 * Whether those who hold something are a quorum: more than half of the voters; or where there are groups, more than half of
 * the weight in more than half of the groups that have any. The rule once more, in other words than the code under test.
 */
export function isQuorumOf({ members, groups, weights }: EnsembleConfig, holds: (sid: number) => boolean): boolean {
  const voters = members.filter(({ role }) => role === 'participant').map(({ id }) => id)
  if (groups.length === 0) return voters.filter(holds).length * 2 > voters.length
  const weightOf = (sid: number): number => weights.get(sid) ?? (voters.includes(sid) ? 1 : 0)
  const sum = (sids: readonly number[]): number => sids.reduce((total, sid) => total + weightOf(sid), 0)
  const weighty = groups.filter((group) => sum(group.members) > 0)
  const won = weighty.filter((group) => {
    const ours = group.members.filter((sid) => voters.includes(sid) && holds(sid))
    return sum(ours) * 2 > sum(group.members)
  })
  return won.length * 2 > weighty.length
}
