import type { PersistBatch } from '../core/outbox.ts'
import type { Storage } from '../storage/storage.ts'

interface HeldBatch extends PersistBatch {
  readonly sequence: number
}

/**
 * Hands batches to the log, and keeps those that it has no room for just now, in order. The core lets only a few
 * batches be under way, so few are ever held.
 */
export class LogFeed {
  readonly #storage: Storage
  #held: HeldBatch[] = []

  constructor(storage: Storage) {
    this.#storage = storage
  }

  append(sequence: number, batch: PersistBatch): void {
    if (this.#held.length === 0 && this.#storage.append(sequence, batch)) return
    this.#held.push({ ...batch, sequence, body: new Uint8Array(batch.body) })
  }

  /** Tries again what was held: the log may have room. */
  retry(): void {
    while (this.#held.length > 0) {
      const [head] = this.#held
      if (head === undefined || !this.#storage.append(head.sequence, head)) return
      this.#held.shift()
    }
  }
}
