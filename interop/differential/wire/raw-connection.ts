import { connect, type Socket } from 'node:net'

/** What a wait on a connection ended with. */
export type WaitResult = 'frames' | 'closed' | 'timeout'

const FRAME_SIZE_MAX = 64 << 20

/**
 * One TCP connection to a client port that sends exactly the bytes it is given and keeps every frame that comes, in
 * order. It knows lengths and nothing else of the protocol.
 */
export class RawConnection {
  readonly #socket: Socket
  #pending: Buffer = Buffer.alloc(0)
  #frames: Buffer[] = []
  #closed = false
  #wake: (() => void) | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    // 'close' follows every error; which error it was depends on timing, that the connection is gone does not.
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      this.#closed = true
      this.#wake?.()
    })
  }

  /** @throws the socket's error when nothing listens */
  static async open(port: number, host = '127.0.0.1'): Promise<RawConnection> {
    const socket = connect({ port, host })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new RawConnection(socket)
  }

  /** True once the peer (or `drop`) has closed the connection; frames received before stay readable. */
  get closed(): boolean {
    return this.#closed
  }

  get frameCount(): number {
    return this.#frames.length
  }

  send(bytes: Uint8Array): void {
    if (!this.#closed) this.#socket.write(bytes)
  }

  /** Takes all frames received so far (payloads without their length). */
  takeFrames(): Buffer[] {
    const frames = this.#frames
    this.#frames = []
    return frames
  }

  /** Takes the oldest frame received, if there is one. */
  takeFrame(): Buffer | undefined {
    return this.#frames.shift()
  }

  /** Payloads received and not yet taken. */
  peekFrames(): readonly Buffer[] {
    return this.#frames
  }

  /** Waits until `enough` holds, the connection is closed, or the time is over. */
  async waitUntil(enough: (frames: readonly Buffer[]) => boolean, timeoutMs: number): Promise<WaitResult> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      if (enough(this.#frames)) return 'frames'
      if (this.#closed) return 'closed'
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) return 'timeout'
      await this.#nextChange(leftMs)
    }
  }

  /** Ends the connection from this side at once. */
  drop(): void {
    this.#socket.destroy()
  }

  #nextChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, timeoutMs)
      function done(): void {
        clearTimeout(timer)
        resolve()
      }
      this.#wake = () => {
        this.#wake = null
        done()
      }
    })
  }

  #receive(chunk: Buffer): void {
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    while (bytes.length >= 4) {
      const length = bytes.readInt32BE(0)
      if (length < 0 || length > FRAME_SIZE_MAX) {
        this.#socket.destroy()
        this.#frames.push(bytes)
        bytes = Buffer.alloc(0)
        break
      }
      if (bytes.length < 4 + length) break
      this.#frames.push(bytes.subarray(4, 4 + length))
      bytes = bytes.subarray(4 + length)
    }
    this.#pending = bytes
    this.#wake?.()
  }
}
