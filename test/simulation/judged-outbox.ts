import { JuteWriter } from 'jute-ts'
import type { AuditRecord } from '../../src/core/audit/audit-record.ts'
import type { CloseReason, Outbox, PersistBatch, SnapshotSummary } from '../../src/core/outbox.ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import type { DataTree } from '../../src/core/tree/data-tree.ts'
import type { EventType } from '../../src/protocol/op-code.ts'
import type { SimulatedDisk } from './disk.ts'
import type { Judge } from './judge.ts'
import { check } from './simulation-error.ts'
import type { SnapshotRecorder } from './snapshot-recorder.ts'

/** Bytes with which memory is overwritten once it is not the receiver's any more. */
export const SCRIBBLE = 0xee

/** What a JudgedOutbox passes on to. */
export interface OutboxParts {
  readonly judge: Judge
  readonly disk: SimulatedDisk
  readonly snapshots: SnapshotRecorder
  tree(): DataTree
  trace(line: string): void
}

/** Takes what the peer sends and gives it to the judge at once, call by call. */
export class JudgedOutbox implements Outbox {
  readonly paused = new Set<ConnectionId>()
  /** Connections that the server closed and of whose end it has not been told. */
  readonly closing: ConnectionId[] = []
  /** Connections whose output is to be sent before the peer does more for them. */
  readonly undrained: ConnectionId[] = []
  readonly #parts: OutboxParts
  readonly #writer = new JuteWriter(1024)
  #begun: { readonly connection: ConnectionId; readonly reply: readonly [number, number, number] | null } | null = null

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  beginReply(connection: ConnectionId, xid: number, zxidHi: number, zxidLo: number, err: number): JuteWriter {
    check(this.#begun === null, () => 'a reply begins inside another one')
    check(zxidHi === 0 || zxidHi === -1, () => `a reply has zxid ${zxidHi},${zxidLo}`)
    this.#begun = { connection, reply: [xid, zxidLo, err] }
    return this.#writer.reset()
  }

  beginFrame(connection: ConnectionId): JuteWriter {
    check(this.#begun === null, () => 'a frame begins inside another one')
    this.#begun = { connection, reply: null }
    return this.#writer.reset()
  }

  endFrame(): number {
    const begun = this.#begun
    if (begun === null) throw new Error('endFrame without a frame')
    this.#begun = null
    const { connection, reply } = begun
    const body = this.#writer.copyBytes()
    this.#parts.trace(
      `  ${connection} <- ${reply === null ? 'session' : `xid ${reply[0]} zxid ${reply[1]} err ${reply[2]}`}`
    )
    if (reply === null) this.#parts.judge.greeted(connection, body)
    else this.#parts.judge.replied(connection, ...reply, body)
    return body.length
  }

  notify(connection: ConnectionId, zxidHi: number, zxidLo: number, type: EventType, path: string): number {
    check(this.#begun === null, () => 'an event inside a reply')
    this.#parts.trace(`  ${connection} <- event ${type} ${path} zxid ${zxidLo}`)
    this.#parts.judge.notified(connection, zxidHi === -1 ? -1 : zxidLo, type, path)
    return path.length
  }

  close(connection: ConnectionId, reason: CloseReason): void {
    this.#parts.trace(`  ${connection} <- close ${reason}`)
    this.#parts.judge.serverClosed(connection, reason)
    this.closing.push(connection)
  }

  pauseReading(connection: ConnectionId): void {
    this.paused.add(connection)
  }

  resumeReading(connection: ConnectionId): void {
    this.paused.delete(connection)
  }

  awaitDrained(connection: ConnectionId): void {
    this.#parts.trace(`  ${connection} <- asked to tell when it is drained`)
    this.undrained.push(connection)
  }

  persist(sequence: number, batch: PersistBatch): void {
    this.#parts.judge.shadow.log(this.#parts.disk.append(sequence, batch).body)
    batch.body.fill(SCRIBBLE)
  }

  snapshotBegin(zxidHi: number, zxidLo: number): void {
    const { judge, snapshots, tree } = this.#parts
    const { appliedZxid } = judge.peer
    check(zxidHi === 0 && zxidLo === appliedZxid, () => `a snapshot of ${zxidLo} at ${appliedZxid}`)
    snapshots.begin(tree())
  }

  snapshotChunk(bytes: Uint8Array): void {
    this.#parts.snapshots.chunk(bytes)
    bytes.fill(SCRIBBLE)
  }

  snapshotEnd(summary: SnapshotSummary): void {
    this.#parts.snapshots.end(summary)
  }

  snapshotAbandon(): void {
    throw new Error('a standalone server gave up a snapshot')
  }

  audit({ session, operation }: AuditRecord): void {
    const { settings } = this.#parts.judge.peer
    check(settings.audit !== null, () => 'audited, though that is off')
    check(session !== '0x0', () => `a ${operation} of no session was audited`)
  }

  log(level: 'error' | 'warn' | 'info' | 'debug', message: string): void {
    check(level !== 'error', () => `logged as an error: ${message}`)
  }
}
