import { JuteWriter } from 'jute-ts'
import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import { Leading } from '../../../../src/core/zab/leading/leading.ts'
import type { LeadingSettings, LeadingStart } from '../../../../src/core/zab/leading/leading-settings.ts'
import type { EnsembleConfig, EnsembleMember, MemberRole } from '../../../../src/core/zab/membership/ensemble-config.ts'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { writePacket } from '../../../../src/core/zab/wire/write-packet.ts'
import { highWord, lowWord } from '../../../../src/protocol/int64.ts'
import { FakeHost, MemorySnapshot } from './fake-host.ts'

export const SETTINGS: LeadingSettings = {
  sid: 2,
  tickTimeMs: 1000,
  initLimitTicks: 10,
  syncLimitTicks: 5,
  maxConcurrentSnapSyncs: 10,
  maxConcurrentDiffSyncs: 100,
  forceSnapshotSync: false,
  snapshotSizeFactor: 0.33,
  reconfigEnabled: false,
  maxTimeToWaitForEpochMs: -1,
  dataBytesMax: 1 << 20
}

export function member(id: number, role: MemberRole = 'participant', quorumPort = 2000 + id): EnsembleMember {
  return {
    id,
    addresses: [{ host: '127.0.0.1', quorumPort, electionPort: 3000 + id }],
    role,
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  }
}

export function configOf(members: readonly EnsembleMember[], version = 0n): EnsembleConfig {
  return { members, groups: [], weights: new Map(), version }
}

/** Bytes of a setData transaction on `/x` without its data. */
const SET_DATA_BYTES = 46

/** A transaction: data is written to `/x`, so much that it takes `sizeBytes`. */
export function txn(zxid: bigint, sizeBytes = 48): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  bytes.writeBigInt64BE(zxid, 12)
  bytes.writeInt32BE(5, 28)
  bytes.writeInt32BE(2, 32)
  bytes.write('/x', 36)
  bytes.writeInt32BE(sizeBytes - SET_DATA_BYTES, 38)
  return bytes
}

export interface HarnessOptions {
  readonly settings?: Partial<LeadingSettings>
  readonly start?: Partial<LeadingStart>
  /** Zxids of the commit log at the start; the last one is the last logged. */
  readonly history?: readonly bigint[]
  readonly commitLog?: CommitLog
}

/** A leader with sid 2 of the servers 1, 2, 3, and its learners as the tests play them. */
export class Harness {
  readonly host = new FakeHost()
  readonly commitLog: CommitLog
  readonly leading: Leading
  nowMs = 0
  #nextLink = 0

  constructor({ settings = {}, start = {}, history = [], commitLog }: HarnessOptions = {}) {
    this.commitLog = commitLog ?? new CommitLog(500, 0)
    for (const zxid of history) this.commitLog.add(highWord(zxid), lowWord(zxid), txn(zxid))
    const last = history.at(-1) ?? 0n
    this.leading = new Leading(
      this.host,
      { ...SETTINGS, ...settings },
      {
        acceptedEpoch: 0,
        currentEpoch: 0,
        lastLoggedHi: highWord(last),
        lastLoggedLo: lowWord(last),
        config: configOf([member(1), member(2), member(3)]),
        lastSeen: null,
        nowMs: 0,
        ...start
      },
      this.commitLog
    )
  }

  connect(): LinkId {
    const link = ++this.#nextLink as LinkId
    this.leading.learnerConnected(link, `10.0.0.${link}:5000`, this.nowMs)
    return link
  }

  send(link: LinkId, type: PacketType, zxid: bigint, data: Uint8Array | null = null): void {
    const writer = new JuteWriter()
    writePacket(writer, type, highWord(zxid), lowWord(zxid), data)
    this.leading.received(link, writer.copyBytes(), this.nowMs)
  }

  /** FOLLOWERINFO or OBSERVERINFO. */
  introduce(link: LinkId, sid: number, { acceptedEpoch = 0n, isObserver = false, configVersion = 0n } = {}): void {
    const data = Buffer.alloc(20)
    data.writeBigInt64BE(BigInt(sid))
    data.writeInt32BE(0x10000, 8)
    data.writeBigInt64BE(configVersion, 12)
    this.send(link, isObserver ? PacketType.observerInfo : PacketType.followerInfo, acceptedEpoch << 32n, data)
  }

  ackEpoch(link: LinkId, currentEpoch: number, lastZxid: bigint): void {
    const data = Buffer.alloc(4)
    data.writeInt32BE(currentEpoch)
    this.send(link, PacketType.ackEpoch, lastZxid, data)
  }

  ack(link: LinkId, zxid: bigint): void {
    this.send(link, PacketType.ack, zxid)
  }

  propose(zxid: bigint, config: EnsembleConfig | null = null, sizeBytes = 48): void {
    this.leading.proposed(highWord(zxid), lowWord(zxid), txn(zxid, sizeBytes), config)
  }

  logged(zxid: bigint): void {
    this.leading.logged(highWord(zxid), lowWord(zxid))
  }

  /** Time passes, and the leader is told at each of its deadlines. */
  pass(ms: number): void {
    const end = this.nowMs + ms
    for (let next = this.leading.nextDeadlineMs; next <= end; next = this.leading.nextDeadlineMs) {
      this.nowMs = Math.max(this.nowMs, next)
      this.leading.tick(this.nowMs)
    }
    this.nowMs = end
  }

  /** A follower (by default one that has everything) through discovery and synchronisation; its packets are taken. */
  join(sid: number, { lastZxid = null as bigint | null, currentEpoch = 0, isObserver = false } = {}): LinkId {
    const link = this.connect()
    this.introduce(link, sid, { isObserver })
    if (this.leading.epoch < 0) return link
    this.ackEpoch(link, currentEpoch, lastZxid ?? this.#end())
    this.ack(link, BigInt(this.leading.epoch) << 32n)
    return link
  }

  #end(): bigint {
    const { maxHi, maxLo, isEmpty } = this.commitLog
    if (isEmpty) return this.leading.isEstablished ? BigInt(this.leading.epoch) << 32n : 0n
    return (BigInt(maxHi) << 32n) | BigInt(maxLo >>> 0)
  }

  /** Leads 1 and 3 in a new epoch; all that was recorded on the way is forgotten. */
  static established(options: HarnessOptions = {}): { harness: Harness; one: LinkId; three: LinkId } {
    const harness = new Harness(options)
    const { lastLoggedHi, lastLoggedLo = 0 } = options.start ?? {}
    const last = lastLoggedHi === undefined ? harness.#end() : (BigInt(lastLoggedHi) << 32n) | BigInt(lastLoggedLo)
    harness.host.snapshot = () => new MemorySnapshot(highWord(last), lowWord(last), Buffer.alloc(0))
    const one = harness.connect()
    harness.introduce(one, 1)
    const three = harness.connect()
    harness.introduce(three, 3)
    harness.leading.epochStored()
    const epoch = BigInt(harness.leading.epoch) << 32n
    for (const link of [one, three]) harness.ackEpoch(link, 0, last)
    harness.leading.epochStored()
    for (const link of [one, three]) harness.ack(link, epoch)
    for (const link of [one, three]) harness.ack(link, epoch)
    harness.host.takeCalls()
    for (const link of [one, three]) harness.host.takeBytes(link)
    harness.host.snapshot = null
    return { harness, one, three }
  }
}
