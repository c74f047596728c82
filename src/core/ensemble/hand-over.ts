import type { LeadingRole } from './leading-role.ts'

/** How long a leader waits for its successor, with its clients waiting: then there is an ordinary election. */
const HAND_OVER_MS_MAX = 2000

/** How a hand-over has ended: the leader steps down. */
export interface HandOverEnd {
  readonly reason: string
  /** Who has everything, and is to be voted for; null where there must be an ordinary election. */
  readonly heir: number | null
}

/** What the hand-over needs of the member. */
interface Surroundings {
  readonly nowMs: number
  /** syncLimit, ms. */
  readonly syncLimitMs: number
  readonly log: (level: 'info' | 'warn', message: string) => void
}

/**
 * A leader gives its lead to another voter, as an operator or a reconfiguration asks: it proposes nothing more, answers what it has proposed, and steps
 * down when that one has everything.
 */
export class HandOver {
  /** `endMs`: when the leader gives up waiting; Infinity before it has begun. */
  #underWay: { readonly heir: number; endMs: number } | null = null

  get isUnderWay(): boolean {
    return this.#underWay !== null
  }

  /** Monotonic ms at which it is given up; infinite if none has begun. */
  get endMs(): number {
    return this.#underWay?.endMs ?? Number.POSITIVE_INFINITY
  }

  /**
   * From the next `advance` on the lead is being handed over.
   *
   * @param role null if this server does not lead
   * @param heir null: whichever follower is in sync
   * @returns who gets it, or why that cannot be
   */
  ask(role: LeadingRole | null, heir: number | null): { readonly heir: number } | { readonly refusal: string } {
    if (role === null) return { refusal: 'this server does not lead' }
    if (this.#underWay !== null) return { refusal: `the lead is being handed to server ${this.#underWay.heir}` }
    const { candidates } = role.leading
    const chosen = heir ?? candidates[0]
    if (chosen === undefined) return { refusal: 'no voter follows in sync' }
    if (!candidates.includes(chosen)) {
      return {
        refusal: `server ${chosen} is no voter that follows in sync; those are: ${candidates.join(', ') || 'none'}`
      }
    }
    this.#underWay = { heir: chosen, endMs: Number.POSITIVE_INFINITY }
    return { heir: chosen }
  }

  /** Brings it on as far as it goes now. @returns how it has ended; null while there is none, or it goes on */
  advance(role: LeadingRole, { nowMs, syncLimitMs, log }: Surroundings): HandOverEnd | null {
    const underWay = this.#underWay
    if (underWay === null) return null
    const { heir } = underWay
    if (underWay.endMs === Number.POSITIVE_INFINITY) {
      const refusal = role.handOver(heir)
      if (refusal !== null) {
        log('warn', `the lead is not handed to server ${heir}: ${refusal}`)
        this.#underWay = null
        return null
      }
      log('info', `handing the lead to server ${heir}: nothing more is proposed`)
      underWay.endMs = nowMs + Math.min(HAND_OVER_MS_MAX, syncLimitMs)
    }
    if (role.leading.isHandedOver) return { reason: `server ${heir} has everything and takes the lead`, heir }
    if (role.leading.isHeirGone) {
      return { reason: `server ${heir}, which was to take the lead, has gone`, heir: null }
    }
    return nowMs < underWay.endMs ? null : { reason: `server ${heir} has not taken over in time`, heir: null }
  }

  /** The process stood still for so long. */
  postpone(deltaMs: number): void {
    if (this.#underWay !== null) this.#underWay.endMs += deltaMs
  }

  /** The server does not lead any more. */
  end(): void {
    this.#underWay = null
  }
}
