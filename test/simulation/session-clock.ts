import { InputKind } from '../../src/core/input-batch.ts'
import { highWord, lowWord } from '../../src/protocol/int64.ts'
import type { ServerWorld } from './server-world.ts'
import { check } from './simulation-error.ts'

interface SessionTime {
  timeoutMs: number
  /** When the server heard of it for certain, and when it may have at the latest; on the clock of expiry. */
  heardMs: number
  perhapsHeardMs: number
  /** Its closing has been seen and found right. */
  isOver: boolean
}

/**
 * Watches that sessions live as long as they were promised and not much longer: no expiry before the timeout has passed
 * since the last sign of life, and none missed at a tick that comes one tick time later.
 */
export class SessionClock {
  readonly #world: ServerWorld
  readonly #times = new Map<bigint, SessionTime>()
  /** Sessions whose client asked to close them, or that were seen to expire. */
  #given = new Map<number, number>()

  constructor(world: ServerWorld) {
    this.#world = world
  }

  /** Notes whose frames are in the next step. */
  beforeStep(): void {
    const { inputs } = this.#world
    this.#given = new Map()
    for (let index = 0; index < inputs.count; index++) {
      if (inputs.kind(index) === InputKind.drained || inputs.kind(index) === InputKind.congested) continue
      const connection = inputs.connection(index)
      this.#given.set(connection, (this.#given.get(connection) ?? 0) + 1)
    }
  }

  afterStep(isTick: boolean): void {
    const { judge, effectiveMs, peer } = this.#world
    for (const { id, sessionId, phase, greeting } of judge.connections.values()) {
      if (sessionId === null || greeting === null) continue
      const time = this.#times.get(sessionId)
      const isHeard = this.#given.has(id)
      if (time === undefined) {
        this.#times.set(sessionId, {
          timeoutMs: greeting.timeoutMs,
          heardMs: effectiveMs,
          perhapsHeardMs: effectiveMs,
          isOver: false
        })
        continue
      }
      // Also where the connection was closed right after its greeting; the newest one comes last.
      time.timeoutMs = greeting.timeoutMs
      if (!isHeard) continue
      time.perhapsHeardMs = effectiveMs
      if (phase === 'established') time.heardMs = effectiveMs
    }
    for (const [id, time] of this.#times) this.#judgeSession(id, time, isTick && peer !== null)
  }

  restarted(): void {
    this.#times.clear()
    for (const [id, timeoutMs] of this.#world.shadow.sessions) {
      const nowMs = this.#world.effectiveMs
      this.#times.set(id, { timeoutMs, heardMs: nowMs, perhapsHeardMs: nowMs, isOver: false })
    }
  }

  #judgeSession(id: bigint, time: SessionTime, isTick: boolean): void {
    const { peer, effectiveMs, settings } = this.#world
    const session = peer.state.sessions.get(highWord(id), lowWord(id))
    if (session === undefined) return
    const isOverdue = effectiveMs - time.perhapsHeardMs > time.timeoutMs + settings.tickTimeMs
    check(!isTick || !isOverdue || session.isClosing, () => `session ${id} is overdue and does not expire`)
    if (!session.isClosing || time.isOver) return
    time.isOver = true
    const silentMs = effectiveMs - time.heardMs
    const isAsked = this.#world.judge.isCloseAsked(id)
    check(
      isAsked || silentMs >= time.timeoutMs,
      () => `session ${id} expires after ${silentMs} of ${time.timeoutMs} ms`
    )
  }
}
