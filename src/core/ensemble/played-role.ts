import type { RolePort } from '../pipeline/role-ports.ts'
import type { LinkId } from '../zab/peer-link.ts'
import type { ZabStage } from '../zab/zab-meter.ts'
import type { FollowingRole } from './following-role.ts'
import type { LeadingRole } from './leading-role.ts'

/**
 * The role that a member plays, or none: a leader's, or a learner's, which may have observers of its own. What comes by links and from the log, and
 * the time, go to the machine that they are for; when a role begins and ends is `EnsemblePeer`'s to say.
 */
export class PlayedRole {
  #leading: LeadingRole | null = null
  #following: FollowingRole | null = null

  get leading(): LeadingRole | null {
    return this.#leading
  }

  get following(): FollowingRole | null {
    return this.#following
  }

  /** How far it is; null without a role. */
  get stage(): ZabStage | null {
    return this.#leading?.leading.stage ?? this.#following?.following.stage ?? null
  }

  /** Monotonic ms at which one of its machines wants to be asked. */
  get nextDeadlineMs(): number {
    return Math.min(
      this.#leading?.leading.nextDeadlineMs ?? Number.POSITIVE_INFINITY,
      this.#following?.following.nextDeadlineMs ?? Number.POSITIVE_INFINITY,
      this.#following?.observers?.nextDeadlineMs ?? Number.POSITIVE_INFINITY
    )
  }

  /** What the server for clients is to be in this role. @throws Error without a role */
  get port(): RolePort {
    if (this.#leading !== null) return { kind: 'leader', followers: this.#leading }
    if (this.#following === null) throw new Error('a server serves without a role')
    return { kind: 'learner', leader: this.#following }
  }

  lead(role: LeadingRole): void {
    this.#leading = role
  }

  follow(role: FollowingRole): void {
    this.#following = role
  }

  /** Nothing goes to the role any more. @returns it, to be closed */
  end(): { readonly leading: LeadingRole | null; readonly following: FollowingRole | null } {
    const ended = { leading: this.#leading, following: this.#following }
    this.#leading = null
    this.#following = null
    return ended
  }

  /** @returns false if the link is nobody's */
  linkOpened(link: LinkId, address: string, nowMs: number): boolean {
    if (this.#following?.link === link) this.#following.following.connected(nowMs)
    else if (this.#leading !== null && link > 0) this.#leading.leading.learnerConnected(link, address, nowMs)
    else if (link > 0 && this.#following?.observers) this.#following.observers.connected(link, address, nowMs)
    else return false
    return true
  }

  linkBytes(link: LinkId, bytes: Buffer, nowMs: number): void {
    if (this.#following?.link === link) this.#following.following.received(bytes, nowMs)
    else if (this.#leading !== null) this.#leading.leading.received(link, bytes, nowMs)
    else this.#following?.observers?.received(link, bytes, nowMs)
  }

  /** @returns the leader that is lost by that: one that has led already; null if none is */
  linkClosed(link: LinkId): number | null {
    const following = this.#following
    if (following?.link === link) {
      const { isServing } = following.following
      following.following.linkClosed()
      // One that has not led yet may only be slower to know that it does: it is waited for.
      return isServing ? following.leaderSid : null
    }
    if (this.#leading !== null) this.#leading.leading.linkClosed(link)
    else following?.observers?.linkClosed(link)
    return null
  }

  linkDrained(link: LinkId, nowMs: number): void {
    this.#leading?.leading.linkDrained(link)
    this.#following?.observers?.linkDrained(link, nowMs)
  }

  /** The own log is durable up to this zxid. */
  logged(zxidHi: number, zxidLo: number): void {
    this.#leading?.leading.logged(zxidHi, zxidLo)
    this.#following?.following.logged(zxidHi, zxidLo)
  }

  tick(nowMs: number): void {
    this.#leading?.leading.tick(nowMs)
    this.#following?.following.tick(nowMs)
    this.#following?.observers?.tick(nowMs)
  }

  /** The process itself stood still for so long. */
  postpone(deltaMs: number): void {
    this.#leading?.leading.postpone(deltaMs)
    this.#following?.following.postpone(deltaMs)
    this.#following?.observers?.postpone(deltaMs)
  }
}
