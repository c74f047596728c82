import { Fifo } from '../../../collections/fifo.ts'
import type { Asker } from './observer-master-host.ts'

interface Revalidation {
  readonly sessionHi: number
  readonly sessionLo: number
  readonly timeoutMs: number
  readonly asker: Asker
}

/** Answers for which observers may wait at a time: far more than clients have syncs and returns under way. */
export const AWAITED_COUNT_MAX = 100_000

/**
 * Who waits for which answer of the leader: an answer does not say for whom it is, and the follower's own clients and all
 * observers ask by the same link. The leader answers syncs in the order in which they came by a link, and revalidations of
 * one session likewise.
 */
export class AwaitedAnswers {
  readonly #syncs = new Fifo<{ readonly asker: Asker }>()
  /** In order of asking. */
  readonly #revalidations: Revalidation[] = []

  /** Whether observers may ask for no more. */
  get isFull(): boolean {
    return this.#syncs.size + this.#revalidations.length >= AWAITED_COUNT_MAX
  }

  syncAsked(asker: Asker): void {
    this.#syncs.push({ asker })
  }

  /** For whom the next answer to a sync is; this server's own where nobody asked. */
  takeSync(): Asker {
    return this.#syncs.shift()?.asker ?? null
  }

  revalidationAsked(sessionHi: number, sessionLo: number, timeoutMs: number, asker: Asker): void {
    this.#revalidations.push({ sessionHi, sessionLo, timeoutMs, asker })
  }

  /** Who asked first for the session; undefined if nobody did. */
  takeRevalidation(sessionHi: number, sessionLo: number): Revalidation | undefined {
    const index = this.#revalidations.findIndex((one) => one.sessionHi === sessionHi && one.sessionLo === sessionLo)
    return index < 0 ? undefined : this.#revalidations.splice(index, 1)[0]
  }
}
