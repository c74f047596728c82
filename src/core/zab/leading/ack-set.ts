import type { QuorumVerifier } from '../quorum/quorum-verifier.ts'

/** Who has acknowledged one thing, and whether these are enough: a quorum of every verifier attached to it. */
export class AckSet {
  #verifiers: readonly QuorumVerifier[]
  readonly #sids = new Set<number>()

  constructor(verifiers: readonly QuorumVerifier[]) {
    this.#verifiers = verifiers
  }

  /** Counts a server once, and only if it votes in one of the configurations. */
  add(sid: number): void {
    for (const verifier of this.#verifiers) {
      if (verifier.voters.has(sid)) {
        this.#sids.add(sid)
        return
      }
    }
  }

  /** The newest configuration has come into force: it alone counts from now on. */
  needNewestOnly(): void {
    this.#verifiers = this.#verifiers.slice(-1)
  }

  /** The server does not have it any more, or may not. */
  remove(sid: number): void {
    this.#sids.delete(sid)
  }

  get isQuorum(): boolean {
    for (const verifier of this.#verifiers) {
      if (!verifier.isQuorum(this.#sids)) return false
    }
    return true
  }

  get sids(): ReadonlySet<number> {
    return this.#sids
  }

  /** The verifier of the newest configuration attached. */
  get newest(): QuorumVerifier | null {
    return this.#verifiers.at(-1) ?? null
  }
}
