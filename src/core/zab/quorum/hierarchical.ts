import type { QuorumGroup } from '../membership/ensemble-config.ts'
import type { QuorumVerifier } from './quorum-verifier.ts'

/**
 * A quorum has more than half of the weight in each of more than half of the groups. Groups without any weight do not
 * count at all. A voter weighs 1 unless it is told otherwise.
 *
 * compat: whoever is in a group adds its weight to the group's, even an observer that was given one, which can never vote.
 */
export class HierarchicalQuorum implements QuorumVerifier {
  readonly voters: ReadonlySet<number>
  readonly isSteady = true
  readonly #groupOf = new Map<number, number>()
  readonly #weights: ReadonlyMap<number, number>
  readonly #weightOfGroup = new Map<number, number>()

  constructor(voters: Iterable<number>, groups: readonly QuorumGroup[], weights: ReadonlyMap<number, number>) {
    this.voters = new Set(voters)
    this.#weights = weights
    for (const { id, members } of groups) {
      let total = 0
      for (const sid of members) {
        this.#groupOf.set(sid, id)
        total += this.weight(sid)
      }
      if (total > 0) this.#weightOfGroup.set(id, total)
    }
  }

  isQuorum(sids: ReadonlySet<number>): boolean {
    const votes = new Map<number, number>()
    for (const sid of sids) {
      const group = this.#groupOf.get(sid)
      if (group !== undefined && this.voters.has(sid)) votes.set(group, (votes.get(group) ?? 0) + this.weight(sid))
    }
    let groupsWon = 0
    for (const [group, total] of this.#weightOfGroup) {
      if ((votes.get(group) ?? 0) * 2 > total) groupsWon++
    }
    return groupsWon * 2 > this.#weightOfGroup.size
  }

  /** 0 for those who neither vote nor were given a weight. */
  weight(sid: number): number {
    return this.#weights.get(sid) ?? (this.voters.has(sid) ? 1 : 0)
  }
}
