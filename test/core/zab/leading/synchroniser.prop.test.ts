import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JuteReader } from 'jute-ts'
import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import type { LogSlice } from '../../../../src/core/zab/leading/leading-host.ts'
import { SYNC_SLICE_BYTES } from '../../../../src/core/zab/leading/leading-settings.ts'
import { PacketType, SNAPSHOT_SIGNATURE } from '../../../../src/core/zab/packet-type.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { decodeQuorumPacket } from '../../../../src/protocol/generated/quorum.ts'
import { highWord, lowWord } from '../../../../src/protocol/int64.ts'
import { MemorySnapshot } from './fake-host.ts'
import { Harness, txn } from './leading-harness.ts'

/** The leader's epoch; its history is of the epochs 1 to 3. */
const EPOCH = 4n
/** So that a slice holds three. */
const TXN_BYTES = SYNC_SLICE_BYTES / 3 + 1

interface Situation {
  /** Transactions of the epochs 1, 2 and 3 in the leader's history. */
  readonly counts: readonly number[]
  /** How many of them, at the end, are in memory, and how many are stored. */
  readonly inMemory: number
  readonly stored: number
  /** The learner has everything up to the end of this epoch, or not even that many of its transactions … */
  readonly learnerEpoch: number
  readonly missing: number
  /** … or this many of its own that nobody else has, or a snapshot made when the epoch began: all before it. */
  readonly tail: number
  readonly isAtEpochStart: boolean
  /** What happens while it is brought up: number of the event. */
  readonly events: readonly number[]
}

const situations: fc.Arbitrary<Situation> = fc.record({
  counts: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 3 }),
  inMemory: fc.integer({ min: 0, max: 12 }),
  stored: fc.integer({ min: 0, max: 20 }),
  learnerEpoch: fc.integer({ min: 0, max: 3 }),
  missing: fc.integer({ min: 0, max: 4 }),
  tail: fc.integer({ min: 0, max: 2 }),
  isAtEpochStart: fc.boolean(),
  events: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 })
})

function historyOf({ counts }: Situation): bigint[] {
  return counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, counter) => (BigInt(index + 1) << 32n) + BigInt(counter + 1))
  )
}

/** A learner that keeps zxids: what it was told is committed, and what is proposed beyond. */
class LearnerModel {
  log: bigint[]
  readonly outstanding: bigint[] = []
  newLeaders = 0
  isSnapshotTaken = false

  constructor(log: readonly bigint[]) {
    this.log = [...log]
  }

  take(bytes: Buffer, snapshotOf: readonly bigint[]): void {
    const reader = new JuteReader(bytes, bytes.length)
    while (reader.remaining > 0) {
      const { type, zxidHi, zxidLo } = decodeQuorumPacket(reader)
      const zxid = (BigInt(zxidHi) << 32n) | BigInt(zxidLo >>> 0)
      if (type === PacketType.trunc) this.log = this.log.filter((each) => each <= zxid)
      if (type === PacketType.proposal) this.outstanding.push(zxid)
      if (type === PacketType.newLeader) this.newLeaders++
      if (type === PacketType.commit) {
        expect(this.outstanding[0]).toBe(zxid)
        this.log.push(...this.outstanding.splice(0, 1))
      }
      if (type === PacketType.snap) {
        expect(reader.readString()).toBe(SNAPSHOT_SIGNATURE)
        this.log = snapshotOf.filter((each) => each <= zxid)
        this.isSnapshotTaken = true
      }
    }
  }
}

function learnerLogOf(situation: Situation, history: readonly bigint[]): bigint[] {
  const { learnerEpoch, missing, tail, isAtEpochStart } = situation
  if (isAtEpochStart) return history.filter((zxid) => zxid >> 32n < BigInt(learnerEpoch))
  const upTo = history.filter((zxid) => zxid >> 32n <= BigInt(learnerEpoch))
  const last = upTo.at(-1) ?? 0n
  if (last === 0n) return upTo
  if (missing > 0) return upTo.slice(0, -missing)
  return [...upTo, ...Array.from({ length: tail }, (_, index) => last + BigInt(index + 1))]
}

function answerStorage(harness: Harness, stored: readonly bigint[], asked: string): void {
  const [what, request, zxidHex = ''] = asked.split(' ')
  if (what !== 'findInLog' && what !== 'readLog') return
  const zxid = BigInt(`0x${zxidHex}`)
  if (what === 'findInLog') {
    const floor = stored.filter((each) => each <= zxid).at(-1)
    harness.leading.logFound(Number(request), floor === undefined ? null : { hi: highWord(floor), lo: lowWord(floor) })
  } else {
    const next = stored.filter((each) => each > zxid).slice(0, 2)
    harness.leading.logRead(Number(request), next.length === 0 ? null : sliceOf(next))
  }
}

function sliceOf(zxids: readonly bigint[]): LogSlice {
  const last = zxids.at(-1) ?? 0n
  const length = Buffer.alloc(4)
  length.writeInt32BE(TXN_BYTES)
  const body = Buffer.concat(zxids.flatMap((zxid) => [length, txn(zxid, TXN_BYTES)]))
  return { lastZxidHi: highWord(last), lastZxidLo: lowWord(last), body }
}

/** Runs one situation to its end, and checks what the learner has then. */
function run(situation: Situation): void {
  const history = historyOf(situation)
  const last = history.at(-1) ?? 0n
  const commitLog = new CommitLog(Math.max(1, situation.inMemory), 0)
  for (const zxid of history.slice(Math.max(0, history.length - situation.inMemory))) {
    commitLog.add(highWord(zxid), lowWord(zxid), txn(zxid, TXN_BYTES))
  }
  const start = {
    acceptedEpoch: Number(EPOCH) - 1,
    currentEpoch: 3,
    lastLoggedHi: highWord(last),
    lastLoggedLo: lowWord(last)
  }
  const { harness, one } = Harness.established({ commitLog, start })
  harness.host.takeCalls()
  const all = [...history]
  const stored = history.slice(Math.max(0, history.length - situation.stored))
  const log = learnerLogOf(situation, history)
  const model = new LearnerModel(log)
  harness.host.snapshot = () => {
    const end = committedEnd(harness, EPOCH << 32n)
    return new MemorySnapshot(highWord(end), lowWord(end), Buffer.alloc(0))
  }

  const link = harness.connect()
  harness.introduce(link, 7)
  harness.host.takeBytes(link)
  const { isAtEpochStart, learnerEpoch } = situation
  harness.ackEpoch(link, 3, isAtEpochStart ? BigInt(learnerEpoch) << 32n : (log.at(-1) ?? 0n))

  for (const event of situation.events) {
    if (event === 0 && all.length < history.length + 5) propose(harness, all)
    if (event === 1) harness.logged((EPOCH << 32n) + BigInt(all.length - history.length))
    if (event === 2 && all.length > history.length)
      harness.ack(one, (EPOCH << 32n) + BigInt(all.length - history.length))
    if (event === 3) settle(harness, link, stored)
    model.take(harness.host.takeBytes(link), all)
  }
  for (let round = 0; round < 40 && model.newLeaders === 0; round++) {
    harness.host.awaited.add(link)
    settle(harness, link, [...stored, ...all.slice(history.length)])
    harness.pass(100)
    harness.send(one, PacketType.ping, EPOCH << 32n, Buffer.alloc(0))
    model.take(harness.host.takeBytes(link), all)
  }

  expect(model.newLeaders).toBe(1)
  expect([...model.log, ...model.outstanding]).toEqual(all)
  expect(model.outstanding).toHaveLength(harness.leading.outstandingCount)
}

function committedEnd(harness: Harness, atLeast: bigint): bigint {
  const { lastCommittedHi, lastCommittedLo } = harness.leading
  const end = (BigInt(lastCommittedHi) << 32n) | BigInt(lastCommittedLo >>> 0)
  return end > atLeast ? end : atLeast
}

function propose(harness: Harness, all: bigint[]): void {
  const { lastProposedLo } = harness.leading
  const zxid = (EPOCH << 32n) + BigInt(lastProposedLo + 1)
  all.push(zxid)
  harness.propose(zxid, null, TXN_BYTES)
}

function settle(harness: Harness, link: LinkId, stored: readonly bigint[]): void {
  if (harness.host.awaited.delete(link)) harness.leading.linkDrained(link)
  for (const call of harness.host.takeCalls()) answerStorage(harness, stored, call)
}

describe('a learner that is brought up, whatever it has and whatever goes on meanwhile', () => {
  test('ends with the leader’s history and what is outstanding, and with one NEWLEADER', () => {
    fc.assert(fc.property(situations, run), { numRuns: 150 })
  })
})
