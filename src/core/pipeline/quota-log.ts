import { topNamespace } from '../../protocol/path.ts'
import type { QuotaBreach } from '../tree/quota-use.ts'
import type { PeerState } from './peer-state.ts'
import type { PrefixBreach } from './prepare/prefix-totals.ts'

/**
 * A limit that goes on being exceeded is warned of once in this time: upstream counts equal messages for 100 ms, but a
 * soft limit's differ with each write.
 */
const WARNING_INTERVAL_MS = 10_000
/** Limits whose warnings are held back at a time; beyond, all begin again. */
const LIMIT_COUNT_MAX = 1000

/**
 * Tells the operator of exceeded quotas, and counts writes that a hard one refuses, by namespace.
 *
 * @see `ZooKeeperServer.checkQuota`, `RateLogger`
 */
export class QuotaLog {
  readonly #state: PeerState
  /** By path and kind of limit: when the last warning was given, and how many there would have been since. */
  readonly #held = new Map<string, { warnedMs: number; count: number }>()

  constructor(state: PeerState) {
    this.#state = state
  }

  /** A write at `path` exceeds a limit. */
  exceeded(breach: QuotaBreach, path: string): void {
    this.#warn(`${breach.what} ${breach.path}`, describe(breach))
    if (!breach.isHard) return
    const namespace = topNamespace(path)
    if (namespace !== null) this.#state.metrics.quotaExceededErrorPerNamespace.add(namespace, 1)
  }

  /** A write is refused by the limit of a prefix. */
  prefixExceeded({ limit: { name, path }, what, max, wouldBe }: PrefixBreach): void {
    this.#state.metrics.prefixRefusedWrites.add(name, 1)
    this.#warn(
      `prefix ${what} ${path}`,
      `prefixLimit.${name} exceeded: ${path} would have ${wouldBe} ${what}, limit ${max}`
    )
  }

  /** @param key of what is warned of once in a while */
  #warn(key: string, text: string): void {
    const { nowMs, out } = this.#state
    const held = this.#held.get(key)
    if (held !== undefined && nowMs - held.warnedMs < WARNING_INTERVAL_MS) {
      held.count++
      return
    }
    const times = held === undefined || held.count === 0 ? '' : `[${held.count} times more before] `
    if (held === undefined && this.#held.size >= LIMIT_COUNT_MAX) this.#held.clear()
    this.#held.set(key, { warnedMs: nowMs, count: 0 })
    out.log('warn', `${times}${text}`)
  }
}

/** In upstream's words, which operators search logs for. */
function describe({ what, isHard, path, limit, wouldBe }: QuotaBreach): string {
  const kind = `${isHard ? 'hard' : 'soft'}${what === 'count' ? 'Count' : 'Byte'}Limit`
  return `Quota exceeded: ${path} [current ${what}=${wouldBe}, ${kind}=${limit}]`
}
