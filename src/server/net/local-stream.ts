import { Duplex } from 'node:stream'

/** As much as a kernel's buffers would take of one direction before its writer has to wait. */
const BUFFERED_BYTES = 256 * 1024

/** One end of a connection inside of this process, with what is used of a socket beside the stream. */
export class LocalStream extends Duplex {
  /** There is no port. */
  readonly remotePort = 0
  /** Null before `join`. */
  #other: LocalStream | null = null
  /** Tells the other end that what it wrote has been taken. */
  #taken: (() => void) | null = null

  constructor() {
    super({ readableHighWaterMark: BUFFERED_BYTES, writableHighWaterMark: BUFFERED_BYTES })
  }

  /** Two ends of one connection: what is written to one is read from the other, and one goes with the other. */
  static pair(): [LocalStream, LocalStream] {
    const ends: [LocalStream, LocalStream] = [new LocalStream(), new LocalStream()]
    ends[0].#other = ends[1]
    ends[1].#other = ends[0]
    return ends
  }

  /** As that of a socket: closes when all that was written has been taken. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
    if (!this.writableEnded) this.end()
  }

  override _read(): void {
    const taken = this.#taken
    this.#taken = null
    taken?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const other = this.#other
    if (other === null || other.destroyed) return done(new Error('write EPIPE'))
    // The writer may use its buffer again as soon as it is told that the bytes are taken.
    if (other.push(Buffer.from(chunk))) done()
    else other.#taken = done
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#other?.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error)
    const taken = this.#taken
    this.#taken = null
    taken?.()
    const other = this.#other
    if (other === null || other.destroyed) return
    // What has been written to it is still read there, as from a socket whose peer is gone.
    if (!other.readableEnded && !this.writableFinished) other.push(null)
    setImmediate(() => {
      if (!other.destroyed) other.destroySoon()
    })
  }
}
