import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { LocalStream } from './local-stream.ts'

/** Where Node.js 20 to 24 keep what the option `onread` of a socket says; no public interface. */
interface OnreadSlots {
  readonly buffer: symbol
  readonly callback: symbol
}

interface ReadingHandle {
  useUserBuffer(buffer: Buffer): void
}

/**
 * Reads sockets into a buffer that they share: what one read brings is taken before the next one is made.
 *
 * perf: Node.js allocates 64 KiB for each read, wraps what came in two objects, and takes it through a Readable with ticks
 * of its own. The option `onread` spares all that, but the sockets of a `net.Server` cannot be made with it, so it is set
 * on them afterwards. TLS sockets are read by their `data` events, as any socket is where Node.js does not look as expected.
 */
export class DirectReads {
  readonly #buffer: Buffer
  #slots: OnreadSlots | null = null

  /** @param buffer holds what was read during the call that tells of it */
  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  /**
   * Begins to read a socket. What was read and put back (`unshift`) comes first. Its `pause` and `resume` stop and start reading.
   *
   * @param onRead takes the first `count` bytes of the buffer
   */
  begin(socket: Socket | LocalStream, onRead: (count: number) => void): void {
    const isDirect = socket instanceof Socket && !(socket instanceof TLSSocket) && this.#readDirectly(socket, onRead)
    // What lies there is told by an event, before anything more is read.
    if (!isDirect || socket.readableLength > 0) {
      socket.on('data', (chunk: Buffer) => {
        const buffer = this.#buffer
        for (let offset = 0; offset < chunk.length; offset += buffer.length) onRead(chunk.copy(buffer, 0, offset))
      })
    }
    socket.resume()
  }

  /** Returns whether it could be done; if not, the socket is as it was. */
  #readDirectly(socket: Socket, onRead: (count: number) => void): boolean {
    this.#slots ??= slotsOf(socket)
    const slots = this.#slots
    const handle = readingHandle(socket)
    if (handle === null || slots === null || Reflect.get(socket, slots.buffer) !== null) return false
    handle.useUserBuffer(this.#buffer)
    Reflect.set(socket, slots.buffer, this.#buffer)
    Reflect.set(socket, slots.callback, onRead)
    return true
  }
}

function readingHandle(socket: Socket): ReadingHandle | null {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) return null
  // Checked as far as it can be.
  return typeof handle.useUserBuffer === 'function' ? (handle as ReadingHandle) : null
}

function slotsOf(socket: Socket): OnreadSlots | null {
  const symbols = Object.getOwnPropertySymbols(socket)
  const buffer = symbols.find(({ description }) => description === 'kBuffer')
  const callback = symbols.find(({ description }) => description === 'kBufferCb')
  return buffer === undefined || callback === undefined ? null : { buffer, callback }
}
