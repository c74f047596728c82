import type { InputBatch } from '../core/input-batch.ts'
import type { Outbox } from '../core/outbox.ts'
import { Peer, type PeerParts } from '../core/peer.ts'
import type { Machine } from './machine.ts'

/** A server that is alone: its peer serves from the start. */
export class StandaloneMachine implements Machine {
  readonly peer: Peer
  readonly mode = 'standalone'
  readonly isServing = true
  readonly #out: Outbox

  constructor(parts: PeerParts) {
    this.peer = new Peer(parts)
    this.#out = parts.out
  }

  get nextStepMs(): number {
    return this.peer.nextStepMs
  }

  quorum(): null {
    return null
  }

  ensemble(): null {
    return null
  }

  step(inputs: InputBatch): void {
    this.peer.step(inputs, this.#out)
  }

  settle(monotonicMs: number): void {
    this.peer.settle(monotonicMs)
  }
}
