import type { ConnectionId } from '../core/ports.ts'
import { type Network, Pipe, type Place } from './network.ts'

/** A server's process, as connections know it. */
export interface ServingProcess {
  readonly sid: number
  readonly isUp: boolean
  readonly epoch: number
  acceptClient(connection: ClientConnection): ConnectionId
  clientFrame(id: ConnectionId, frame: Buffer): void
  clientClosed(id: ConnectionId): void
}

/** Whoever has opened a connection. */
export interface ClientEnd {
  readonly place: Place
  /** Whole frames, in order. */
  frames(connection: ClientConnection, frames: readonly Buffer[]): void
  /** The other side is gone. */
  closed(connection: ClientConnection): void
}

/** A client's connection with a server. Frames arrive whole: cutting them is the shell's business, and tested there. */
export class ClientConnection {
  readonly place: Place
  readonly process: ServingProcess
  /** In which the server serves: it closes the connection when that ends. */
  readonly epoch: number
  /** Session of which it is the connection now, in hexadecimal; null for none. The client's. */
  session: string | null = null
  readonly toClient: Pipe<readonly Buffer[]>
  readonly #toServer: Pipe<readonly Buffer[]>
  readonly #network: Network
  readonly #end: ClientEnd
  readonly #id: ConnectionId
  #isOver = false

  constructor(network: Network, end: ClientEnd, process: ServingProcess) {
    const { place } = end
    this.#network = network
    this.#end = end
    this.place = place
    this.process = process
    this.epoch = process.epoch
    this.toClient = new Pipe(
      network,
      process.sid,
      place,
      (frames) => end.frames(this, frames),
      () => this.#over()
    )
    this.#toServer = new Pipe(
      network,
      place,
      process.sid,
      (frames) => {
        for (const frame of frames) if (process.isUp) process.clientFrame(this.#id, frame)
      },
      () => process.clientClosed(this.#id)
    )
    this.#id = process.acceptClient(this)
  }

  send(frames: readonly Buffer[]): void {
    if (frames.length > 0) this.#toServer.send(frames)
  }

  /** The client closes it; what it has sent arrives still, or only a part of it. */
  close(isOrderly: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    this.toClient.drop()
    if (isOrderly) this.#toServer.end()
    else this.#toServer.cutShort()
  }

  /** It breaks, and what is on its way is lost. */
  break(): void {
    if (this.#isOver) return
    this.toClient.drop()
    this.#toServer.drop()
    const { agenda, dice } = this.#network
    agenda.after(dice.below(50), () => this.process.clientClosed(this.#id))
    agenda.after(dice.below(50), () => this.#over())
  }

  /** The server's process has stopped. */
  serverGone(): void {
    this.#toServer.drop()
    this.toClient.cutShort()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#toServer.drop()
    this.#end.closed(this)
  }
}
