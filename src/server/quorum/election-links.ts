import { isIP, type Socket } from 'node:net'
import { isSameMembership } from '../../core/zab/membership/config-text.ts'
import type { EnsembleConfig } from '../../core/zab/membership/ensemble-config.ts'
import { memberOf } from '../../core/zab/membership/member-of.ts'
import type { Logger } from '../logging/logger.ts'
import { connectFirst, type PortAddress, showAddress } from './connect-first.ts'
import { type ElectionHandshake, encodeHandshake } from './election-handshake.ts'
import { ElectionLink, type ElectionLinkEvents } from './election-link.ts'
import { LimitedLog } from './limited-log.ts'
import type { PeerTransport } from './peer-transport.ts'
import { PendingHandshakes } from './pending-handshakes.ts'
import { PortListener } from './port-listener.ts'
import { checkReachable } from './reachability.ts'
import { CallerAuthentication } from './sasl/caller-authentication.ts'
import type { PeerAuthentication } from './sasl/peer-authentication.ts'
import { proveToServer } from './sasl/prove-to-server.ts'

export interface ElectionLinksSettings {
  /** Own sid. */
  readonly sid: number
  /** Listen on all addresses of the machine instead of those of the own line (`quorumListenOnAllIPs`). */
  readonly listenOnAllIps: boolean
  readonly multiAddressEnabled: boolean
  /**
   * With several addresses: how long a server's host may take to answer by the address at which it is connected, before
   * another address is tried (`multiAddress.reachabilityCheckTimeoutMs`); null: it is not asked
   * (`multiAddress.reachabilityCheckEnabled`).
   */
  readonly reachabilityTimeoutMs: number | null
  /** Attempts to bind the port; 0 = no end of them (`electionPortBindRetry`). */
  readonly bindTries: number
  /** `zookeeper.cnxTimeout` */
  readonly connectTimeoutMs: number
  /** Time in which a connection must say whose it is: tickTime × syncLimit, or `quorumCnxnTimeoutMs`. */
  readonly handshakeTimeoutMs: number
  readonly keepAlive: boolean
}

export interface ElectionLinksPorts {
  /** A message of another server, or of this one to itself. The bytes are the receiver's to keep. */
  onNotification(from: number, bytes: Buffer): void
  /** After a change of the own addresses: none of them can be bound, this server can take part in no election. */
  onUnbound(error: Error): void
  readonly transport: PeerTransport
  /** Null: servers need not authenticate themselves. */
  readonly authentication: PeerAuthentication | null
}

/** sid that observers without an id of their own give. */
const OBSERVER_SID = 2n ** 63n - 1n
/** Links to servers that are in no configuration (they want to join); the oldest goes when there are more. */
const STRANGER_COUNT_MAX = 64
const NOTHING = Buffer.alloc(0)

/** What is kept for another server, also while it is not connected. */
interface Peer {
  readonly sid: number
  link: ElectionLink | null
  /** Gives up the attempt to connect that is under way. */
  stopConnecting: (() => void) | null
  /** Gives up the check under way of whether its address still answers. */
  stopChecking: (() => void) | null
  /** Waits to be sent: the newest message only. */
  queued: Buffer | null
  /** The last one that was sent: sent again to a new connection when nothing is queued. */
  lastSent: Buffer | null
}

/**
 * The connections between election ports, one for each pair of servers, as upstream's QuorumCnxManager has them: of two
 * servers the one with the larger sid connects, and a smaller one that has something to say calls and is called back.
 * Connecting is tried when there is something to send, not by itself.
 */
export class ElectionLinks implements ElectionLinkEvents {
  readonly #settings: ElectionLinksSettings
  readonly #ports: ElectionLinksPorts
  readonly #log: Logger
  readonly #limitedLog: LimitedLog
  readonly #pending: PendingHandshakes
  readonly #callers: CallerAuthentication | null
  readonly #peers = new Map<number, Peer>()
  #committed: EnsembleConfig
  #lastSeen: EnsembleConfig | null
  /** Own election addresses. */
  #own: readonly PortAddress[]
  #listener: PortListener | null = null
  #lastObserverSid = 0
  #isClosed = false

  constructor(
    settings: ElectionLinksSettings,
    committed: EnsembleConfig,
    lastSeen: EnsembleConfig | null,
    ports: ElectionLinksPorts,
    log: Logger
  ) {
    this.#settings = settings
    this.#committed = committed
    this.#lastSeen = lastSeen
    this.#own = this.#configuredAddresses(settings.sid)
    this.#ports = ports
    this.#log = log
    this.#limitedLog = new LimitedLog(log)
    this.#pending = new PendingHandshakes(
      settings.handshakeTimeoutMs,
      (socket, handshake, rest) => this.#introduced(socket, handshake, rest),
      this.#limitedLog
    )
    this.#callers =
      ports.authentication === null
        ? null
        : new CallerAuthentication(ports.authentication, settings.handshakeTimeoutMs, this.#limitedLog)
  }

  /** Resolves when an address is bound. @throws the system's error when none can be */
  async listen(): Promise<void> {
    this.#listener?.close()
    const { listenOnAllIps, bindTries, keepAlive } = this.#settings
    const own = this.#own
    const ports = [...new Set(own.map(({ port }) => port))]
    const addresses = listenOnAllIps ? ports.map((port) => ({ host: null, port })) : own
    const listener = new PortListener(
      { name: 'election port', addresses, bindTries, socket: { noDelay: true, keepAlive } },
      this.#ports.transport,
      (socket) => this.#pending.add(socket),
      this.#log
    )
    this.#listener = listener
    await listener.open()
  }

  /** Ports that are bound. */
  get boundPorts(): readonly number[] {
    return this.#listener?.ports ?? []
  }

  /** Servers with a connection, in no order. */
  get connectedSids(): number[] {
    return [...this.#peers.values()].filter(({ link }) => link !== null).map(({ sid }) => sid)
  }

  /**
   * Sends the newest message for a server, and connects to it if it is not connected; an older one that was not sent
   * yet is dropped. One that cannot be reached gets it when a later `send`, or its own call, has made the connection.
   */
  send(to: number, bytes: Uint8Array): void {
    if (this.#isClosed) return
    const message = Buffer.from(bytes)
    if (to === this.#settings.sid) {
      queueMicrotask(() => {
        if (!this.#isClosed) this.#ports.onNotification(to, message)
      })
      return
    }
    const peer = this.#peers.get(to) ?? this.#newPeer(to)
    if (peer.link !== null) this.#checkReachable(peer, peer.link)
    peer.queued = message
    this.#connect(peer, this.#configuredAddresses(to))
    this.#pump(peer)
  }

  /**
   * The configuration in force, and the one last seen where that is newer. As upstream's restart of the leader election:
   * when the membership changes, all connections are closed and what was queued is forgotten; removed servers may
   * connect again. New ones of `lastSeen` are connected to at once.
   */
  setMembers(committed: EnsembleConfig, lastSeen: EnsembleConfig | null): void {
    if (this.#isClosed) return
    const isChanged = !isSameMembership(committed, this.#committed)
    this.#committed = committed
    this.#lastSeen = lastSeen
    if (isChanged) {
      this.#log.info('the membership has changed: all election connections are made anew')
      this.#forgetAll()
      if (this.#isMoved()) this.listen().catch((error: Error) => this.#ports.onUnbound(error))
    }
    for (const { id } of lastSeen?.members ?? []) {
      if (id === this.#settings.sid || memberOf(committed, id) !== undefined) continue
      this.#connect(this.#peers.get(id) ?? this.#newPeer(id), this.#configuredAddresses(id))
    }
  }

  /** Closes everything; nothing is delivered any more. */
  close(): void {
    this.#isClosed = true
    this.#listener?.close()
    this.#pending.closeAll()
    this.#callers?.closeAll()
    this.#forgetAll()
  }

  message(link: ElectionLink, bytes: Buffer): void {
    this.#ports.onNotification(link.sid, bytes)
  }

  writable(link: ElectionLink): void {
    const peer = this.#peers.get(link.sid)
    if (peer?.link === link) this.#pump(peer)
  }

  closed(link: ElectionLink, problem: string): void {
    const peer = this.#peers.get(link.sid)
    if (peer?.link !== link) return
    peer.link = null
    this.#limitedLog.warn(`broken ${link.sid}`, `the election connection with server ${link.sid} ended: ${problem}`)
    this.#forgetStranger(peer)
  }

  /** Takes the own addresses as they are configured now; a server that was removed goes on with those that it had. */
  #isMoved(): boolean {
    const own = this.#configuredAddresses(this.#settings.sid)
    if (own.length === 0 || JSON.stringify(own) === JSON.stringify(this.#own)) return false
    this.#own = own
    return true
  }

  /** Another server has connected and said who it is; next, it may have to prove it. */
  #introduced(socket: Socket, handshake: ElectionHandshake, rest: Buffer): void {
    if (this.#callers === null) return this.#called(socket, handshake, rest)
    this.#callers.add(socket, rest, () => {
      // A larger one that is gone calls again; a smaller one had nothing more to say.
      if (!socket.destroyed || handshake.sid < BigInt(this.#settings.sid)) this.#called(socket, handshake, NOTHING)
    })
  }

  #called(socket: Socket, { sid: givenSid, addresses }: ElectionHandshake, rest: Buffer): void {
    const own = this.#settings.sid
    const sid = this.#sidOf(givenSid)
    if (sid === null || sid === own) {
      const remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
      const who = sid === own ? `this server's own id, ${own}: two servers have the same myid` : `the id ${givenSid}`
      this.#limitedLog.warn('sid', `closing a connection to the election port from ${remote}: it gives ${who}`)
      socket.destroy()
      return
    }
    this.#compareAddresses(sid, addresses)
    const peer = this.#peers.get(sid) ?? this.#newPeer(sid)
    if (sid > own) {
      this.#adopt(peer, socket)
      if (rest.length > 0) peer.link?.take(rest)
      return
    }
    // The server with the larger sid is the one that connects: call back.
    socket.destroySoon()
    peer.link?.close()
    peer.link = null
    this.#connect(peer, addresses.length > 0 ? addresses : this.#configuredAddresses(sid))
  }

  /** A server that says of itself what the configuration does not say of it: one of two with the same id, or configured otherwise. */
  #compareAddresses(sid: number, given: readonly PortAddress[]): void {
    const configured = this.#configuredAddresses(sid)
    if (given.length === 0 || configured.length === 0) return
    if (given.some((one) => configured.some((other) => canBeSame(one, other)))) return
    this.#limitedLog.warn(
      `address ${sid}`,
      `a server that says it is server ${sid} has the election address ${given.map(showAddress).join(', ')}, but the ` +
        `configuration has ${configured.map(showAddress).join(', ')}: two servers with one myid, or another configuration`
    )
  }

  /** Null: no number that a server can have. */
  #sidOf(given: bigint): number | null {
    if (given === OBSERVER_SID) return --this.#lastObserverSid
    const sid = Number(given)
    return Number.isSafeInteger(sid) ? sid : null
  }

  #connect(peer: Peer, addresses: readonly PortAddress[]): void {
    if (peer.link !== null || peer.stopConnecting !== null || this.#isClosed) return
    const { sid } = peer
    if (addresses.length === 0) {
      this.#limitedLog.warn(`unknown ${sid}`, `server ${sid} is in no configuration: its address is not known`)
      this.#forgetStranger(peer)
      return
    }
    const { connectTimeoutMs, keepAlive } = this.#settings
    const socketOptions = { noDelay: true, keepAlive }
    peer.stopConnecting = connectFirst(
      addresses,
      connectTimeoutMs,
      this.#ports.transport,
      socketOptions,
      (socket, address, problem) => {
        peer.stopConnecting = null
        if (socket !== null && address !== null) return this.#introduce(peer, socket, address)
        const where = addresses.map(showAddress).join(', ')
        this.#limitedLog.warn(
          `connect ${sid}`,
          `cannot connect to server ${sid} at its election address ${where}: ${problem}`
        )
        this.#forgetStranger(peer)
      }
    )
  }

  /**
   * A connection by an address that has gone dead lives on for minutes. With several addresses to choose from it is looked
   * after whenever something is sent by it, as upstream does.
   */
  #checkReachable(peer: Peer, link: ElectionLink): void {
    const { multiAddressEnabled, reachabilityTimeoutMs, keepAlive } = this.#settings
    const addresses = this.#configuredAddresses(peer.sid)
    const host = link.remoteHost
    if (!multiAddressEnabled || reachabilityTimeoutMs === null || addresses.length < 2) return
    if (host === null || peer.stopChecking !== null) return
    const ports = [...new Set(addresses.map(({ port }) => port))]
    const done = (isReachable: boolean): void => {
      peer.stopChecking = null
      if (isReachable || peer.link !== link) return
      this.#log.warn(`server ${peer.sid} does not answer at ${host} any more: connecting to it by its other addresses`)
      link.close()
      peer.link = null
      this.#connect(peer, addresses)
    }
    const { transport } = this.#ports
    peer.stopChecking = checkReachable(
      host,
      ports,
      reachabilityTimeoutMs,
      transport,
      { noDelay: true, keepAlive },
      done
    )
  }

  /** Says, and proves if need be, who this server is; to a larger one that is all: it calls back. */
  #introduce(peer: Peer, socket: Socket, address: PortAddress): void {
    const { sid, multiAddressEnabled, connectTimeoutMs } = this.#settings
    socket.write(encodeHandshake(sid, this.#own, multiAddressEnabled))
    const exchange = this.#ports.authentication?.newClient(address.host) ?? null
    if (exchange === null) return this.#keep(peer, socket)
    peer.stopConnecting = proveToServer(socket, exchange, connectTimeoutMs, (problem) => {
      peer.stopConnecting = null
      if (problem === null) return this.#keep(peer, socket)
      const where = `server ${peer.sid} at its election address ${showAddress(address)}`
      this.#limitedLog.warn(`sasl ${peer.sid}`, `cannot authenticate to ${where}: ${problem}`)
      this.#forgetStranger(peer)
    })
  }

  /** A connection that this server has made is kept unless the other one's id is larger. */
  #keep(peer: Peer, socket: Socket): void {
    const { sid } = this.#settings
    if (peer.sid > sid) {
      this.#log.debug(`told server ${peer.sid} to connect: its id is larger`)
      socket.destroySoon()
    } else {
      this.#adopt(peer, socket)
    }
  }

  #adopt(peer: Peer, socket: Socket): void {
    peer.link?.close()
    const link = new ElectionLink(peer.sid, socket, this)
    peer.link = link
    this.#log.debug(`election connection with server ${peer.sid} at ${link.remote}`)
    if (peer.queued === null && peer.lastSent !== null) link.send(peer.lastSent)
    this.#pump(peer)
  }

  #pump(peer: Peer): void {
    if (peer.queued === null || peer.link === null || !peer.link.isIdle) return
    peer.lastSent = peer.queued
    peer.queued = null
    peer.link.send(peer.lastSent)
  }

  #newPeer(sid: number): Peer {
    const peer: Peer = { sid, link: null, stopConnecting: null, stopChecking: null, queued: null, lastSent: null }
    this.#peers.set(sid, peer)
    this.#dropOldestStranger()
    return peer
  }

  #isStranger(sid: number): boolean {
    return memberOf(this.#committed, sid) === undefined && memberOf(this.#lastSeen, sid) === undefined
  }

  /** Nothing is kept for a server that is in no configuration and not connected: it calls again. */
  #forgetStranger(peer: Peer): void {
    if (peer.link !== null || peer.stopConnecting !== null) return
    if (this.#isStranger(peer.sid) && this.#peers.get(peer.sid) === peer) this.#peers.delete(peer.sid)
  }

  #dropOldestStranger(): void {
    const strangers = [...this.#peers.values()].filter(({ sid }) => this.#isStranger(sid))
    const [oldest] = strangers
    if (oldest === undefined || strangers.length <= STRANGER_COUNT_MAX) return
    this.#limitedLog.warn('strangers', `more than ${STRANGER_COUNT_MAX} servers that are in no configuration connect`)
    this.#forget(oldest)
  }

  #forget(peer: Peer): void {
    peer.link?.close()
    peer.stopConnecting?.()
    peer.stopChecking?.()
    this.#peers.delete(peer.sid)
  }

  #forgetAll(): void {
    for (const peer of [...this.#peers.values()]) this.#forget(peer)
  }

  /** As the configuration in force has them, else the one last seen. */
  #configuredAddresses(sid: number): PortAddress[] {
    const member = memberOf(this.#committed, sid) ?? memberOf(this.#lastSeen, sid)
    return (member?.addresses ?? []).map(({ host, electionPort }) => ({ host, port: electionPort }))
  }
}

/** Names are not resolved: with one of them, only the ports tell a difference. */
function canBeSame(a: PortAddress, b: PortAddress): boolean {
  return a.port === b.port && (a.host === b.host || !isOneHost(a.host) || !isOneHost(b.host))
}

function isOneHost(host: string): boolean {
  return isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::'
}
