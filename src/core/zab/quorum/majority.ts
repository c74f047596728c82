import type { QuorumVerifier } from './quorum-verifier.ts'

/** More than half of the voters are a quorum; all weigh the same. */
export class MajorityQuorum implements QuorumVerifier {
  readonly voters: ReadonlySet<number>
  readonly isSteady = true

  constructor(voters: Iterable<number>) {
    this.voters = new Set(voters)
  }

  isQuorum(sids: ReadonlySet<number>): boolean {
    let count = 0
    for (const sid of sids) {
      if (this.voters.has(sid)) count++
    }
    return count * 2 > this.voters.size
  }

  /** 1 for everybody, also for those who do not vote. */
  weight(_sid: number): number {
    return 1
  }
}
