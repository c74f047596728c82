import type { ClientConnection } from '../client-connection.ts'
import type { Counter, Summary } from '../instruments.ts'
import { TokenBucket } from './token-bucket.ts'

/** How many requests for one subtree a server takes of its clients, and how much there may be in it. */
export interface PrefixLimitSettings {
  /** Of the operator's choice, for the metrics. */
  readonly name: string
  /** The subtree's root; everything below it is meant, too. */
  readonly path: string
  /** Null: no limit. Writes count here as well. */
  readonly requestsPerSecond: number | null
  readonly writesPerSecond: number | null
  /** Most znodes, the root of the subtree included, and most bytes of their data; null: no limit. */
  readonly znodesMax: number | null
  readonly bytesMax: number | null
}

/** Whether there is a limit on how fast requests come. */
export function hasRate({ requestsPerSecond, writesPerSecond }: PrefixLimitSettings): boolean {
  return requestsPerSecond !== null || writesPerSecond !== null
}

/** Whether there is a limit on what the subtree holds. */
export function hasTotal({ znodesMax, bytesMax }: PrefixLimitSettings): boolean {
  return znodesMax !== null || bytesMax !== null
}

/** The limit of one subtree, and who waits for it. */
export class PrefixLimit {
  /** Bytes of the path as they stand in a request. */
  readonly bytes: Buffer
  /** In the order in which they came; each waits with one request, and with all that came behind it. */
  readonly waiting = new Set<ClientConnection>()
  readonly #requests: TokenBucket | null
  readonly #writes: TokenBucket | null
  readonly #delayed: Counter
  readonly #delayTimeMs: Summary

  constructor(settings: PrefixLimitSettings, nowMs: number, delayed: Counter, delayTimeMs: Summary) {
    const { path, requestsPerSecond, writesPerSecond } = settings
    this.bytes = Buffer.from(path, 'utf8')
    this.#requests = requestsPerSecond === null ? null : new TokenBucket(requestsPerSecond, nowMs)
    this.#writes = writesPerSecond === null ? null : new TokenBucket(writesPerSecond, nowMs)
    this.#delayed = delayed
    this.#delayTimeMs = delayTimeMs
  }

  /** Takes what a request costs; false if it must wait, and nothing has been taken. */
  admits(isWrite: boolean, nowMs: number): boolean {
    if (this.#requests?.has(nowMs) === false) return false
    if (isWrite && this.#writes?.has(nowMs) === false) return false
    this.#requests?.take()
    if (isWrite) this.#writes?.take()
    return true
  }

  /** Monotonic ms at which a request may be let through. */
  nextMs(isWrite: boolean, nowMs: number): number {
    const nextMs = this.#requests?.nextMs(nowMs) ?? nowMs
    return isWrite ? Math.max(nextMs, this.#writes?.nextMs(nowMs) ?? nowMs) : nextMs
  }

  noteDelay(): void {
    this.#delayed.add(1)
  }

  /** @param elapsedMs since the request began to wait */
  noteRelease(elapsedMs: number): void {
    this.#delayTimeMs.add(Math.max(0, Math.floor(elapsedMs)))
  }
}
