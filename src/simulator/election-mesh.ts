import type { Network } from './network.ts'
import { Pipe } from './network.ts'

/** Whoever has an election port. */
export interface ElectionEnd {
  readonly sid: number
  readonly isUp: boolean
  notification(from: number, bytes: Buffer): void
}

/** What one server knows of its connection with another, as `ElectionLinks` does. */
interface PeerView {
  queued: Buffer | null
  lastSent: Buffer | null
  link: ElectionConnection | null
  isConnecting: boolean
}

const CONNECT_TIMEOUT_MS = 300

/**
 * The connections between election ports. For each server there is a queue of one: an older message that was not sent is
 * dropped. What is on its way is lost with the connection; a new connection begins with the last message once more.
 */
export class ElectionMesh {
  readonly network: Network
  /** By sid, of the processes that run now. */
  readonly #ports = new Map<number, ElectionPort>()

  constructor(network: Network) {
    this.network = network
  }

  /** A process begins. */
  open(end: ElectionEnd): ElectionPort {
    const port = new ElectionPort(this, end)
    this.#ports.set(end.sid, port)
    return port
  }

  port(sid: number): ElectionPort | undefined {
    return this.#ports.get(sid)
  }

  /** The connection between two servers breaks, and what is on its way is lost. */
  breakLink(one: number, other: number): void {
    this.#ports.get(one)?.linkWith(other)?.break()
  }
}

/** The election port of one process. */
export class ElectionPort {
  readonly end: ElectionEnd
  readonly #mesh: ElectionMesh
  readonly #peers = new Map<number, PeerView>()
  /** Members of the configuration in force, as a text; null while it is that of the start. */
  #membership: string | null = null
  /** Null: everybody. */
  #known: ReadonlySet<number> | null = null

  constructor(mesh: ElectionMesh, end: ElectionEnd) {
    this.#mesh = mesh
    this.end = end
  }

  send(to: number, bytes: Uint8Array): void {
    const message = Buffer.from(bytes)
    const { agenda } = this.#mesh.network
    if (to === this.end.sid) return agenda.after(0, () => this.end.notification(to, message))
    const peer = this.#peer(to)
    peer.queued = message
    this.#pump(peer)
    if (peer.link === null && !peer.isConnecting) this.#connect(to, peer)
  }

  /**
   * The configuration has changed. With another membership all connections are made anew, and what was on its way is
   * forgotten; strangers are forgotten when their connection ends.
   */
  setMembers(membership: string, known: ReadonlySet<number>): void {
    const isChanged = this.#membership !== null && this.#membership !== membership
    this.#membership = membership
    this.#known = known
    if (!isChanged) return
    const links = [...this.#peers.values()].map(({ link }) => link)
    this.#peers.clear()
    for (const link of links) link?.break()
  }

  linkWith(sid: number): ElectionConnection | null {
    return this.#peers.get(sid)?.link ?? null
  }

  /** The process has stopped. */
  close(): void {
    for (const { link } of this.#peers.values()) link?.cutShort(this.end.sid)
    this.#peers.clear()
  }

  adopt(sid: number, link: ElectionConnection): void {
    const peer = this.#peer(sid)
    peer.link?.break()
    peer.link = link
    if (peer.queued === null && peer.lastSent !== null) link.send(this.end.sid, peer.lastSent)
    this.#pump(peer)
  }

  lost(sid: number, link: ElectionConnection): void {
    const peer = this.#peers.get(sid)
    if (peer?.link !== link) return
    peer.link = null
    if (this.#known !== null && !this.#known.has(sid)) this.#peers.delete(sid)
  }

  #pump(peer: PeerView): void {
    if (peer.queued === null || peer.link === null) return
    peer.lastSent = peer.queued
    peer.queued = null
    peer.link.send(this.end.sid, peer.lastSent)
  }

  #connect(to: number, peer: PeerView): void {
    const { network } = this.#mesh
    const { sid } = this.end
    peer.isConnecting = true
    network.agenda.after(network.delayMs(sid, to) + network.delayMs(to, sid), () => {
      const other = this.#mesh.port(to)
      if (this.end.isUp && other?.end.isUp && network.canConnect(sid, to)) {
        peer.isConnecting = false
        if (peer.link !== null) return
        const link = new ElectionConnection(network, this, other)
        other.adopt(sid, link)
        this.adopt(to, link)
      } else {
        network.agenda.after(CONNECT_TIMEOUT_MS, () => {
          peer.isConnecting = false
        })
      }
    })
  }

  #peer(sid: number): PeerView {
    const known = this.#peers.get(sid)
    if (known !== undefined) return known
    const peer: PeerView = { queued: null, lastSent: null, link: null, isConnecting: false }
    this.#peers.set(sid, peer)
    return peer
  }
}

/** One connection between two election ports. */
export class ElectionConnection {
  readonly #network: Network
  readonly #ends: readonly [ElectionPort, ElectionPort]
  readonly #pipes: readonly [Pipe<Buffer>, Pipe<Buffer>]
  #isBroken = false

  constructor(network: Network, one: ElectionPort, other: ElectionPort) {
    this.#network = network
    this.#ends = [one, other]
    this.#pipes = [this.#pipe(one, other), this.#pipe(other, one)]
  }

  send(from: number, bytes: Buffer): void {
    this.#pipes[this.#ends[0].end.sid === from ? 0 : 1].send(bytes)
  }

  /** Both sides lose it, sooner or later. */
  break(): void {
    if (this.#isBroken) return
    this.#isBroken = true
    for (const pipe of this.#pipes) pipe.drop()
    const [one, other] = this.#ends
    const { agenda, dice } = this.#network
    agenda.after(dice.below(50), () => one.lost(other.end.sid, this))
    agenda.after(dice.below(50), () => other.lost(one.end.sid, this))
  }

  /** The process at one end has stopped. */
  cutShort(sid: number): void {
    const index = this.#ends[0].end.sid === sid ? 0 : 1
    this.#pipes[index].cutShort()
    this.#pipes[1 - index]?.drop()
  }

  #pipe(from: ElectionPort, to: ElectionPort): Pipe<Buffer> {
    const { sid } = from.end
    return new Pipe(
      this.#network,
      sid,
      to.end.sid,
      (bytes) => {
        if (to.end.isUp) to.end.notification(sid, bytes)
      },
      () => to.lost(sid, this)
    )
  }
}
