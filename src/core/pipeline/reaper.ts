import { ErrorCode } from '../../protocol/error-code.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { PeerState } from './peer-state.ts'
import { prepareDeleteContainer } from './prepare/delete.ts'
import { LOCAL_OWNER } from './role-ports.ts'
import type { WriteOrder } from './write-order.ts'

/**
 * Deletes containers that are empty again and TTL znodes that are due: every check interval it looks for candidates and
 * then proposes their deletion at no more than the configured rate.
 */
export class Reaper {
  readonly #state: PeerState
  readonly #writes: WriteOrder
  #nextCheckMs: number
  #candidates: string[] = []
  #allowance = 0
  #lastTickMs: number

  constructor(state: PeerState, writes: WriteOrder) {
    this.#state = state
    this.#writes = writes
    this.#nextCheckMs = state.nowMs + state.settings.containerCheckIntervalMs
    this.#lastTickMs = state.nowMs
  }

  tick(): void {
    const { nowMs, wallMs, settings, tree } = this.#state
    if (nowMs >= this.#nextCheckMs) {
      this.#nextCheckMs = nowMs + settings.containerCheckIntervalMs
      // Taken from the end: containers go before TTL znodes, as upstream.
      this.#candidates = tree.reapCandidates(wallMs, settings.containerMaxNeverUsedIntervalMs).reverse()
    }
    const perMs = settings.containerMaxPerMinute / 60000
    this.#allowance = Math.min(settings.containerMaxPerMinute, this.#allowance + (nowMs - this.#lastTickMs) * perMs)
    this.#lastTickMs = nowMs
    while (this.#allowance >= 1 && this.#candidates.length > 0) {
      this.#allowance--
      this.#reap(this.#candidates.pop() as string)
    }
  }

  /** A candidate may have become something else since it was found; what is not sure waits for the next check. */
  #reap(path: string): void {
    const { tree, wallMs, settings } = this.#state
    if (this.#writes.context.changes.isPending(path)) return
    if (!tree.isReapable(path, wallMs, settings.containerMaxNeverUsedIntervalMs)) return
    const origin = {
      connection: null,
      session: null,
      type: OpCode.deleteContainer,
      xid: 0,
      receivedMs: this.#state.nowMs,
      largeBytes: 0,
      owner: LOCAL_OWNER
    }
    this.#state.meter.took(Math.floor(this.#state.nowMs))
    const prepared = prepareDeleteContainer(this.#writes.begin(null, ErrorCode.OK), path)
    if (typeof prepared === 'number') this.#writes.proposeError(origin, prepared)
    else this.#writes.propose(origin, prepared, OpCode.deleteContainer)
  }
}
