import { JuteWriter } from 'jute-ts'
import type { CloseReason, Outbox, PersistBatch, SnapshotSummary } from '../core/outbox.ts'
import type { ConnectionId } from '../core/ports.ts'
import { encodeReplyHeader, encodeWatcherEvent, REPLY_HEADER_SIZE_BYTES } from '../protocol/generated/proto.ts'
import { type EventType, KeeperState, Xid } from '../protocol/op-code.ts'
import type { ClientSocket } from './client-socket.ts'

/** A client that takes nothing while this much is waiting for it is cut off. */
const UNSENT_BYTES_MAX = 256 * 1024 * 1024

/** What the outbox needs of the rest of the shell. */
export interface OutboxPorts {
  socket(id: ConnectionId): ClientSocket | undefined
  /** A socket is to be closed when its output has been sent. */
  close(socket: ClientSocket, reason: CloseReason): void
  /** A socket's unsent output has grown beyond all bounds. */
  overflow(socket: ClientSocket): void
  persist(sequence: number, batch: PersistBatch): void
  snapshotBegin(zxidHi: number, zxidLo: number): void
  snapshotChunk(bytes: Uint8Array): void
  snapshotEnd(summary: SnapshotSummary): void
  log(level: 'error' | 'warn' | 'info' | 'debug', message: string): void
}

/** Encodes what the core sends straight into the output buffers of its connections; `flush` ends the turn. */
export class ShellOutbox implements Outbox {
  readonly #ports: OutboxPorts
  readonly #nowhere = new JuteWriter(256)
  readonly #dirty: ClientSocket[] = []
  readonly #closing: { readonly socket: ClientSocket; readonly reason: CloseReason }[] = []
  #writer: JuteWriter = this.#nowhere
  #frameStart = 0
  #notification: Notification | null = null

  constructor(ports: OutboxPorts) {
    this.#ports = ports
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

  endFrame(): void {
    const { buffer, offset } = this.#writer
    buffer.writeInt32BE(offset - this.#frameStart - 4, this.#frameStart)
  }

  /** perf: the same event for many watchers is encoded once. */
  notify(connection: ConnectionId, zxidHi: number, zxidLo: number, type: EventType, path: string): void {
    const writer = this.#outputOf(connection)
    const last = this.#notification
    if (last?.path === path && last.type === type && last.zxidLo === zxidLo && last.zxidHi === zxidHi) {
      return writer.writeBytes(last.frame)
    }
    const start = writer.offset
    writer.writeInt(0)
    encodeReplyHeader(writer, { xid: Xid.notification, zxidHi, zxidLo, err: 0 })
    encodeWatcherEvent(writer, { type, state: KeeperState.syncConnected, path })
    writer.buffer.writeInt32BE(writer.offset - start - 4, start)
    const frame = Buffer.from(writer.buffer.subarray(start, writer.offset))
    this.#notification = { zxidHi, zxidLo, type, path, frame }
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

  log(level: 'error' | 'warn' | 'info' | 'debug', message: string): void {
    this.#ports.log(level, message)
  }

  /** Sends everything that the step wrote, one write per connection, then closes what is to be closed. */
  flush(): void {
    for (const socket of this.#dirty) socket.flush()
    this.#dirty.length = 0
    for (const { socket, reason } of this.#closing) this.#ports.close(socket, reason)
    this.#closing.length = 0
    this.#notification = null
  }

  #outputOf(connection: ConnectionId): JuteWriter {
    const socket = this.#ports.socket(connection)
    if (socket === undefined || socket.isClosing) return this.#nowhere.reset()
    if (!socket.hasOutput) {
      if (socket.unsentBytes > UNSENT_BYTES_MAX) {
        this.#ports.overflow(socket)
        return this.#nowhere.reset()
      }
      this.#dirty.push(socket)
    }
    return socket.output
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
