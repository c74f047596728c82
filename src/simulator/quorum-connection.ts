import type { LinkId } from '../core/zab/peer-link.ts'
import type { Network } from './network.ts'
import { Pipe } from './network.ts'

/** A process at one end of connections of the quorum port. */
export interface QuorumEnd {
  readonly sid: number
  readonly isUp: boolean
  linkBytes(link: LinkId, bytes: Buffer): void
  linkClosed(link: LinkId): void
  linkDrained(link: LinkId): void
}

interface Side {
  readonly end: QuorumEnd
  readonly link: LinkId
}

/** How likely a piece of output arrives in several. */
const SPLIT_CHANCE = 0.1

/** A connection of the quorum port: two streams of bytes, which arrive in other pieces than they were written in. */
export class QuorumConnection {
  readonly sids: readonly [number, number]
  readonly #network: Network
  readonly #sides: readonly [Side, Side]
  readonly #pipes: readonly [Pipe<Buffer>, Pipe<Buffer>]
  /** Whether a side has closed it, or has been told that it is closed. */
  readonly #isClosed: [boolean, boolean] = [false, false]
  #isBroken = false

  constructor(network: Network, one: Side, other: Side) {
    this.#network = network
    this.sids = [one.end.sid, other.end.sid]
    this.#sides = [one, other]
    this.#pipes = [this.#pipe(0, 1), this.#pipe(1, 0)]
  }

  get isOver(): boolean {
    return this.#isBroken || (this.#isClosed[0] && this.#isClosed[1])
  }

  send(from: QuorumEnd, bytes: Buffer): void {
    const { dice } = this.#network
    const pipe = this.#pipes[this.#indexOf(from)]
    if (!dice.chance(SPLIT_CHANCE)) return pipe.send(bytes)
    for (let start = 0; start < bytes.length; ) {
      const end = start + 1 + dice.below(bytes.length - start)
      pipe.send(bytes.subarray(start, end))
      start = end
    }
  }

  /** `linkDrained` follows when the network has taken what was written so far. */
  awaitDrained(from: QuorumEnd): void {
    const index = this.#indexOf(from)
    const { end, link } = this.#sides[index]
    const pipe = this.#pipes[index]
    const look = (): void => {
      if (!end.isUp || this.isOver || this.#isClosed[index]) return
      if (pipe.isEmpty) end.linkDrained(link)
      else this.#network.agenda.after(1, look)
    }
    this.#network.agenda.after(this.#network.dice.next(), look)
  }

  /** A side closes it: the other one still gets what was written. */
  close(from: QuorumEnd): void {
    const index = this.#indexOf(from)
    this.#isClosed[index] = true
    this.#pipes[index].end()
  }

  /** It breaks, and what is on its way is lost. Both sides hear of it, sooner or later. */
  break(): void {
    if (this.isOver) return
    this.#isBroken = true
    for (const pipe of this.#pipes) pipe.drop()
    for (const index of [0, 1] as const)
      this.#network.agenda.after(this.#network.dice.below(100), () => this.#tell(index))
  }

  /** The process at one end has stopped. */
  cutShort(end: QuorumEnd): void {
    const index = this.#indexOf(end)
    this.#isClosed[index] = true
    this.#pipes[index].cutShort()
  }

  #indexOf(end: QuorumEnd): 0 | 1 {
    return this.#sides[0].end === end ? 0 : 1
  }

  #pipe(from: 0 | 1, to: 0 | 1): Pipe<Buffer> {
    const { end, link } = this.#sides[to]
    return new Pipe(
      this.#network,
      this.#sides[from].end.sid,
      end.sid,
      (bytes) => {
        if (end.isUp && !this.#isClosed[to]) end.linkBytes(link, bytes)
      },
      () => this.#tell(to)
    )
  }

  #tell(index: 0 | 1): void {
    const { end, link } = this.#sides[index]
    if (this.#isClosed[index] || !end.isUp) return
    this.#isClosed[index] = true
    end.linkClosed(link)
  }
}
