import { MajorityQuorum } from './majority.ts'
import type { QuorumVerifier } from './quorum-verifier.ts'

/**
 * What tells a server of an ensemble of two voters whether it may go on without the other one. It must never tell both at a time: two servers
 * by themselves cannot know whether the other one, or the network between them, has failed.
 */
export interface Oracle {
  /** What it says now. */
  readonly grants: boolean
}

/** When a server may be a quorum by itself. */
export interface LoneVoter {
  readonly sid: number
  isGranted(): boolean
}

/**
 * Majorities, and one of two voters by itself while that is granted. With any other number of voters, majorities only.
 *
 * @see class `QuorumOracleMaj`
 */
export class OracleQuorum implements QuorumVerifier {
  readonly voters: ReadonlySet<number>
  readonly isSteady = false
  readonly #majority: MajorityQuorum
  readonly #lone: LoneVoter

  constructor(voters: Iterable<number>, lone: LoneVoter) {
    this.#majority = new MajorityQuorum(voters)
    this.voters = this.#majority.voters
    this.#lone = lone
  }

  isQuorum(sids: ReadonlySet<number>): boolean {
    return this.#majority.isQuorum(sids) || (this.#isLone(sids) && this.#lone.isGranted())
  }

  weight(sid: number): number {
    return this.#majority.weight(sid)
  }

  #isLone(sids: ReadonlySet<number>): boolean {
    const { sid } = this.#lone
    return this.voters.size === 2 && this.voters.has(sid) && sids.has(sid)
  }
}
