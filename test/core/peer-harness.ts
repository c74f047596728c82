import { createHash } from 'node:crypto'
import * as zlib from 'node:zlib'
import { JuteReader, JuteWriter } from 'jute-ts'
import { createAclChecker } from '../../src/core/acl/acl-checker.ts'
import { configuredProviders } from '../../src/core/acl/configured-providers.ts'
import type { AuditRecord } from '../../src/core/audit/audit-record.ts'
import { InputBatch } from '../../src/core/input-batch.ts'
import { createMetrics, createServerStats } from '../../src/core/metrics.ts'
import type { CloseReason, Outbox, PersistBatch, SnapshotSummary } from '../../src/core/outbox.ts'
import { Peer } from '../../src/core/peer.ts'
import type { CoreSettings } from '../../src/core/pipeline/core-settings.ts'
import type { SlowRequests } from '../../src/core/pipeline/slow-requests.ts'
import type { ReplayedLog } from '../../src/core/pipeline/snapshotter.ts'
import type { ConnectionId, HashPort, SaslAnswer, SaslPort } from '../../src/core/ports.ts'
import { SessionTable } from '../../src/core/session/session-table.ts'
import { PlainTree } from '../../src/core/tree/plain-tree.ts'
import { decodeStat, type Stat } from '../../src/protocol/generated/data.ts'
import { REPLY_HEADER_SIZE_BYTES } from '../../src/protocol/generated/proto.ts'
import type { EventType } from '../../src/protocol/op-code.ts'
import { decodeTxn, type Txn } from '../../src/protocol/txn.ts'
import { DEFAULT_CORE_SETTINGS } from '../../src/simulator/default-core-settings.ts'

const crc32 = (zlib as unknown as { crc32: (data: Uint8Array, seed?: number) => number }).crc32

export const testHash: HashPort = {
  digest: (bytes) => createHash('sha1').update(bytes).digest(),
  crc32: (bytes, seed) => crc32(bytes, seed)
}

/** What went to one connection, in order. */
export type Sent =
  | { readonly kind: 'reply'; readonly xid: number; readonly zxid: number; readonly err: number; readonly body: Buffer }
  | { readonly kind: 'frame'; readonly body: Buffer }
  | { readonly kind: 'event'; readonly type: number; readonly path: string; readonly zxid: number }
  | { readonly kind: 'closed'; readonly reason: CloseReason }

export const SUPER_DIGEST = 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs='

export const DEFAULT_SETTINGS: CoreSettings = DEFAULT_CORE_SETTINGS

/**
 * One peer with its world in the hands of the test: requests go in, what was sent is looked at, and nothing is durable
 * until `persist` says so (or `autoPersist` is on).
 */
export class PeerHarness implements Outbox {
  readonly peer: Peer
  readonly tree: PlainTree
  readonly txns: Txn[] = []
  readonly audited: AuditRecord[] = []
  readonly logged: { readonly level: string; readonly message: string }[] = []
  readonly paused = new Set<ConnectionId>()
  readonly awaitingDrain = new Set<ConnectionId>()
  readonly metrics = createMetrics()
  readonly stats = createServerStats()
  readonly slow: SlowRequests | null
  /** How long the peer's steps take, ms. */
  stepMs = 0
  snapshotChunks: Buffer[] = []
  snapshotSummary: SnapshotSummary | null = null
  autoPersist = true
  nowMs = 1_000_000
  wallMs = 1_700_000_000_000
  readonly #batch = new InputBatch()
  readonly #given: Buffer[] = []
  readonly #sent = new Map<ConnectionId, Sent[]>()
  readonly #writer = new JuteWriter(1024)
  #begun: { connection: ConnectionId; reply: { xid: number; zxid: number; err: number } | null } | null = null
  #lastSequence = 0
  #lastId = 0

  constructor(
    settings: Partial<CoreSettings> = {},
    options: {
      skipAcl?: boolean
      replayed?: ReplayedLog
      sasl?: SaslPort
      slow?: SlowRequests
      /** The scheme x509 is there, with this super user; null = with none. */
      x509SuperUser?: string | null
      /** Names for the scheme `ensemble`, which is there with them. */
      ensembleNames?: readonly string[]
    } = {}
  ) {
    const core = { ...DEFAULT_SETTINGS, ...settings }
    this.slow = options.slow ?? null
    this.tree = new PlainTree(testHash, {
      digestEnabled: core.digestEnabled,
      extendedTypesEnabled: core.extendedTypesEnabled
    })
    const providers = configuredProviders(
      {
        digestEnabled: true,
        superDigest: SUPER_DIGEST,
        x509Enabled: options.x509SuperUser !== undefined,
        x509SuperUser: options.x509SuperUser ?? null,
        x509IdsAreSubjects: true,
        saslEnabled: options.sasl !== undefined,
        letAnySaslUserDoX: null,
        ensembleEnabled: options.ensembleNames !== undefined,
        ensembleNames: options.ensembleNames ?? null
      },
      testHash
    )
    this.peer = new Peer({
      settings: core,
      hash: testHash,
      tree: this.tree,
      sessions: new SessionTable(core.tickTimeMs, this.nowMs),
      replayed: options.replayed ?? { txnCount: 0, bytes: 0 },
      acl: createAclChecker({ providers, skipAcl: options.skipAcl ?? false }),
      sasl: options.sasl ?? null,
      slow: this.slow,
      metrics: this.metrics,
      stats: this.stats,
      seed: 1,
      monotonicMs: this.nowMs,
      out: this
    })
  }

  /** Opens a connection and a session on it. */
  session(timeoutMs = 10000): ConnectionId {
    const id = this.open()
    this.connect(id, { timeoutMs })
    return id
  }

  open(address = '127.0.0.1'): ConnectionId {
    const id = ++this.#lastId as ConnectionId
    this.#sent.set(id, [])
    this.#batch.pushOpened(id, address)
    this.run()
    return id
  }

  /** The client of a connection that has just been opened has shown a certificate. */
  certify(id: ConnectionId, certificateId: string): void {
    this.#batch.pushCertified(id, certificateId)
    this.run()
  }

  connect(
    id: ConnectionId,
    options: {
      timeoutMs?: number
      lastZxid?: number
      sessionId?: bigint
      password?: Uint8Array
      readOnly?: boolean
    } = {}
  ): void {
    const writer = new JuteWriter(64)
    writer.writeInt(0)
    writer.writeInt64(0, options.lastZxid ?? 0)
    writer.writeInt(options.timeoutMs ?? 10000)
    writer.writeLong(options.sessionId ?? 0n)
    writer.writeBuffer(options.password ?? new Uint8Array(16))
    if (options.readOnly !== undefined) writer.writeBool(options.readOnly)
    this.frame(id, writer.copyBytes())
  }

  /** Sends one request; `write` makes its record. Returns what has arrived at the connection since. */
  request(id: ConnectionId, type: number, xid: number, write?: (writer: JuteWriter) => void): Sent[] {
    const before = this.sent(id).length
    this.frame(id, requestFrame(type, xid, write))
    return this.sent(id).slice(before)
  }

  frame(id: ConnectionId, bytes: Buffer): void {
    this.queueFrame(id, bytes)
    this.run()
  }

  /** Adds a frame to the next step without running it. */
  queueFrame(id: ConnectionId, bytes: Buffer, receivedMs = this.nowMs): void {
    const frame = Buffer.from(bytes)
    this.#given.push(frame)
    this.#batch.pushFrame(id, frame, 0, frame.length, receivedMs)
  }

  /** The client of a connection stops taking its replies. */
  congest(id: ConnectionId): void {
    this.#batch.pushCongested(id)
    this.run()
  }

  /** The answer to a SASL token that was pending. */
  answerSasl(id: ConnectionId, answer: SaslAnswer): void {
    this.#batch.pushSaslAnswered(id, answer)
    this.run()
  }

  /** All that was written to a connection has been sent. */
  drain(id: ConnectionId): void {
    this.awaitingDrain.delete(id)
    this.#batch.pushDrained(id)
    this.run()
  }

  disconnect(id: ConnectionId): void {
    this.#batch.pushClosed(id)
    this.run()
  }

  /** Lets time pass, in ticks of `stepMs`. */
  advance(ms: number, stepMs = 500): void {
    for (let left = ms; left > 0; left -= stepMs) {
      this.nowMs += Math.min(stepMs, left)
      this.wallMs += Math.min(stepMs, left)
      this.#batch.pushTick()
      this.run()
    }
  }

  /** A tick that comes late by `lateMs`, the clock having been moved by the caller. */
  advanceLate(lateMs: number): void {
    this.#batch.lateMs = lateMs
    this.#batch.pushTick()
    this.run()
    this.#batch.lateMs = 0
  }

  /** Everything handed to the log so far is durable. */
  persist(): void
  persist(sequence: number, batch: PersistBatch): void
  persist(sequence?: number, batch?: PersistBatch): void {
    if (sequence !== undefined && batch !== undefined) return this.#log(sequence, batch)
    for (let sequence = -1; sequence !== this.#lastSequence; ) {
      sequence = this.#lastSequence
      this.#batch.pushPersisted(sequence)
      this.#step()
    }
  }

  run(): void {
    const before = this.#lastSequence
    this.#step()
    if (this.autoPersist && this.#lastSequence !== before) this.persist()
  }

  #step(): void {
    this.#batch.monotonicMs = this.nowMs
    this.#batch.wallMs = this.wallMs
    this.peer.step(this.#batch, this)
    this.peer.settle(this.nowMs + this.stepMs)
    this.#batch.clear()
    // A frame's bytes are the shell's again: who has kept a view of them sees this.
    for (const frame of this.#given.splice(0)) frame.fill(0xdd)
  }

  pullSnapshot(bytesMax: number): void {
    this.#batch.pushSnapshotPull(bytesMax)
    this.run()
  }

  sent(id: ConnectionId): Sent[] {
    return this.#sent.get(id) ?? []
  }

  #log(sequence: number, batch: PersistBatch): void {
    this.#lastSequence = sequence
    const body = Buffer.from(batch.body)
    for (let offset = 0; offset < body.length; ) {
      const end = offset + 4 + body.readInt32BE(offset)
      this.txns.push(decodeTxn(new JuteReader().reset(body, offset + 4, end)))
      offset = end
    }
  }

  // ---- Outbox

  beginReply(connection: ConnectionId, xid: number, zxidHi: number, zxidLo: number, err: number): JuteWriter {
    this.#begun = { connection, reply: { xid, zxid: zxidHi * 2 ** 32 + (zxidLo >>> 0), err } }
    return this.#writer.reset()
  }

  beginFrame(connection: ConnectionId): JuteWriter {
    this.#begun = { connection, reply: null }
    return this.#writer.reset()
  }

  endFrame(): number {
    if (this.#begun === null) throw new Error('endFrame without a frame')
    const { connection, reply } = this.#begun
    const body = this.#writer.copyBytes()
    this.#begun = null
    this.sent(connection).push(reply === null ? { kind: 'frame', body } : { kind: 'reply', ...reply, body })
    return reply === null ? body.length : REPLY_HEADER_SIZE_BYTES + body.length
  }

  notify(connection: ConnectionId, zxidHi: number, zxidLo: number, type: EventType, path: string): number {
    const zxid = zxidHi < 0 ? -1 : zxidHi * 2 ** 32 + (zxidLo >>> 0)
    this.sent(connection).push({ kind: 'event', type, path, zxid })
    return REPLY_HEADER_SIZE_BYTES + 12 + Buffer.byteLength(path)
  }

  close(connection: ConnectionId, reason: CloseReason): void {
    this.sent(connection).push({ kind: 'closed', reason })
  }

  pauseReading(connection: ConnectionId): void {
    this.paused.add(connection)
  }

  resumeReading(connection: ConnectionId): void {
    this.paused.delete(connection)
  }

  awaitDrained(connection: ConnectionId): void {
    this.awaitingDrain.add(connection)
  }

  snapshotBegin(): void {
    this.snapshotChunks = []
    this.snapshotSummary = null
  }

  snapshotChunk(bytes: Uint8Array): void {
    this.snapshotChunks.push(Buffer.from(bytes))
  }

  snapshotEnd(summary: SnapshotSummary): void {
    this.snapshotSummary = summary
  }

  snapshotAbandon(): void {
    throw new Error('a standalone server gave up a snapshot')
  }

  audit(record: AuditRecord): void {
    this.audited.push(record)
  }

  log(level: 'error' | 'warn' | 'info' | 'debug', message: string): void {
    this.logged.push({ level, message })
  }
}

export function requestFrame(type: number, xid: number, write?: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter(256)
  writer.writeInt(xid)
  writer.writeInt(type)
  write?.(writer)
  return writer.copyBytes()
}

/** The Stat at the end of a reply's body. */
export function statOf(body: Buffer): Stat {
  return decodeStat(new JuteReader().reset(body, body.length - 68, body.length))
}
