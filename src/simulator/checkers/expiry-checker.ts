import type { Covered } from '../coverage.ts'
import type { Features } from '../features.ts'
import { demand } from '../violation.ts'
import { showZxid, zxidOf } from '../zxid.ts'
import type { Committed } from './committed-history.ts'

/** What the checker needs of the world. */
interface ExpiryWorld {
  readonly agenda: { readonly nowMs: number }
  count(what: Covered): void
  server(sid: number): { readonly clock: { worldMsAt(wallMs: number): number | null } } | undefined
  readonly scenario: { readonly clockDrift: number; readonly features: Pick<Features, 'localSessions'> }
}

/** Rounding of clocks, ms. */
const SLACK_MS = 5

/** Signs of life of a session that are remembered: more than come between an expiry and its commit. */
const SIGN_COUNT_MAX = 256

interface Watched {
  readonly timeoutMs: number
  readonly createdMs: number
}

/**
 * No session expires before its time: a leader has to have been one, the session to have been there, and nothing to have
 * been heard of it, for a full timeout by then. What clients of other servers say counts when it has come to the leader: in
 * the answer to a PING, which must have it, or by a REVALIDATE.
 */
export class ExpiryChecker {
  readonly #world: ExpiryWorld
  readonly #sessions = new Map<string, Watched>()
  readonly #refused = new Set<string>()
  /** When the leader heard of each session, by its own clients or by its learners. */
  readonly #signs = new Map<string, number[]>()
  #leader = 0
  #servingSinceMs = 0
  #epoch = -1
  expiredCount = 0

  constructor(world: ExpiryWorld) {
    this.#world = world
  }

  /** A new leader has begun to serve. */
  established(sid: number, epoch: number): void {
    this.#leader = sid
    this.#signs.clear()
    this.#epoch = epoch
    this.#servingSinceMs = this.#world.agenda.nowMs
  }

  /** A server hears of a session: only what the leader hears counts. */
  heard(sid: number, session: string): void {
    if (sid !== this.#leader) return
    const signs = this.#signs.get(session)
    const { nowMs } = this.#world.agenda
    if (signs === undefined) this.#signs.set(session, [nowMs])
    else {
      if (signs.length >= SIGN_COUNT_MAX) signs.splice(0, SIGN_COUNT_MAX / 2)
      signs.push(nowMs)
    }
  }

  committed(committed: Committed): void {
    const { nowMs } = this.#world.agenda
    const { txn, session, zxid } = committed
    const { header, body } = txn
    if (body.kind === 'createSession') {
      // A leader's own local session becomes a global one before that is committed, which may take until it is closed.
      const isLocalBefore = this.#world.scenario.features.localSessions === 'upgraded'
      // Where its clock has jumped since, nobody knows when that was.
      const createdMs = isLocalBefore ? (this.#decidedMs(committed) ?? Number.NEGATIVE_INFINITY) : nowMs
      this.#sessions.set(session, { timeoutMs: body.timeoutMs, createdMs })
    }
    if (body.kind !== 'closeSession' || header.cxid !== 0 || header.zxidHi !== this.#epoch) return
    this.expiredCount++
    const known = this.#sessions.get(session)
    if (known === undefined) return
    this.#world.count('sessionsExpired')
    const waitedMs = nowMs - Math.max(known.createdMs, this.#servingSinceMs)
    const neededMs = known.timeoutMs * (1 - 2 * this.#world.scenario.clockDrift) - SLACK_MS
    demand(
      waitedMs >= neededMs,
      'sessions live their time',
      () => `session ${session} of ${known.timeoutMs} ms is closed by ${showZxid(zxid)} after ${waitedMs} ms`
    )
    const decidedMs = this.#decidedMs(committed)
    if (decidedMs === null) return
    const heardMs = this.#signs.get(session)?.findLast((ms) => ms <= decidedMs) ?? Number.NEGATIVE_INFINITY
    demand(
      decidedMs - heardMs >= neededMs,
      'sessions live their time',
      () =>
        `session ${session} of ${known.timeoutMs} ms is closed by ${showZxid(zxid)}, and was heard of ${decidedMs - heardMs} ms before`
    )
  }

  /** When the leader made the transaction, by the world's time; null if its clock has jumped since. */
  #decidedMs({ txn: { header } }: Committed): number | null {
    return this.#world.server(this.#leader)?.clock.worldMsAt(zxidOf(header.timeHi, header.timeLo)) ?? null
  }

  /** A client was told that its session is gone. */
  refused(session: string): void {
    this.#refused.add(session)
  }

  get refusedSessions(): ReadonlySet<string> {
    return this.#refused
  }
}
