import type { QuorumVerifier } from './quorum-verifier.ts'

/** So many voters at most are numbered: a bit each, and a byte for each set of them, 4 KiB. */
const NUMBERED_COUNT_MAX = 12
const UNKNOWN = 0
const NO = 1
const YES = 2

/**
 * Verifiers that must all have a quorum, with their voters numbered: a set of voters is a number then, which has the bit of
 * each, and whether it is a quorum is asked for once and remembered.
 *
 * perf: a leader asks with each ACK. So a proposal needs no `Set`, and none is walked through (docs/performance.md, three servers).
 */
export class Electorate {
  readonly verifiers: readonly QuorumVerifier[]
  /** Bit of each voter; empty where they are too many to be numbered. */
  readonly #bits: ReadonlyMap<number, number>
  readonly #voters: ReadonlySet<number>
  /** By set: UNKNOWN, NO or YES; null where it may depend on more than the set, or nobody is numbered. */
  readonly #answers: Uint8Array | null
  #newest: Electorate | null = null

  /** @param numbering bits of these voters, and perhaps of others; not given: new ones */
  constructor(verifiers: readonly QuorumVerifier[], numbering?: ReadonlyMap<number, number>) {
    this.verifiers = verifiers
    this.#voters = new Set(verifiers.flatMap(({ voters }) => [...voters]))
    this.#bits = numbering ?? numbered(this.#voters)
    const isSteady = verifiers.every((verifier) => verifier.isSteady)
    this.#answers = isSteady && this.isNumbered ? new Uint8Array(1 << this.#bits.size) : null
  }

  /** Whether sets of its voters can be told by their bits. */
  get isNumbered(): boolean {
    return this.#bits.size > 0 || this.#voters.size === 0
  }

  /** Whether a server votes by any of the verifiers. */
  hasVoter(sid: number): boolean {
    return this.#voters.has(sid)
  }

  /** The bit of a voter; 0 for everybody else, and where nobody is numbered. */
  bitOf(sid: number): number {
    return this.#voters.has(sid) ? (this.#bits.get(sid) ?? 0) : 0
  }

  /** The voters whose bits are set. */
  sidsOf(bits: number): Set<number> {
    const sids = new Set<number>()
    for (const sid of this.#voters) if ((bits & (this.#bits.get(sid) ?? 0)) !== 0) sids.add(sid)
    return sids
  }

  isQuorum(sids: ReadonlySet<number>): boolean {
    return this.verifiers.every((verifier) => verifier.isQuorum(sids))
  }

  /** As `isQuorum`, of a set of bits. */
  isQuorumOfBits(bits: number): boolean {
    const answers = this.#answers
    if (answers === null) return this.isQuorum(this.sidsOf(bits))
    const known = answers[bits]
    if (known !== UNKNOWN) return known === YES
    const answer = this.isQuorum(this.sidsOf(bits))
    answers[bits] = answer ? YES : NO
    return answer
  }

  /** Its newest verifier alone, the last one; bits stay what they are. */
  newest(): Electorate {
    if (this.verifiers.length <= 1) return this
    this.#newest ??= new Electorate(this.verifiers.slice(-1), this.#bits)
    return this.#newest
  }
}

function numbered(voters: ReadonlySet<number>): Map<number, number> {
  if (voters.size > NUMBERED_COUNT_MAX) return new Map()
  return new Map([...voters].map((sid, place) => [sid, 1 << place]))
}
