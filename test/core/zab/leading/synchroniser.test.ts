import { describe, expect, test } from '@jest/globals'
import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import type { LogSlice } from '../../../../src/core/zab/leading/leading-host.ts'
import { SYNC_SLICE_BYTES } from '../../../../src/core/zab/leading/leading-settings.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { highWord, lowWord } from '../../../../src/protocol/int64.ts'
import { MemorySnapshot } from './fake-host.ts'
import { Harness, type HarnessOptions, txn } from './leading-harness.ts'

/** 0x100000003 … 0x100000006: what is in memory; the leader serves in epoch 2. */
const HISTORY = [0x100000003n, 0x100000004n, 0x100000005n, 0x100000006n]
const OPTIONS: HarnessOptions = { history: HISTORY, start: { acceptedEpoch: 1, currentEpoch: 1 } }
const NEW_LEADER = expect.stringMatching(/^newLeader 200000000 /)

/** A learner whose log ends at `last`, up to where the leader has decided. */
function comes(harness: Harness, last: bigint, { sid = 7, isObserver = false } = {}): LinkId {
  const link = harness.connect()
  harness.introduce(link, sid, { acceptedEpoch: 1n, isObserver })
  harness.host.takeBytes(link)
  harness.ackEpoch(link, 1, last)
  return link
}

function sliceOf(zxids: readonly bigint[], sizeBytes = 48): LogSlice {
  const last = zxids.at(-1) ?? 0n
  const items = zxids.flatMap((zxid) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(sizeBytes)
    return [length, txn(zxid, sizeBytes)]
  })
  return { lastZxidHi: highWord(last), lastZxidLo: lowWord(last), body: Buffer.concat(items) }
}

describe('bringing a learner up from memory', () => {
  test('one that has everything gets an empty DIFF', () => {
    const { harness } = Harness.established(OPTIONS)
    harness.propose(0x200000001n)
    harness.propose(0x200000002n)
    harness.logged(0x200000002n)
    const link = comes(harness, 0x200000000n)

    expect(harness.host.take(link)).toEqual([
      'diff 200000000',
      'proposal 200000001 +48',
      'proposal 200000002 +48',
      NEW_LEADER
    ])
  })

  test('one that is behind gets what is committed in pairs, then what is outstanding, an observer too but for that', () => {
    const { harness, one } = Harness.established(OPTIONS)
    harness.propose(0x200000001n)
    harness.propose(0x200000002n)
    harness.logged(0x200000001n)
    harness.ack(one, 0x200000001n)
    const pairs = [
      'diff 200000001',
      'proposal 100000006 +48',
      'commit 100000006',
      'proposal 200000001 +48',
      'commit 200000001'
    ]

    const follower = comes(harness, 0x100000005n)
    const observer = comes(harness, 0x100000005n, { sid: 9, isObserver: true })

    expect(harness.host.take(follower)).toEqual([...pairs, 'proposal 200000002 +48', NEW_LEADER])
    expect(harness.host.take(observer)).toEqual([...pairs, NEW_LEADER])
  })

  test.each([
    { what: 'after all of the history', last: 0x100000009n, packets: ['trunc 100000006'] },
    {
      what: 'after all of it, in an epoch without transactions',
      last: 0x200000000n,
      packets: ['diff 200000000']
    }
  ])('a log that ends $what', ({ last, packets }) => {
    const { harness } = Harness.established(OPTIONS)

    const link = comes(harness, last)

    expect(harness.host.take(link)).toEqual([...packets, NEW_LEADER])
  })

  test('a log with a tail of the same epoch is cut where it leaves the history', () => {
    const { harness } = Harness.established({ history: [0x100000001n, 0x100000003n, 0x100000004n] })

    const link = comes(harness, 0x100000002n)

    expect(harness.host.take(link)).toEqual([
      'trunc 100000001',
      'proposal 100000003 +48',
      'commit 100000003',
      'proposal 100000004 +48',
      'commit 100000004',
      expect.stringMatching(/^newLeader 100000000 /)
    ])
  })

  test('a tail of another epoch cannot be cut: SNAP', () => {
    const { harness } = Harness.established({ history: [0x100000001n, 0x300000001n] })
    harness.host.snapshot = () => new MemorySnapshot(3, 1, Buffer.from([1, 2, 3]))

    const link = comes(harness, 0x200000007n)

    expect(harness.host.takeBytes(link).subarray(0, 37).toString('hex')).toBe(
      '0000000f0000000300000001ffffffffffffffff0102030000000a42656e576173486572'.concat('65')
    )
  })

  test('a log that ends at the start of an epoch within the history gets what comes after', () => {
    const { harness } = Harness.established({ history: [0x100000001n, 0x300000001n] })

    const link = comes(harness, 0x200000000n)

    expect(harness.host.take(link).slice(0, 3)).toEqual([
      'diff 300000001',
      'proposal 300000001 +48',
      'commit 300000001'
    ])
  })

  test('a log that ends at the start of an epoch after all of it cannot be cut: SNAP', () => {
    const harness = new Harness({ history: HISTORY, start: { acceptedEpoch: 2, currentEpoch: 2 } })
    harness.introduce(harness.connect(), 1)
    harness.leading.epochStored()
    harness.host.snapshot = () => new MemorySnapshot(1, 6, Buffer.alloc(0))
    const link = harness.connect()
    harness.introduce(link, 3)
    harness.host.takeBytes(link)

    harness.ackEpoch(link, 1, 0x200000000n)

    expect(harness.host.takeBytes(link).subarray(0, 12).toString('hex')).toBe('0000000f0000000100000006')
  })

  test('large amounts go out in slices, and what is committed meanwhile comes in its turn', () => {
    const sizeBytes = SYNC_SLICE_BYTES / 4
    const commitLog = new CommitLog(500, 0)
    for (let lo = 1; lo <= 10; lo++) commitLog.add(1, lo, txn(0x100000000n + BigInt(lo), sizeBytes))
    const { harness, one } = Harness.established({
      commitLog,
      start: { lastLoggedHi: 1, lastLoggedLo: 10, acceptedEpoch: 1, currentEpoch: 1 }
    })

    const link = comes(harness, 0x100000001n)
    expect(harness.host.take(link)).toHaveLength(1 + 4 * 2)
    harness.propose(0x200000001n)
    harness.logged(0x200000001n)
    harness.ack(one, 0x200000001n)
    expect(harness.host.take(link)).toEqual([])
    expect(harness.host.awaited.delete(link)).toBe(true)
    harness.leading.linkDrained(link)
    expect(harness.host.take(link)).toHaveLength(4 * 2)
    expect(harness.host.awaited.delete(link)).toBe(true)
    harness.leading.linkDrained(link)

    expect(harness.host.take(link)).toEqual([
      `proposal 10000000a +${sizeBytes}`,
      'commit 10000000a',
      'proposal 200000001 +48',
      'commit 200000001',
      NEW_LEADER
    ])
  })

  test('a learner that stops reading while it is brought up is closed after initLimit', () => {
    const commitLog = new CommitLog(500, 0)
    for (let lo = 1; lo <= 3; lo++) commitLog.add(1, lo, txn(0x100000000n + BigInt(lo), SYNC_SLICE_BYTES))
    const { harness, one } = Harness.established({ commitLog, start: { lastLoggedHi: 1, lastLoggedLo: 3 } })
    const link = comes(harness, 0x100000001n)
    for (let second = 0; second < 9; second++) {
      harness.pass(1000)
      harness.send(one, 5, 0n, Buffer.alloc(0))
    }
    expect(harness.host.closed.has(link)).toBe(false)

    harness.pass(1000)

    expect(harness.host.closed.get(link)).toMatch(/nothing was heard/)
  })
})

describe('bringing a learner up from the stored log', () => {
  test('what is not in memory comes from there, then memory goes on', () => {
    const { harness } = Harness.established(OPTIONS)
    const link = comes(harness, 0x100000001n)
    expect(harness.host.takeCalls()).toEqual(['findInLog 1 100000001'])

    harness.leading.logFound(1, { hi: 1, lo: 1 })

    expect(harness.host.takeCalls()).toEqual(['readLog 2 100000001'])
    harness.leading.logRead(2, sliceOf([0x100000002n, 0x100000003n]))
    expect(harness.host.take(link).filter((packet) => !packet.startsWith('commit'))).toEqual([
      'diff 100000006',
      ...[2, 3, 4, 5, 6].map((lo) => `proposal 10000000${lo} +48`),
      NEW_LEADER
    ])
  })

  test('what is stored and not committed is left to the proposals', () => {
    const { harness } = Harness.established({
      ...OPTIONS,
      history: [],
      commitLog: new CommitLog(1, 0),
      start: { ...OPTIONS.start, lastLoggedHi: 1, lastLoggedLo: 3 }
    })
    harness.propose(0x200000001n)
    const link = comes(harness, 0x100000001n)
    harness.leading.logFound(1, { hi: 1, lo: 1 })

    harness.leading.logRead(2, sliceOf([0x100000002n, 0x100000003n, 0x200000001n]))

    expect(harness.host.take(link)).toEqual([
      'diff 100000003',
      'proposal 100000002 +48',
      'commit 100000002',
      'proposal 100000003 +48',
      'commit 100000003',
      'proposal 200000001 +48',
      NEW_LEADER
    ])
  })

  test('of a slice only what is after the learner’s end and committed is sent', () => {
    const start = { ...OPTIONS.start, lastLoggedHi: 1, lastLoggedLo: 4 }
    const { harness } = Harness.established({ ...OPTIONS, history: [], start })
    const link = comes(harness, 0x100000002n)
    harness.leading.logFound(1, { hi: 1, lo: 2 })

    harness.leading.logRead(2, sliceOf([0x100000001n, 0x100000002n, 0x100000003n, 0x200000001n]))

    expect(harness.host.take(link)).toEqual(['diff 100000004', 'proposal 100000003 +48', 'commit 100000003'])
    expect(harness.host.takeCalls().at(-1)).toBe('readLog 3 100000003')
  })

  test('a tail of the same epoch is cut off, one of another epoch is not', () => {
    const { harness } = Harness.established(OPTIONS)
    harness.host.snapshot = () => new MemorySnapshot(2, 0, Buffer.alloc(0))
    const same = comes(harness, 0x100000001n)
    const other = comes(harness, 0x000000009n)
    harness.leading.logFound(1, { hi: 0, lo: 5 })
    harness.leading.logFound(2, { hi: 0, lo: 5 })
    expect(harness.host.takeCalls().slice(2)).toEqual(['readLog 3 100000001', 'readLog 4 9'])

    harness.leading.logRead(3, sliceOf([0x100000002n]))
    harness.leading.logRead(4, sliceOf([0x100000001n]))

    expect(harness.host.take(same)).toEqual(['trunc 5'])
    expect(harness.host.takeCalls()).toEqual(['readLog 5 5'])
    expect(harness.host.takeBytes(other).readInt32BE(0)).toBe(15)
  })

  test('a log that does not go back so far, or is not to be used, means SNAP', () => {
    const far = Harness.established(OPTIONS).harness
    const unused = Harness.established({ ...OPTIONS, settings: { snapshotSizeFactor: -1 } }).harness
    for (const { host } of [far, unused]) host.snapshot = () => new MemorySnapshot(2, 0, Buffer.alloc(0))
    const links = [comes(far, 0x100000001n), comes(unused, 0x100000001n)] as const

    far.leading.logFound(1, null)

    expect(far.host.takeBytes(links[0]).readInt32BE(0)).toBe(15)
    expect(unused.host.takeBytes(links[1]).readInt32BE(0)).toBe(15)
    expect(unused.host.takeCalls()).toEqual([])
  })

  test('where the stored log has no more yet, it is asked again', () => {
    const { harness } = Harness.established(OPTIONS)
    comes(harness, 0x100000001n)
    harness.leading.logFound(1, { hi: 1, lo: 1 })
    harness.host.takeCalls()

    harness.leading.logRead(2, null)
    expect(harness.host.takeCalls()).toEqual([])
    harness.pass(500)

    expect(harness.host.takeCalls()).toEqual(['readLog 3 100000001'])
  })

  test('answers for a learner that is gone, and answers nobody asked for, are ignored', () => {
    const { harness } = Harness.established(OPTIONS)
    const link = comes(harness, 0x100000001n)
    harness.leading.linkClosed(link)
    harness.host.takeCalls()

    harness.leading.logFound(1, { hi: 1, lo: 1 })
    harness.leading.logRead(77, sliceOf([0x100000002n]))

    expect(harness.host.takeCalls()).toEqual([])
    expect(harness.host.take(link)).toEqual([])
  })

  test('a commit log that does not reach the end of the log is not trusted', () => {
    const { harness } = Harness.established({
      ...OPTIONS,
      start: { ...OPTIONS.start, lastLoggedHi: 1, lastLoggedLo: 8 }
    })

    comes(harness, 0x100000005n)

    expect(harness.host.takeCalls()).toEqual(['findInLog 1 100000005'])
  })
})

describe('bringing a learner up by a snapshot', () => {
  test('it is streamed in slices, and what is committed after its zxid follows', () => {
    const { harness, one } = Harness.established({ ...OPTIONS, settings: { forceSnapshotSync: true } })
    const body = Buffer.alloc(2 * SYNC_SLICE_BYTES + 10, 7)
    const source = new MemorySnapshot(2, 0, body)
    harness.host.snapshot = () => source
    const link = comes(harness, 0x200000000n)
    const parts = [harness.host.takeBytes(link)]
    expect(parts[0]).toHaveLength(20 + SYNC_SLICE_BYTES)
    harness.propose(0x200000001n)
    harness.propose(0x200000002n)
    harness.logged(0x200000001n)
    harness.ack(one, 0x200000001n)

    while (!source.isClosed) {
      harness.leading.linkDrained(link)
      parts.push(harness.host.takeBytes(link))
    }

    const stream = Buffer.concat(parts).subarray(20)
    expect(stream.subarray(0, body.length).equals(body)).toBe(true)
    expect(stream.subarray(body.length, body.length + 14).toString('latin1')).toBe('\0\0\0\nBenWasHere')
    const packets = stream.subarray(body.length + 14)
    expect(packets.readInt32BE(0)).toBe(2)
    expect(packets.subarray(68).toString('hex')).toMatch(/^000000040000000200000001ffffffffffffffff0000000200000002/)
  })

  test('of the first epoch’s beginning, it is followed from memory: nothing lies between', () => {
    const { harness, one } = Harness.established({ settings: { forceSnapshotSync: true } })
    harness.host.snapshot = () => new MemorySnapshot(1, 0, Buffer.alloc(2 * SYNC_SLICE_BYTES))
    const link = harness.connect()
    harness.introduce(link, 7)
    harness.ackEpoch(link, 0, 0n)
    harness.propose(0x100000001n)
    harness.logged(0x100000001n)
    harness.ack(one, 0x100000001n)
    harness.host.takeCalls()

    for (let round = 0; round < 3; round++) harness.leading.linkDrained(link)

    expect(harness.host.takeCalls()).toEqual([])
    expect(harness.leading.learners.at(-1)).toMatchObject({ sid: 7, isSynced: true })
  })

  test('while no snapshot can be opened the learner waits, and it is asked again', () => {
    const { harness } = Harness.established({ ...OPTIONS, settings: { forceSnapshotSync: true } })
    const link = comes(harness, 0x200000000n)
    expect(harness.host.take(link)).toEqual([])
    harness.host.snapshot = () => new MemorySnapshot(2, 0, Buffer.alloc(0))

    harness.pass(500)

    expect(harness.host.takeBytes(link).readInt32BE(0)).toBe(15)
  })

  test('one behind what is in memory is not used', () => {
    const { harness } = Harness.established({ ...OPTIONS, settings: { forceSnapshotSync: true } })
    const old = new MemorySnapshot(1, 1, Buffer.alloc(0))
    harness.host.snapshot = () => old

    const link = comes(harness, 0x200000000n)

    expect(harness.host.take(link)).toEqual([])
    expect(old.isClosed).toBe(true)
  })

  test('the stream of a learner that goes is closed', () => {
    const { harness } = Harness.established({ ...OPTIONS, settings: { forceSnapshotSync: true } })
    const source = new MemorySnapshot(2, 0, Buffer.alloc(2 * SYNC_SLICE_BYTES))
    harness.host.snapshot = () => source
    const link = comes(harness, 0x200000000n)

    harness.leading.linkClosed(link)

    expect(source.isClosed).toBe(true)
  })

  test.each([
    { kind: 'snapshots', settings: { forceSnapshotSync: true, maxConcurrentSnapSyncs: 1 } },
    { kind: 'logs', settings: { maxConcurrentDiffSyncs: 1 } }
  ])('over the limit of concurrent $kind, observers are refused and followers are not', ({ settings }) => {
    const { harness } = Harness.established({ ...OPTIONS, settings })
    harness.host.snapshot = () => new MemorySnapshot(2, 0, Buffer.alloc(0))
    const first = comes(harness, 0x200000000n, { sid: 7 })

    const observer = comes(harness, 0x200000000n, { sid: 8, isObserver: true })
    const follower = comes(harness, 0x200000000n, { sid: 9 })

    expect([...harness.host.closed.keys()]).toEqual([observer])
    for (const link of [first, follower]) harness.ack(link, 0x200000000n)
    const late = comes(harness, 0x200000000n, { sid: 10, isObserver: true })
    expect(harness.host.closed.has(late)).toBe(false)
  })
})
