/** What a heartbeat needs of its connection. */
export interface HeartbeatListener {
  /** Nothing has been sent for a while: send a ping. */
  onPingDue(): void
  /** The server has been silent for too long. */
  onSilence(silentMs: number): void
}

/** However long the session timeout is, something is sent this often, in milliseconds. */
const PING_INTERVAL_MS_MAX = 10_000
/** Pings leave this much before they are due if the connection has been idle for as long, in milliseconds. */
const PING_MARGIN_MS = 1_000

/**
 * Keeps one connection alive and notices when its server is dead: a ping after a third of the session timeout without
 * sending, `onSilence` after two thirds without hearing.
 */
export class Heartbeat {
  readonly #listener: HeartbeatListener
  readonly #silenceMsMax: number
  readonly #pingIntervalMs: number
  #heardMs = performance.now()
  #sentMs = performance.now()
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  /** @param sessionTimeoutMs the negotiated one */
  constructor(sessionTimeoutMs: number, listener: HeartbeatListener) {
    this.#listener = listener
    this.#silenceMsMax = (sessionTimeoutMs * 2) / 3
    const third = sessionTimeoutMs / 3
    this.#pingIntervalMs = Math.min(PING_INTERVAL_MS_MAX, third > 2 * PING_MARGIN_MS ? third - PING_MARGIN_MS : third)
    this.#schedule()
  }

  /** Something came from the server. */
  heard(): void {
    this.#heardMs = performance.now()
  }

  /** Something was sent to the server. */
  sent(): void {
    this.#sentMs = performance.now()
  }

  /** Since when the server has been silent, on the clock of `performance.now`. */
  get heardMs(): number {
    return this.#heardMs
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    const dueMs = Math.min(this.#heardMs + this.#silenceMsMax, this.#sentMs + this.#pingIntervalMs)
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, Math.ceil(dueMs - performance.now())))
  }

  #tick(): void {
    // After a stall of this process timers fire before the sockets are read: read first, then judge the server.
    setImmediate(() => {
      if (this.#isStopped) return
      const nowMs = performance.now()
      const silentMs = nowMs - this.#heardMs
      if (silentMs >= this.#silenceMsMax) {
        this.#listener.onSilence(silentMs)
        return
      }
      if (nowMs - this.#sentMs >= this.#pingIntervalMs) {
        this.#listener.onPingDue()
        this.sent()
      }
      this.#schedule()
    })
  }
}
