import { JuteError } from 'jute-ts'
import type { LinkId } from '../peer-link.ts'
import type { PacketHandler, QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import type { Broadcast } from './broadcast.ts'
import type { LeaderClock } from './leader-clock.ts'
import type { LearnerSource } from './leading-host.ts'
import { LEARNER_COUNT_MAX } from './leading-settings.ts'
import { Learner, type LearnerView } from './learner.ts'

/** What becomes of learners, for who serves them. */
export interface LearnerEvents {
  /** A packet of a learner. @returns what is wrong with it, upon which the learner must go; null if nothing is */
  packet(learner: Learner, packet: QuorumPacketReader): string | null
  /** A learner has left, whatever the reason. */
  gone(learner: Learner): void
}

/** The learners of a leader, or of an observer master, by link: how they come and go, and what they say. */
export class Learners {
  readonly #host: LearnerSource
  readonly #clock: LeaderClock
  readonly #dataBytesMax: number
  readonly #events: LearnerEvents
  readonly #byLink = new Map<LinkId, Learner>()
  /** Whose bytes are being read. */
  #speaker: Learner | null = null
  readonly #packets: PacketHandler = {
    packet: (packet) => this.#packet(packet),
    raw: (bytes) => bytes.length
  }

  constructor(host: LearnerSource, clock: LeaderClock, dataBytesMax: number, events: LearnerEvents) {
    this.#host = host
    this.#clock = clock
    this.#dataBytesMax = dataBytesMax
    this.#events = events
  }

  /** All of them as they are now: the caller may drop some on the way. */
  get all(): readonly Learner[] {
    return [...this.#byLink.values()]
  }

  get count(): number {
    return this.#byLink.size
  }

  get(link: LinkId): Learner | undefined {
    return this.#byLink.get(link)
  }

  connected(link: LinkId, address: string): void {
    if (this.#byLink.size >= LEARNER_COUNT_MAX) {
      this.#host.log('warn', `learner at ${address}: ${LEARNER_COUNT_MAX} links are open: connection closed`)
      this.#host.closeLink(link, 'too many learners')
      return
    }
    const { initDeadlineMs, firstTickLimit } = this.#clock
    const tracker = this.#host.newMessageTracker?.() ?? null
    this.#byLink.set(
      link,
      new Learner(this.#host, link, address, this.#dataBytesMax, initDeadlineMs, firstTickLimit, tracker)
    )
  }

  /** Reads the next bytes of a learner's link, split anyhow. Bytes that are no packets are its end. */
  read(learner: Learner, bytes: Uint8Array): void {
    this.#speaker = learner
    try {
      learner.reader.push(bytes, this.#packets)
    } catch (error) {
      if (!(error instanceof JuteError)) throw error
      this.drop(learner, `malformed packet: ${error.message}`)
    } finally {
      this.#speaker = null
    }
  }

  /** A learner's link has been closed from the other side, or is broken. */
  closedByIt(learner: Learner): void {
    this.#host.log('info', `${learner.name}: connection closed by it`)
    this.forget(learner)
  }

  /** Closes a learner's link, with one line that says why. */
  drop(learner: Learner, reason: string): void {
    if (learner.isGone) return
    this.#host.log('warn', `${learner.name}: ${reason}: connection closed`)
    this.#host.closeLink(learner.link, reason)
    this.forget(learner)
  }

  /** Its link is closed. */
  forget(learner: Learner): void {
    this.#byLink.delete(learner.link)
    learner.phase = 'gone'
    learner.reader.stop()
    learner.tracker?.dump(learner.address, (level, message) => this.#host.log(level, message))
    this.#events.gone(learner)
  }

  /** Drops those from which nothing has come for too long. */
  dropSilent(): void {
    for (const learner of this.all) {
      if (this.#clock.nowMs >= learner.readDeadlineMs) this.drop(learner, 'nothing was heard of it in time')
    }
  }

  postpone(deltaMs: number): void {
    for (const learner of this.#byLink.values()) {
      learner.readDeadlineMs += deltaMs
      learner.ackDeadline.postpone(deltaMs)
    }
  }

  /** Whether it was heard of within syncLimit, or has connected within initLimit before that. */
  isHeard(learner: Learner): boolean {
    return learner.phase !== 'connecting' && this.#clock.tick <= learner.syncedUntilTick
  }

  /** For administrators, and for checks of reconfigurations: those that have said who they are. */
  views(broadcast: Broadcast): LearnerView[] {
    return this.all
      .filter((learner) => learner.phase !== 'connecting')
      .map((learner) => ({
        link: learner.link,
        sid: learner.sid,
        address: learner.address,
        isObserver: learner.isObserver,
        isSynced: broadcast.has(learner) && this.isHeard(learner),
        lastAckedHi: learner.lastAckedHi,
        lastAckedLo: learner.lastAckedLo,
        unsentBytes: learner.unsentBytes
      }))
  }

  #packet(packet: QuorumPacketReader): void {
    const learner = this.#speaker
    if (learner === null) return
    learner.tracker?.received(packet.type)
    const problem = this.#events.packet(learner, packet)
    if (problem !== null) this.drop(learner, problem)
  }
}
