import { demand } from '../violation.ts'
import { showZxid } from '../zxid.ts'
import type { Committed } from './committed-history.ts'

/** What the checker needs of the world. */
interface ExpiryWorld {
  readonly agenda: { readonly nowMs: number }
  readonly scenario: { readonly clockDrift: number }
}

/** Rounding of clocks, ms. */
const SLACK_MS = 5

interface Watched {
  readonly timeoutMs: number
  readonly createdMs: number
}

/**
 * No session expires before its time: a leader has to have been one, and the session to have been there, for a full
 * timeout by then. (A client's signs of life to other servers may not have reached the leader: those are not counted.)
 */
export class ExpiryChecker {
  readonly #world: ExpiryWorld
  readonly #sessions = new Map<string, Watched>()
  readonly #refused = new Set<string>()
  #servingSinceMs = 0
  #epoch = -1
  expiredCount = 0

  constructor(world: ExpiryWorld) {
    this.#world = world
  }

  /** A new leader has begun to serve. */
  established(epoch: number): void {
    this.#epoch = epoch
    this.#servingSinceMs = this.#world.agenda.nowMs
  }

  committed({ txn, session, zxid }: Committed): void {
    const { nowMs } = this.#world.agenda
    const { header, body } = txn
    if (body.kind === 'createSession') this.#sessions.set(session, { timeoutMs: body.timeoutMs, createdMs: nowMs })
    if (body.kind !== 'closeSession' || header.cxid !== 0 || header.zxidHi !== this.#epoch) return
    this.expiredCount++
    const known = this.#sessions.get(session)
    if (known === undefined) return
    const waitedMs = nowMs - Math.max(known.createdMs, this.#servingSinceMs)
    const neededMs = known.timeoutMs * (1 - 2 * this.#world.scenario.clockDrift) - SLACK_MS
    demand(
      waitedMs >= neededMs,
      'sessions live their time',
      () => `session ${session} of ${known.timeoutMs} ms is closed by ${showZxid(zxid)} after ${waitedMs} ms`
    )
  }

  /** A client was told that its session is gone. */
  refused(session: string): void {
    this.#refused.add(session)
  }

  get refusedSessions(): ReadonlySet<string> {
    return this.#refused
  }
}
