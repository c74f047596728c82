import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { DirectReads } from './direct-reads.ts'
import { type DirectWriter, type DirectWrites, Written } from './direct-writes.ts'
import type { LocalStream } from './local-stream.ts'
import type { Transport, TransportObserver } from './transport.ts'

/** Less than this is copied when it has to wait, so that it does not hold a buffer of many times its size. */
const COPIED_BYTES_MAX = 256 * 1024

/** A client connection over a stream of Node.js: a socket, TLS over one, or a connection inside of this process. */
export class StreamTransport implements Transport {
  readonly remotePort: number
  readonly stream: Socket | LocalStream
  isStuck = false
  readonly #reads: DirectReads
  readonly #direct: DirectWriter
  readonly #isEncrypted: boolean
  /** Bytes of a direct write that are not sent. */
  #queuedBytes = 0
  #observer: TransportObserver | null = null

  /** @param stream nothing has been read from it */
  constructor(stream: Socket | LocalStream, reads: DirectReads, writes: DirectWrites) {
    this.stream = stream
    this.remotePort = stream.remotePort ?? 0
    this.#reads = reads
    this.#direct = writes.to(stream)
    this.#isEncrypted = stream instanceof TLSSocket
  }

  get destroyed(): boolean {
    return this.stream.destroyed
  }

  get unsentBytes(): number {
    return this.stream.writableLength + this.#queuedBytes
  }

  begin(observer: TransportObserver): void {
    const { stream } = this
    this.#observer = observer
    stream.on('drain', () => this.#sent())
    stream.on('error', (error) => observer.failed(error))
    stream.on('end', () => observer.ended())
    stream.on('close', () => observer.closed())
    this.#reads.begin(stream, (count) => observer.read(count))
  }

  send(bytes: Buffer, isLasting: boolean): boolean {
    const { stream, unsentBytes } = this
    if (unsentBytes === 0) {
      const written = this.#direct.write(bytes, this.#directSent)
      if (written === Written.taken) return true
      if (written === Written.queued) {
        this.#queuedBytes = bytes.length
        this.isStuck = true
        return false
      }
    }
    // TLS takes nothing before the turn is over: without a copy each reply would need a buffer of its own.
    const isCopied = !isLasting && (this.#isEncrypted || unsentBytes > 0) && bytes.length < COPIED_BYTES_MAX
    const isTaken = stream.write(isCopied ? Buffer.from(bytes) : bytes)
    const isAllTaken = stream.writableLength === 0
    if (!isTaken && !isAllTaken) this.isStuck = true
    return isCopied || isAllTaken
  }

  pause(): void {
    this.stream.pause()
  }

  resume(): void {
    this.stream.resume()
  }

  closeWhenSent(): void {
    this.stream.destroySoon()
  }

  destroy(): void {
    this.stream.destroy()
  }

  readonly #directSent = (): void => {
    this.#queuedBytes = 0
    // What went to the stream meanwhile is told by `drain`.
    if (!this.stream.destroyed && this.stream.writableLength === 0) this.#sent()
  }

  #sent(): void {
    if (!this.isStuck) return
    this.isStuck = false
    this.#observer?.sent()
  }
}
