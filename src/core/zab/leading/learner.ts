import type { MessageTracker } from '../message-tracker.ts'
import type { PacketType } from '../packet-type.ts'
import type { LinkId, LinkOutput } from '../peer-link.ts'
import { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import { writePacket } from '../wire/write-packet.ts'
import type { LeadingMeter, PacketsMeter } from '../zab-meter.ts'
import { AckDeadline } from './ack-deadline.ts'
import { DRAIN_MARK_BYTES } from './leading-settings.ts'

/**
 * Where a learner stands. Each packet is good in one phase only; what comes in another one closes the link.
 *
 * ```
 * connecting --FOLLOWERINFO--> awaitingEpoch --LEADERINFO--> joining --ACKEPOCH--> promised --quorum--> syncing
 *   syncing --NEWLEADER--> synced --ACK--> ready --leader established, UPTODATE--> serving        any --> gone
 * ```
 */
export type LearnerPhase =
  | 'connecting'
  | 'awaitingEpoch'
  | 'joining'
  | 'promised'
  | 'syncing'
  | 'synced'
  | 'ready'
  | 'serving'
  | 'gone'

/** What others may know of a learner. */
export interface LearnerView {
  readonly link: LinkId
  readonly sid: number
  readonly address: string
  readonly isObserver: boolean
  /** It gets what is proposed, and was heard of within syncLimit. */
  readonly isSynced: boolean
  /** Greatest zxid it has acknowledged. */
  readonly lastAckedHi: number
  readonly lastAckedLo: number
  /** Bytes written and not known to be sent. */
  readonly unsentBytes: number
}

/** The leader's side of one learner's link: its place in the protocol, its deadlines, and what was written to it. */
export class Learner {
  readonly link: LinkId
  readonly address: string
  readonly reader: QuorumPacketReader
  readonly ackDeadline = new AckDeadline()
  readonly #host: LinkOutput
  phase: LearnerPhase = 'connecting'
  /** Its id; negative and unique for one that gave none. Known from `awaitingEpoch` on. */
  sid = 0
  isObserver = false
  /** End of its log, from ACKEPOCH. */
  lastLoggedHi = 0
  lastLoggedLo = 0
  lastAckedHi = 0
  lastAckedLo = 0
  /** When it is given up unless something comes from it; Infinity while it is this leader's turn. */
  readDeadlineMs: number
  /** Tick of the leader up to which it counts as synced. */
  syncedUntilTick: number
  /** Whether a line has been logged on a packet of a type that nobody knows. */
  hasSentUnknown = false
  unsentBytes = 0
  /** Null where packets are not tracked. */
  readonly tracker: MessageTracker | null
  #isAwaitingDrain = false
  /** Null before the learner has said who it is, and where nothing is measured. */
  #packets: PacketsMeter | null = null

  constructor(
    host: LinkOutput,
    link: LinkId,
    address: string,
    dataBytesMax: number,
    readDeadlineMs: number,
    syncedUntilTick: number,
    tracker: MessageTracker | null = null
  ) {
    this.tracker = tracker
    this.#host = host
    this.link = link
    this.address = address
    this.reader = new QuorumPacketReader(dataBytesMax)
    this.readDeadlineMs = readDeadlineMs
    this.syncedUntilTick = syncedUntilTick
  }

  /** It has said who it is. */
  introduced(sid: number, isObserver: boolean, meter: LeadingMeter | undefined): void {
    this.sid = sid
    this.isObserver = isObserver
    this.#packets = meter?.packetsTo(sid) ?? null
  }

  get isGone(): boolean {
    return this.phase === 'gone'
  }

  /** For log lines. */
  get name(): string {
    return this.phase === 'connecting' ? `learner at ${this.address}` : `learner ${this.sid} at ${this.address}`
  }

  send(type: PacketType, zxidHi: number, zxidLo: number, data: Uint8Array | null): void {
    const writer = this.#host.linkWriter(this.link)
    const start = writer.offset
    writePacket(writer, type, zxidHi, zxidLo, data)
    this.tracker?.sent(type)
    this.#packets?.sent()
    this.wrote(writer.offset - start)
  }

  /** Counts bytes that were appended to the link's writer. */
  wrote(bytes: number): void {
    this.unsentBytes += bytes
    if (this.unsentBytes > DRAIN_MARK_BYTES) this.awaitDrained()
  }

  awaitDrained(): void {
    if (this.#isAwaitingDrain) return
    this.#isAwaitingDrain = true
    this.#packets?.stuck()
    this.#host.awaitLinkDrained(this.link)
  }

  /** What was written has been sent, all or nearly. */
  drained(): void {
    this.#isAwaitingDrain = false
    this.unsentBytes = 0
    this.#packets?.drained()
  }
}
