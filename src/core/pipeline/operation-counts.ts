import { OpCode } from '../../protocol/op-code.ts'
import { Counter } from '../instruments.ts'
import { type Metrics, operationCounters } from '../metrics.ts'

/** Request types lie between these. */
const TYPE_MIN = OpCode.closeSession
const TYPE_MAX = OpCode.whoAmI

/**
 * Counts requests by type (`op_count_*`), at the point where upstream does: a read when it is looked at, a write when it
 * has succeeded; requests that are refused unseen, and failed writes, do not count.
 */
export class OperationCounts {
  readonly #total: Counter
  /** By type - TYPE_MIN. Types without an instrument of their own share one that nobody sees. */
  readonly #byType: readonly Counter[]

  constructor(metrics: Metrics) {
    this.#total = metrics.opCountTotal
    const counters: ReadonlyMap<number, Counter> = operationCounters(metrics)
    const none = new Counter('none')
    this.#byType = Array.from({ length: TYPE_MAX - TYPE_MIN + 1 }, (_, at) => counters.get(at + TYPE_MIN) ?? none)
  }

  /** perf: an array, not a Map, since every read passes here. */
  add(type: number): void {
    this.#total.value++
    const counter = this.#byType[type - TYPE_MIN]
    if (counter !== undefined) counter.value++
  }
}
