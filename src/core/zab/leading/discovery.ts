import { compareInt64 } from '../../../protocol/int64.ts'
import type { QuorumVerifier } from '../quorum/quorum-verifier.ts'

/** currentEpoch in ACKEPOCH of a learner that had accepted the epoch before: it must not count again. */
const NOT_COUNTED = -1

/** What a server knows: the epoch of the last leader whose history it took over, and the end of its log. */
export interface HistorySummary {
  readonly currentEpoch: number
  readonly lastHi: number
  readonly lastLo: number
}

/**
 * Agreement on a new epoch (quorum-protocol section 7): first a quorum connects and the epoch becomes greater than any that
 * they have accepted, then a quorum promises to take part in no older one. Decides only; what it leads to is the caller's.
 */
export class Discovery {
  readonly #sid: number
  readonly #own: HistorySummary
  readonly #verifier: QuorumVerifier
  readonly #connected = new Set<number>()
  readonly #promised = new Set<number>()
  #epoch = -1
  #isAgreed = false
  #isElected = false

  /** @param verifier of the configuration in force; one that is pending has no say here */
  constructor(sid: number, own: HistorySummary, verifier: QuorumVerifier) {
    this.#sid = sid
    this.#own = own
    this.#verifier = verifier
  }

  /** The epoch as it is agreed on so far; -1 while nobody has connected. */
  get epoch(): number {
    return this.#epoch
  }

  /** Whether a quorum, this server among it, has connected: the epoch is settled. */
  get isAgreed(): boolean {
    return this.#isAgreed
  }

  /** Whether a quorum, this server among it, has promised. */
  get isElected(): boolean {
    return this.#isElected
  }

  get connected(): ReadonlySet<number> {
    return this.#connected
  }

  get promised(): ReadonlySet<number> {
    return this.#promised
  }

  /**
   * A server, or this one, has said which epoch it accepted last. Non-voters raise the epoch without counting.
   * @returns whether the epoch is settled by this
   */
  connect(sid: number, acceptedEpoch: number): boolean {
    if (this.#isAgreed) return false
    if (acceptedEpoch >= this.#epoch) this.#epoch = acceptedEpoch + 1
    if (this.#verifier.voters.has(sid)) this.#connected.add(sid)
    this.#isAgreed = this.#isEnough(this.#connected)
    return this.#isAgreed
  }

  /** Whether its history is ahead of this leader's, which must not lead it then. After the election it can be cut. */
  isAhead(history: HistorySummary): boolean {
    if (this.#isElected || history.currentEpoch === NOT_COUNTED) return false
    const byEpoch = history.currentEpoch - this.#own.currentEpoch
    return (
      byEpoch > 0 ||
      (byEpoch === 0 && compareInt64(history.lastHi, history.lastLo, this.#own.lastHi, this.#own.lastLo) > 0)
    )
  }

  /**
   * A server, or this one, has acknowledged the epoch.
   * @returns whether the leader is elected by this
   */
  promise(sid: number, currentEpoch: number): boolean {
    if (this.#isElected) return false
    if (currentEpoch !== NOT_COUNTED && this.#verifier.voters.has(sid)) this.#promised.add(sid)
    this.#isElected = this.#isEnough(this.#promised)
    return this.#isElected
  }

  #isEnough(sids: ReadonlySet<number>): boolean {
    return sids.has(this.#sid) && this.#verifier.isQuorum(sids)
  }
}
