import type { Socket } from 'node:net'
import { JuteWriter } from 'jute-ts'
import type { LinkId, LinkOutput } from '../../core/zab/peer-link.ts'
import type { Logger } from '../logging/logger.ts'
import { DirectReads } from '../net/direct-reads.ts'
import { DirectWrites } from '../net/direct-writes.ts'
import { StreamTransport } from '../net/stream-transport.ts'
import { OutputPool } from '../output-pool.ts'
import { PeerSocket, type PeerSocketEvents } from './peer-socket.ts'

/** Where the inputs of the quorum port go. None comes for a link after `closeLink`, nor after its `closed`. */
export interface PeerLinkEvents {
  opened(link: LinkId, address: string): void
  /** The first `count` bytes of the buffer have just come; they are there during the call only. */
  received(link: LinkId, buffer: Buffer, count: number): void
  closed(link: LinkId): void
  drained(link: LinkId): void
}

/** As much as Node.js reads at once. */
const READ_BYTES = 64 * 1024

/** Most bytes that may wait for one link by default; see `PeerLinks`. */
export const UNSENT_BYTES_MAX_DEFAULT = 256 * 1024 * 1024

/**
 * All connections of the quorum port, those that learners opened and the one to a leader: output is gathered and sent
 * at the end of a step, one write a link. A link whose other side takes nothing while more than a limit of bytes waits
 * for it is closed with a line; a learner then comes back and is brought up from the log or by a snapshot.
 */
export class PeerLinks implements LinkOutput, PeerSocketEvents {
  readonly #events: PeerLinkEvents
  readonly #log: Logger
  readonly #unsentBytesMax: number
  readonly #pool = new OutputPool()
  /** What has just been read from any of the links. */
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BYTES)
  readonly #reads = new DirectReads(this.#readBuffer)
  readonly #writes = new DirectWrites()
  readonly #nowhere = new JuteWriter(256)
  readonly #sockets = new Map<LinkId, PeerSocket>()
  /** Links that are still connecting, and what gives that up. */
  readonly #connecting = new Map<LinkId, () => void>()
  #dirty: PeerSocket[] = []
  #closing: PeerSocket[] = []
  #lastLink = 0

  constructor(events: PeerLinkEvents, log: Logger, unsentBytesMax = UNSENT_BYTES_MAX_DEFAULT) {
    this.#events = events
    this.#log = log
    this.#unsentBytesMax = unsentBytesMax
  }

  /** Open links. */
  get count(): number {
    return this.#sockets.size
  }

  /** Bytes that wait for a link; 0 for one that is gone. */
  unsentBytes(link: LinkId): number {
    return this.#sockets.get(link)?.unsentBytes ?? 0
  }

  /** Wall clock when a link was opened; 0 for one that is gone. */
  openedMs(link: LinkId): number {
    return this.#sockets.get(link)?.openedMs ?? 0
  }

  /** A link for a socket that was accepted. */
  accept(socket: Socket): void {
    this.#open(++this.#lastLink as LinkId, socket)
  }

  /** @param giveUp is called if the link is closed before it is `connected` or `failed` */
  connecting(link: LinkId, giveUp: () => void): void {
    this.#connecting.set(link, giveUp)
  }

  connected(link: LinkId, socket: Socket): void {
    if (this.#connecting.delete(link)) this.#open(link, socket)
    else socket.destroy()
  }

  failed(link: LinkId): void {
    if (this.#connecting.delete(link)) this.#events.closed(link)
  }

  linkWriter(link: LinkId): JuteWriter {
    const socket = this.#sockets.get(link)
    if (socket === undefined) return this.#nowhere.reset()
    this.#touch(socket)
    return socket.output
  }

  awaitLinkDrained(link: LinkId): void {
    const socket = this.#sockets.get(link)
    if (socket === undefined) return
    socket.awaitDrained()
    this.#touch(socket)
  }

  closeLink(link: LinkId, reason: string): void {
    this.#connecting.get(link)?.()
    this.#connecting.delete(link)
    const socket = this.#sockets.get(link)
    if (socket === undefined) return
    this.#log.info(`closing the connection with ${socket.address}: ${reason}`)
    this.#sockets.delete(link)
    this.#closing.push(socket)
  }

  /** Ends a step: sends what was written, then closes what is to be closed. */
  flush(): void {
    const dirty = this.#dirty
    this.#dirty = []
    for (const socket of dirty) {
      socket.isDirty = false
      if (!this.#sockets.has(socket.link)) continue
      socket.flush()
      if (socket.unsentBytes > this.#unsentBytesMax) this.#overflow(socket)
    }
    const closing = this.#closing
    this.#closing = []
    for (const socket of closing) socket.closeWhenSent()
  }

  /** Closes everything, as the process ends; nothing is delivered any more. */
  closeAll(): void {
    for (const giveUp of this.#connecting.values()) giveUp()
    this.#connecting.clear()
    this.#closing.push(...this.#sockets.values())
    this.#sockets.clear()
    this.flush()
  }

  received(socket: PeerSocket, count: number): void {
    if (this.#sockets.has(socket.link)) this.#events.received(socket.link, this.#readBuffer, count)
  }

  drained(socket: PeerSocket): void {
    if (this.#sockets.has(socket.link)) this.#events.drained(socket.link)
  }

  closed(socket: PeerSocket, problem: string): void {
    if (!this.#sockets.delete(socket.link)) return
    this.#log.info(`the connection with ${socket.address} ended: ${problem}`)
    this.#events.closed(socket.link)
  }

  #open(link: LinkId, raw: Socket): void {
    const transport = new StreamTransport(raw, this.#reads, this.#writes)
    const socket = new PeerSocket(link, addressOf(raw), transport, this.#pool, this)
    this.#sockets.set(link, socket)
    this.#events.opened(link, socket.address)
    socket.begin()
  }

  #touch(socket: PeerSocket): void {
    if (socket.isDirty) return
    socket.isDirty = true
    this.#dirty.push(socket)
  }

  #overflow(socket: PeerSocket): void {
    this.#log.warn(
      `closing the connection with ${socket.address}: it does not take what is sent (${socket.unsentBytes} bytes wait)`
    )
    socket.destroy()
    this.#sockets.delete(socket.link)
    this.#events.closed(socket.link)
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? 'unknown'}:${remotePort ?? 0}`
}
