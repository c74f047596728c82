/**
 * Cuts the byte stream of one client connection into frames: int32 length (big endian), then that many bytes.
 *
 * Frames that lie whole in a chunk are handed on in place; only one that spans chunks is put together, once, when its
 * last byte is there. So a length that is announced and not sent costs nothing.
 */
export class FrameSplitter {
  readonly #lengthMax: number
  #parts: Buffer[] = []
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
   * Takes the next chunk, which must not be reused by the caller while a frame of it is in use.
   *
   * @param onFrame called for each whole frame with the bytes behind its length prefix
   * @returns the refused length when one is negative or too large, after which the connection cannot go on; else null
   */
  push(chunk: Buffer, onFrame: (bytes: Buffer, start: number, end: number) => void): number | null {
    let bytes = chunk
    if (this.#partsBytes > 0) {
      this.#parts.push(chunk)
      this.#partsBytes += chunk.length
      if (this.#partsBytes < this.#wantedBytes) return null
      bytes = Buffer.concat(this.#parts, this.#partsBytes)
      this.#parts = []
      this.#partsBytes = 0
    }
    return this.#split(bytes, onFrame)
  }

  #split(bytes: Buffer, onFrame: (bytes: Buffer, start: number, end: number) => void): number | null {
    let offset = 0
    while (bytes.length - offset >= 4) {
      const length = bytes.readInt32BE(offset)
      if (length < 0 || length > this.#lengthMax) return length
      const end = offset + 4 + length
      if (end > bytes.length) {
        this.#keep(bytes, offset, 4 + length)
        return null
      }
      onFrame(bytes, offset + 4, end)
      offset = end
    }
    if (offset < bytes.length) this.#keep(bytes, offset, 4)
    return null
  }

  #keep(bytes: Buffer, offset: number, wantedBytes: number): void {
    const rest = bytes.subarray(offset)
    this.#parts = [rest]
    this.#partsBytes = rest.length
    this.#wantedBytes = wantedBytes
  }
}
