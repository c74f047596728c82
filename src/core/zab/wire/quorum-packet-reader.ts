import { JuteError, JuteReader } from 'jute-ts'
import { decodeId, type Id } from '../../../protocol/generated/data.ts'

/** Takes what a `QuorumPacketReader` finds. */
export interface PacketHandler {
  /** A whole packet; its fields are those of the reader, and valid during the call. */
  packet(packet: QuorumPacketReader): void
  /**
   * Bytes of a stream without packets, see `startRaw`. Valid during the call.
   * @returns how many of them were taken; fewer than all when the stream has ended: the rest is packets
   */
  raw(bytes: Buffer): number
}

/** Bytes of a packet up to and with the length of its data: type, zxid, length. */
const HEAD_BYTES = 16
const NOTHING = Buffer.alloc(0)

/**
 * Cuts the stream of one link into packets. Any split of the bytes gives the same packets.
 *
 * | offset | size | field    |                                                      |
 * |--------|------|----------|------------------------------------------------------|
 * | 0      | 4    | type     | int32 big-endian, as all numbers                     |
 * | 4      | 8    | zxid     | int64                                                |
 * | 12     | 4    | length   | of data, at most `dataBytesMax`; -1 = null           |
 * | 16     | n    | data     |                                                      |
 * | 16+n   | 4    | count    | of authinfo; -1 = null                               |
 * | 20+n   |      | authinfo | each two ustrings; all at most `dataBytesMax` bytes  |
 *
 * There is no length in front: where a packet ends is known only after reading through it, and it may be followed by bytes
 * that are no packets. A packet that one push holds entirely is read in place; the beginning of another one is copied, and
 * never is more memory taken than twice what has come: no claimed length makes it grow.
 */
export class QuorumPacketReader {
  type = 0
  zxidHi = 0
  zxidLo = 0
  /** A view of the input, valid during `packet`. */
  data: Buffer | null = null
  authinfo: Id[] | null = null

  readonly #dataBytesMax: number
  readonly #ids: JuteReader
  /** The beginning of a packet that has not come entirely: the first `#keptBytes` of `#kept`. */
  #kept = NOTHING
  #keptBytes = 0
  /** Bytes from the packet's first one on that must be there for the next step of reading through it. */
  #needed = HEAD_BYTES
  /** Length of the data, with -1 for null; -2 before it has been read. */
  #dataLength = -2
  /** Ustrings of authinfo that have not been passed; -1 before their count has been read. */
  #stringsLeft = -1
  #isRaw = false
  #isPaused = false
  #isStopped = false

  /** @param dataBytesMax largest data of a packet that is accepted, and largest authinfo */
  constructor(dataBytesMax: number) {
    this.#dataBytesMax = dataBytesMax
    this.#ids = new JuteReader(NOTHING, dataBytesMax)
  }

  /** Called by a handler in `packet`: what follows this packet goes to the handler's `raw` until that takes less than given. */
  startRaw(): void {
    this.#isRaw = true
  }

  /** Called by a handler in `packet`: `push` returns after this packet. The next `push` goes on. */
  pause(): void {
    this.#isPaused = true
  }

  /** Called by a handler that is through with the link: what is left of the input, and all further input, is ignored. */
  stop(): void {
    this.#isStopped = true
  }

  /**
   * Takes the next bytes, which may be reused afterwards.
   *
   * @returns how many were taken: fewer than given only after `pause`; the rest is to be given again
   * @throws JuteError UNREASONABLE_LENGTH for lengths that are negative or above the limit: the link is of no more use.
   *   Packets before it have been handled. What the handler throws goes through, and the reader must not be used again.
   */
  push(bytes: Uint8Array, handler: PacketHandler): number {
    const input = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    let offset = 0
    this.#isPaused = false
    while (offset < input.length && !this.#isPaused && !this.#isStopped) {
      if (this.#isRaw) {
        const taken = handler.raw(input.subarray(offset))
        this.#isRaw = taken === input.length - offset
        offset += taken
      } else if (this.#keptBytes > 0) {
        offset = this.#complete(input, offset, handler)
      } else if (this.#isWhole(input, offset)) {
        const start = offset
        offset += this.#needed
        this.#handOver(input, start, handler)
      } else {
        this.#keep(input, offset, input.length)
        offset = input.length
      }
    }
    return this.#isStopped ? input.length : offset
  }

  /** Moves what the packet needs from the input behind its beginning. Returns where the input goes on. */
  #complete(input: Buffer, offset: number, handler: PacketHandler): number {
    const end = Math.min(input.length, offset + this.#needed - this.#keptBytes)
    this.#keep(input, offset, end)
    if (this.#isWhole(this.#kept.subarray(0, this.#keptBytes), 0)) {
      const packet = this.#kept
      this.#kept = NOTHING // big ones would stay for the life of the link
      this.#keptBytes = 0
      this.#handOver(packet, 0, handler)
    }
    return end
  }

  #keep(input: Buffer, start: number, end: number): void {
    const length = this.#keptBytes + end - start
    if (length > this.#kept.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#keptBytes))
      this.#kept.copy(grown, 0, 0, this.#keptBytes)
      this.#kept = grown
    }
    input.copy(this.#kept, this.#keptBytes, start, end)
    this.#keptBytes = length
  }

  /**
   * Reads through the packet at `start`, going on where the last call for it stopped. When true, `#needed` is its size.
   * @throws JuteError
   */
  #isWhole(bytes: Buffer, start: number): boolean {
    const available = bytes.length - start
    while (available >= this.#needed) {
      if (this.#dataLength === -2) {
        const length = this.#length(bytes, start, 'QuorumPacket.data', this.#dataBytesMax)
        this.#dataLength = length
        this.#needed += Math.max(length, 0) + 4
      } else if (this.#stringsLeft === -1) {
        const count = bytes.readInt32BE(start + this.#needed - 4)
        if (count > this.#dataBytesMax / 8) throw unreasonable(count, this.#needed - 4, 'QuorumPacket.authinfo')
        if (count <= 0) return true // compat: as Java, any negative count is none
        this.#stringsLeft = 2 * count
        this.#needed += 4
      } else if (this.#stringsLeft > 0) {
        const idBytes = this.#needed - HEAD_BYTES - Math.max(this.#dataLength, 0) - 4
        const length = this.#length(bytes, start, 'QuorumPacket.authinfo', this.#dataBytesMax - idBytes)
        this.#stringsLeft--
        this.#needed += Math.max(length, 0) + (this.#stringsLeft > 0 ? 4 : 0)
      } else {
        return true
      }
    }
    return false
  }

  /** The length that ends the bytes needed so far. */
  #length(bytes: Buffer, start: number, field: string, lengthMax: number): number {
    const length = bytes.readInt32BE(start + this.#needed - 4)
    if (length < -1 || length > lengthMax) throw unreasonable(length, this.#needed - 4, field)
    return length
  }

  #handOver(bytes: Buffer, start: number, handler: PacketHandler): void {
    const dataStart = start + HEAD_BYTES
    const dataEnd = dataStart + Math.max(this.#dataLength, 0)
    this.type = bytes.readInt32BE(start)
    this.zxidHi = bytes.readInt32BE(start + 4)
    this.zxidLo = bytes.readInt32BE(start + 8)
    this.data = this.#dataLength < 0 ? null : bytes.subarray(dataStart, dataEnd)
    this.authinfo = this.#authinfoAt(bytes, dataEnd, start + this.#needed)
    this.#needed = HEAD_BYTES
    this.#dataLength = -2
    this.#stringsLeft = -1
    handler.packet(this)
  }

  #authinfoAt(bytes: Buffer, start: number, end: number): Id[] | null {
    const count = bytes.readInt32BE(start)
    if (count === -1) return null
    const reader = this.#ids.reset(bytes, start + 4, end)
    const ids: Id[] = []
    for (let index = 0; index < count; index++) ids.push(decodeId(reader))
    return ids
  }
}

function unreasonable(length: number, offset: number, field: string): JuteError {
  return new JuteError('UNREASONABLE_LENGTH', `unreasonable length ${length}`, offset, field)
}
