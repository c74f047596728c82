import type { InputBatch } from '../core/input-batch.ts'
import type { Outbox } from '../core/outbox.ts'
import { Peer, type PeerParts } from '../core/peer.ts'
import { LogBatcher } from '../core/pipeline/log-batcher.ts'
import type { Machine } from './machine.ts'

/** A server that is alone: its peer serves from the start, but while a restore has suspended it. */
export class StandaloneMachine implements Machine {
  readonly mode = 'standalone'
  readonly #parts: PeerParts & { readonly log: LogBatcher }
  #peer: Peer
  #isSuspended = false

  constructor(parts: PeerParts) {
    this.#parts = { ...parts, log: new LogBatcher(parts.settings, parts.metrics, parts.slow) }
    this.#peer = new Peer(this.#parts)
  }

  get peer(): Peer {
    return this.#peer
  }

  get isServing(): boolean {
    return !this.#isSuspended
  }

  get nextStepMs(): number {
    return this.#isSuspended ? Number.POSITIVE_INFINITY : this.#peer.nextStepMs
  }

  quorum(): null {
    return null
  }

  ensemble(): null {
    return null
  }

  step(inputs: InputBatch): void {
    if (!this.#isSuspended) this.#peer.step(inputs, this.#out)
  }

  settle(monotonicMs: number): void {
    if (!this.#isSuspended) this.#peer.settle(monotonicMs)
  }

  /** Closes all clients and takes no inputs any more; to be called when nothing is under way. Outputs are to be flushed. */
  suspend(): void {
    this.#peer.closeAll()
    this.#peer.abandonSnapshot()
    this.#isSuspended = true
  }

  /** Serves again, from the tree and the sessions as they are now; connections from before are unknown. Else does nothing. */
  resume(monotonicMs: number): void {
    if (!this.#isSuspended) return
    const { log, tree } = this.#parts
    log.moveTo(tree.lastZxidHi, tree.lastZxidLo)
    this.#peer = new Peer({ ...this.#parts, monotonicMs, replayed: { txnCount: 0, bytes: 0 } })
    this.#isSuspended = false
  }

  get #out(): Outbox {
    return this.#parts.out
  }
}
