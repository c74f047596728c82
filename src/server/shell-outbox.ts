import { JuteWriter } from 'jute-ts'
import type { AuditRecord } from '../core/audit/audit-record.ts'
import type { EnsembleOutbox, RoleView, StorageRequest } from '../core/ensemble/ensemble-outbox.ts'
import type { CloseReason, Outbox, PersistBatch, SnapshotSummary } from '../core/outbox.ts'
import type { ConnectionId } from '../core/ports.ts'
import type { EnsembleConfig, MemberAddress } from '../core/zab/membership/ensemble-config.ts'
import type { LinkId } from '../core/zab/peer-link.ts'
import { encodeReplyHeader, encodeWatcherEvent, REPLY_HEADER_SIZE_BYTES } from '../protocol/generated/proto.ts'
import { type EventType, KeeperState, Xid } from '../protocol/op-code.ts'
import { type ClientSocket, UNSENT_BYTES_PAUSE } from './client-socket.ts'

/**
 * A client that takes nothing while this much of events is waiting for it is cut off. (Replies need no such limit: the
 * core makes none for a client that does not take them.)
 */
const UNSENT_EVENT_BYTES_MAX = 64 * 1024 * 1024
/** When this much is waiting for all clients together, those that it is written for and who are behind are cut off. */
const UNSENT_TOTAL_BYTES_MAX = 512 * 1024 * 1024

/** What the outbox needs of the rest of the shell. */
export interface OutboxPorts {
  socket(id: ConnectionId): ClientSocket | undefined
  /** Unsent output of all sockets. */
  unsentBytes(): number
  /** A socket is to be closed when its output has been sent. */
  close(socket: ClientSocket, reason: CloseReason): void
  /** A socket's unsent output has grown beyond all bounds. */
  overflow(socket: ClientSocket): void
  persist(sequence: number, batch: PersistBatch): void
  snapshotBegin(zxidHi: number, zxidLo: number): void
  snapshotChunk(bytes: Uint8Array): void
  snapshotEnd(summary: SnapshotSummary): void
  snapshotAbandon(): void
  audit(record: AuditRecord): void
  log(level: 'error' | 'warn' | 'info' | 'debug', message: string): void
}

/** What a member of an ensemble says to its peers and its storage. */
export type PeerOutputs = Omit<EnsembleOutbox, keyof Outbox>

/** Encodes what the core sends straight into the output buffers of its connections; `flush` ends the turn. */
export class ShellOutbox implements EnsembleOutbox {
  readonly #ports: OutboxPorts
  readonly #peers: PeerOutputs
  readonly #nowhere = new JuteWriter(256)
  readonly #dirty: ClientSocket[] = []
  readonly #closing: { readonly socket: ClientSocket; readonly reason: CloseReason }[] = []
  #writer: JuteWriter = this.#nowhere
  #frameStart = 0
  #notification: Notification | null = null

  /** @param peers not given: a standalone server, which has none */
  constructor(ports: OutboxPorts, peers: PeerOutputs = NO_PEERS) {
    this.#ports = ports
    this.#peers = peers
  }

  beginReply(connection: ConnectionId, xid: number, zxidHi: number, zxidLo: number, err: number): JuteWriter {
    const writer = this.beginFrame(connection)
    const offset = writer.claim(REPLY_HEADER_SIZE_BYTES)
    const { buffer } = writer
    buffer.writeInt32BE(xid, offset)
    buffer.writeInt32BE(zxidHi, offset + 4)
    buffer.writeInt32BE(zxidLo, offset + 8)
    buffer.writeInt32BE(err, offset + 12)
    return writer
  }

  beginFrame(connection: ConnectionId): JuteWriter {
    this.#writer = this.#outputOf(connection)
    this.#frameStart = this.#writer.offset
    this.#writer.writeInt(0)
    return this.#writer
  }

  endFrame(): number {
    const { buffer, offset } = this.#writer
    const bytes = offset - this.#frameStart - 4
    buffer.writeInt32BE(bytes, this.#frameStart)
    return bytes
  }

  /** perf: the same event for many watchers is encoded once. */
  notify(connection: ConnectionId, zxidHi: number, zxidLo: number, type: EventType, path: string): number {
    const frame = this.#eventFrame(zxidHi, zxidLo, type, path)
    const socket = this.#dirtySocket(connection)
    if (socket !== null) {
      socket.writeShared(frame)
      socket.noteEvent(frame.length)
      if (socket.unsentEventBytes > UNSENT_EVENT_BYTES_MAX) this.#ports.overflow(socket)
    }
    return frame.length - 4
  }

  #eventFrame(zxidHi: number, zxidLo: number, type: EventType, path: string): Buffer {
    const last = this.#notification
    if (last?.path === path && last.type === type && last.zxidLo === zxidLo && last.zxidHi === zxidHi) return last.frame
    const writer = this.#nowhere.reset()
    writer.writeInt(0)
    encodeReplyHeader(writer, { xid: Xid.notification, zxidHi, zxidLo, err: 0 })
    encodeWatcherEvent(writer, { type, state: KeeperState.syncConnected, path })
    writer.buffer.writeInt32BE(writer.offset - 4, 0)
    const frame = writer.copyBytes()
    this.#notification = { zxidHi, zxidLo, type, path, frame }
    return frame
  }

  close(connection: ConnectionId, reason: CloseReason): void {
    const socket = this.#ports.socket(connection)
    if (socket !== undefined) this.#closing.push({ socket, reason })
  }

  pauseReading(connection: ConnectionId): void {
    this.#ports.socket(connection)?.pauseByCore(true)
  }

  resumeReading(connection: ConnectionId): void {
    this.#ports.socket(connection)?.pauseByCore(false)
  }

  awaitDrained(connection: ConnectionId): void {
    this.#ports.socket(connection)?.awaitDrained()
  }

  persist(sequence: number, batch: PersistBatch): void {
    this.#ports.persist(sequence, batch)
  }

  snapshotBegin(zxidHi: number, zxidLo: number): void {
    this.#ports.snapshotBegin(zxidHi, zxidLo)
  }

  snapshotChunk(bytes: Uint8Array): void {
    this.#ports.snapshotChunk(bytes)
  }

  snapshotEnd(summary: SnapshotSummary): void {
    this.#ports.snapshotEnd(summary)
  }

  snapshotAbandon(): void {
    this.#ports.snapshotAbandon()
  }

  linkWriter(link: LinkId): JuteWriter {
    return this.#peers.linkWriter(link)
  }

  awaitLinkDrained(link: LinkId): void {
    this.#peers.awaitLinkDrained(link)
  }

  closeLink(link: LinkId, reason: string): void {
    this.#peers.closeLink(link, reason)
  }

  sendNotification(to: number, bytes: Uint8Array): void {
    this.#peers.sendNotification(to, bytes)
  }

  openLearnerPort(observerMasterPort: number | null): void {
    this.#peers.openLearnerPort(observerMasterPort)
  }

  closeLearnerPort(): void {
    this.#peers.closeLearnerPort()
  }

  connectToLeader(link: LinkId, sid: number, addresses: readonly MemberAddress[]): void {
    this.#peers.connectToLeader(link, sid, addresses)
  }

  store(request: StorageRequest): void {
    this.#peers.store(request)
  }

  installBegin(zxidHi: number, zxidLo: number, currentEpoch: number): void {
    this.#peers.installBegin(zxidHi, zxidLo, currentEpoch)
  }

  roleChanged(view: RoleView): void {
    this.#peers.roleChanged(view)
  }

  configurationChanged(config: EnsembleConfig, lastSeen: EnsembleConfig | null): void {
    this.#peers.configurationChanged(config, lastSeen)
  }

  audit(record: AuditRecord): void {
    this.#ports.audit(record)
  }

  log(level: 'error' | 'warn' | 'info' | 'debug', message: string): void {
    this.#ports.log(level, message)
  }

  /** Sends everything that the step wrote, one write per connection, then closes what is to be closed. */
  flush(): void {
    for (const socket of this.#dirty) this.#flushOne(socket)
    this.#dirty.length = 0
    for (const { socket, reason } of this.#closing) this.#ports.close(socket, reason)
    this.#closing.length = 0
    this.#notification = null
  }

  #flushOne(socket: ClientSocket): void {
    socket.isDirty = false
    socket.flush()
    const isBehind = socket.unsentBytes > UNSENT_BYTES_PAUSE
    if (isBehind && this.#ports.unsentBytes() > UNSENT_TOTAL_BYTES_MAX) this.#ports.overflow(socket)
  }

  #outputOf(connection: ConnectionId): JuteWriter {
    return this.#dirtySocket(connection)?.output ?? this.#nowhere.reset()
  }

  /** The connection's socket, which `flush` will see to; null when nothing can be sent to it any more. */
  #dirtySocket(connection: ConnectionId): ClientSocket | null {
    const socket = this.#ports.socket(connection)
    if (socket === undefined || socket.isClosing) return null
    if (!socket.isDirty) {
      socket.isDirty = true
      this.#dirty.push(socket)
    }
    return socket
  }
}

/** The frame of the newest event. */
interface Notification {
  readonly zxidHi: number
  readonly zxidLo: number
  readonly type: EventType
  readonly path: string
  readonly frame: Buffer
}

function noPeers(): never {
  throw new Error('a standalone server has no peers')
}

const NO_PEERS: PeerOutputs = {
  linkWriter: noPeers,
  awaitLinkDrained: noPeers,
  closeLink: noPeers,
  sendNotification: noPeers,
  openLearnerPort: noPeers,
  closeLearnerPort: noPeers,
  connectToLeader: noPeers,
  store: noPeers,
  installBegin: noPeers,
  roleChanged: noPeers,
  configurationChanged: noPeers
}
