import { type PacketHandler, QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import { LeaveLeaderError } from './leave-leader-error.ts'

/** Answers of the storage during which nothing that the leader sends is looked at. */
export type Awaited = 'acceptedEpoch' | 'currentEpoch' | 'truncated' | 'installed'

/** Most bytes that are kept while the stream stands still. A leader that sends more is left: the next synchronisation brings it again. */
export const HELD_BYTES_MAX = 256 * 1024 * 1024

/**
 * The bytes from the leader, as packets, with stops: while the storage cuts the log, installs a snapshot or sets an
 * epoch, what comes is kept as it is. So a packet is always handled by a server that has done all that the packets
 * before it asked for, and no step has to think of what may come in between.
 */
export class LeaderStream {
  readonly #reader: QuorumPacketReader
  readonly #heldBytesMax: number
  #held: Buffer[] = []
  #heldBytes = 0
  #awaited: Awaited | null = null

  constructor(dataBytesMax: number, heldBytesMax = HELD_BYTES_MAX) {
    this.#reader = new QuorumPacketReader(dataBytesMax)
    this.#heldBytesMax = heldBytesMax
  }

  get isStandingStill(): boolean {
    return this.#awaited !== null
  }

  /**
   * @throws JuteError at a packet with a length that cannot be, after those before it have been handled
   * @throws LeaveLeaderError if too much has to be kept
   */
  take(bytes: Uint8Array, handler: PacketHandler): void {
    const taken = this.isStandingStill ? 0 : this.#reader.push(bytes, handler)
    if (taken < bytes.length) this.#hold(Buffer.from(bytes.subarray(taken)))
  }

  /** Called while a packet is handled: nothing behind it is looked at until the answer has come. */
  standStill(awaited: Awaited): void {
    this.#awaited = awaited
    this.#reader.pause()
  }

  /** Whether this was what the stream stands still for. If so, `goOn` is to follow. */
  answered(answer: Awaited): boolean {
    if (this.#awaited !== answer) return false
    this.#awaited = null
    return true
  }

  /** Handles what was kept, up to the next stop. Throws as `take`. */
  goOn(handler: PacketHandler): void {
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    for (const chunk of held) {
      const taken = this.isStandingStill ? 0 : this.#reader.push(chunk, handler)
      if (taken < chunk.length) this.#hold(chunk.subarray(taken))
    }
  }

  /** Nothing is handled any more. */
  stop(): void {
    this.#reader.stop()
    this.#awaited = null
    this.#held = []
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes <= this.#heldBytesMax) return
    throw new LeaveLeaderError(`more than ${this.#heldBytesMax} bytes came before the storage was ready`, 'info')
  }
}
