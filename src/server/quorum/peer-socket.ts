import type { JuteWriter } from 'jute-ts'
import type { LinkId } from '../../core/zab/peer-link.ts'
import type { Transport, TransportObserver } from '../net/transport.ts'
import type { OutputPool } from '../output-pool.ts'
import { socketProblem } from './socket-problem.ts'

/** Output that has to wait for earlier output is gathered in pieces of this size. */
const PIECE_BYTES = 256 * 1024
/** How long a link that is closed may take to send what was written to it. */
const LINGER_MS = 5000

/** What a socket tells its owner; nothing any more after `closeWhenSent` and `destroy`. */
export interface PeerSocketEvents {
  /** So many bytes are in the buffer for reads; they are there during the call only. */
  received(socket: PeerSocket, count: number): void
  /** The other side is gone. */
  closed(socket: PeerSocket, problem: string): void
  /** What was written has been sent, after `awaitDrained`. */
  drained(socket: PeerSocket): void
}

/** One connection of the quorum port: its output gathered for one write a step. */
export class PeerSocket implements TransportObserver {
  readonly link: LinkId
  readonly address: string
  /** Wall clock. */
  readonly openedMs = Date.now()
  /** Something has been written to `output` in this step. */
  isDirty = false
  readonly #transport: Transport
  readonly #pool: OutputPool
  readonly #events: PeerSocketEvents
  #output: JuteWriter | null = null
  #isDrainAwaited = false
  #isClosing = false
  #problem = 'closed by the other side'
  #lingering: NodeJS.Timeout | undefined

  /** @param transport has not begun: `begin` does that */
  constructor(link: LinkId, address: string, transport: Transport, pool: OutputPool, events: PeerSocketEvents) {
    this.link = link
    this.address = address
    this.#transport = transport
    this.#pool = pool
    this.#events = events
  }

  /** Begins to read. */
  begin(): void {
    this.#transport.begin(this)
  }

  /** Where this step's packets go. */
  get output(): JuteWriter {
    this.#output ??= this.#pool.take()
    return this.#output
  }

  get unsentBytes(): number {
    return this.#transport.unsentBytes + (this.#output?.offset ?? 0)
  }

  awaitDrained(): void {
    this.#isDrainAwaited = true
  }

  /** Sends what was gathered, in one write; while the network takes no more, it goes on gathering. */
  flush(): void {
    if (this.#isClosing) return
    const { isStuck } = this.#transport
    const writer = this.#output
    if (writer !== null && (!isStuck || writer.offset >= PIECE_BYTES)) this.#send(writer)
    if (!this.#isDrainAwaited || this.#transport.isStuck) return
    this.#isDrainAwaited = false
    this.#events.drained(this)
  }

  /** Closes when all output has been sent, or after a while. */
  closeWhenSent(): void {
    if (this.#output !== null) this.#send(this.#output)
    this.#isClosing = true
    const transport = this.#transport
    if (transport.destroyed) return
    this.#lingering = setTimeout(() => transport.destroy(), LINGER_MS)
    transport.closeWhenSent()
  }

  /** Closes at once. */
  destroy(): void {
    this.#isClosing = true
    this.#transport.destroy()
  }

  read(count: number): void {
    if (!this.#isClosing) this.#events.received(this, count)
  }

  sent(): void {
    this.flush()
  }

  ended(): void {
    // `closed` follows.
  }

  failed(error: Error): void {
    this.#problem = socketProblem(error)
  }

  closed(): void {
    clearTimeout(this.#lingering)
    if (this.#isClosing) return
    this.#isClosing = true
    this.#events.closed(this, this.#problem)
  }

  #send(writer: JuteWriter): void {
    const transport = this.#transport
    this.#output = null
    const isFree = writer.offset === 0 || transport.destroyed || transport.send(writer.bytes(), false)
    // Else it belongs to the transport.
    if (isFree) this.#pool.giveBack(writer)
  }
}
