type OnFrame = (bytes: Buffer, start: number, end: number) => void

/**
 * Cuts the byte stream of one client connection into frames: int32 length (big endian), then that many bytes.
 *
 * Frames that lie whole in a chunk are handed on in place; only one that spans chunks is put together, once, when its
 * last byte is there. So a length that is announced and not sent costs nothing.
 */
export class FrameSplitter {
  readonly #lengthMax: number
  /** Null while nothing waits: so it is with nearly all connections, nearly all the time. */
  #parts: Buffer[] | null = null
  #partsBytes = 0
  /** Bytes that the parts must reach before there is something to do. */
  #wantedBytes = 0

  /** @param lengthMax largest allowed frame, without its length prefix (`jute.maxbuffer`) */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  /** Bytes that wait for the rest of their frame. */
  get heldBytes(): number {
    return this.#partsBytes
  }

  /**
   * Takes the next bytes, `bytes[start, end)`, which must not be reused by the caller while a frame of them is in use.
   * What waits for the rest of its frame is copied.
   *
   * @param onFrame called for each whole frame with the bytes behind its length prefix
   * @returns the refused length when one is negative or too large, after which the connection cannot go on; else null
   */
  push(bytes: Buffer, onFrame: OnFrame, start = 0, end = bytes.length): number | null {
    const parts = this.#parts
    if (parts === null) return this.#split(bytes, start, end, onFrame)
    parts.push(Buffer.from(bytes.subarray(start, end)))
    this.#partsBytes += end - start
    if (this.#partsBytes < this.#wantedBytes) return null
    const whole = Buffer.concat(parts, this.#partsBytes)
    this.#parts = null
    this.#partsBytes = 0
    return this.#split(whole, 0, whole.length, onFrame)
  }

  #split(bytes: Buffer, start: number, end: number, onFrame: OnFrame): number | null {
    let offset = start
    while (end - offset >= 4) {
      const length = bytes.readInt32BE(offset)
      if (length < 0 || length > this.#lengthMax) return length
      const frameEnd = offset + 4 + length
      if (frameEnd > end) {
        this.#keep(bytes, offset, end, 4 + length)
        return null
      }
      onFrame(bytes, offset + 4, frameEnd)
      offset = frameEnd
    }
    if (offset < end) this.#keep(bytes, offset, end, 4)
    return null
  }

  #keep(bytes: Buffer, start: number, end: number, wantedBytes: number): void {
    this.#parts = [Buffer.from(bytes.subarray(start, end))]
    this.#partsBytes = end - start
    this.#wantedBytes = wantedBytes
  }
}
