import type { Electorate } from '../quorum/electorate.ts'
import type { QuorumVerifier } from '../quorum/quorum-verifier.ts'

/** Who has acknowledged one thing, and whether these are enough: a quorum of every verifier attached to it. */
export class AckSet {
  #electorate: Electorate
  /** Those who have, where the electorate is numbered; else they are in `#others`. */
  #bits = 0
  readonly #others: Set<number> | null

  constructor(electorate: Electorate) {
    this.#electorate = electorate
    this.#others = electorate.isNumbered ? null : new Set()
  }

  /** Counts a server once, and only if it votes in one of the configurations. */
  add(sid: number): void {
    if (this.#others === null) this.#bits |= this.#electorate.bitOf(sid)
    else if (this.#electorate.hasVoter(sid)) this.#others.add(sid)
  }

  /** The newest configuration has come into force: it alone counts from now on. */
  needNewestOnly(): void {
    this.#electorate = this.#electorate.newest()
  }

  /** The server does not have it any more, or may not. */
  remove(sid: number): void {
    if (this.#others === null) this.#bits &= ~this.#electorate.bitOf(sid)
    else this.#others.delete(sid)
  }

  get isQuorum(): boolean {
    if (this.#others === null) return this.#electorate.isQuorumOfBits(this.#bits)
    return this.#electorate.isQuorum(this.#others)
  }

  get sids(): ReadonlySet<number> {
    return this.#others ?? this.#electorate.sidsOf(this.#bits)
  }

  /** The verifier of the newest configuration attached. */
  get newest(): QuorumVerifier | null {
    return this.#electorate.verifiers.at(-1) ?? null
  }
}
