const NOTHING = Buffer.alloc(0)
const LENGTH_SIZE_BYTES = 4

/** A frame's length is negative or over the limit: what follows cannot be told from frames any more. */
export class FrameLengthError extends Error {
  override readonly name = 'FrameLengthError'
}

/**
 * Cuts what a server sends into frames, however it arrives in pieces. It holds at most one unfinished frame and what was
 * pushed last.
 *
 * | offset | size | field   |                                      |
 * |--------|------|---------|--------------------------------------|
 * | 0      | 4    | length  | int32 big-endian, bytes that follow  |
 * | 4      | n    | payload | one reply or event, n ≤ the limit    |
 */
export class FrameSplitter {
  readonly #lengthMax: number
  /** What has come and is not yet part of a frame, from `#offset` on. */
  #chunk: Buffer = NOTHING
  #offset = 0
  /** A frame whose length is known and which is not complete; the chunk is empty then. */
  #unfinished: Buffer | null = null
  #filled = 0

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  /** Takes the next bytes; they belong to the splitter from then on. */
  push(chunk: Buffer): void {
    const left = this.#chunk.length - this.#offset
    this.#chunk = left === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#offset), chunk])
    this.#offset = 0
  }

  /**
   * The next whole frame without its length, or null if there is none yet. It may be a view into what was pushed.
   *
   * @throws FrameLengthError
   */
  next(): Buffer | null {
    if (this.#unfinished !== null) return this.#finish(this.#unfinished)
    const available = this.#chunk.length - this.#offset
    if (available < LENGTH_SIZE_BYTES) return null
    const length = this.#chunk.readInt32BE(this.#offset)
    if (length < 0 || length > this.#lengthMax) {
      throw new FrameLengthError(`frame of ${length} bytes from the server, limit ${this.#lengthMax} (jute.maxbuffer)`)
    }
    this.#offset += LENGTH_SIZE_BYTES
    if (available - LENGTH_SIZE_BYTES >= length) return this.#take(length)
    this.#filled = 0
    this.#unfinished = Buffer.allocUnsafeSlow(length)
    return this.#finish(this.#unfinished)
  }

  #take(length: number): Buffer {
    const frame = this.#chunk.subarray(this.#offset, this.#offset + length)
    this.#offset += length
    return frame
  }

  #finish(frame: Buffer): Buffer | null {
    const copied = this.#chunk.copy(frame, this.#filled, this.#offset)
    this.#offset += copied
    this.#filled += copied
    if (this.#filled < frame.length) return null
    this.#unfinished = null
    return frame
  }
}
