import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import { toHex } from '../../../../src/protocol/int64.ts'
import { commit, diff, inform, newLeader, packetBytes, proposal, snap, trunc, upToDate } from './leader-bytes.ts'
import { Learner } from './learner.ts'

/** What a well-behaved leader does; the zxids follow from the order. */
type LeaderAct = 'propose' | 'commit' | 'ping' | 'sync'
type StorageAct = 'nothing' | 'persistOne' | 'persistAll' | 'answer'

interface Run {
  readonly isObserver: boolean
  readonly mode: 'diff' | 'trunc' | 'snap'
  readonly beforeNewLeader: readonly LeaderAct[]
  readonly beforeUpToDate: readonly LeaderAct[]
  readonly afterwards: readonly LeaderAct[]
  readonly sizes: readonly number[]
  readonly storage: readonly StorageAct[]
}

const acts = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<LeaderAct>('propose', 'commit') },
    { weight: 1, arbitrary: fc.constantFrom<LeaderAct>('ping', 'sync') }
  ),
  { maxLength: 14 }
)
const anyRun: fc.Arbitrary<Run> = fc.record({
  isObserver: fc.boolean(),
  mode: fc.constantFrom('diff', 'trunc', 'snap'),
  beforeNewLeader: acts,
  beforeUpToDate: acts,
  afterwards: acts,
  sizes: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }),
  storage: fc.array(fc.constantFrom('nothing', 'persistOne', 'persistAll', 'answer'), { minLength: 1, maxLength: 9 })
})

/** A leader: its bytes, and what its learner must have done by the end. */
class Leader {
  readonly parts: Buffer[] = []
  readonly committed: string[] = []
  /** Zxids that it wants to see acknowledged. */
  readonly toAck: string[] = []
  readonly proposed: string[] = []
  readonly #isObserver: boolean
  #next = 1
  #pending: number[] = []
  #isBehindNewLeader = false
  pings = 0

  constructor(run: Run) {
    this.#isObserver = run.isObserver
    this.parts.push({ diff: diff(1, 5), trunc: trunc(1, 3), snap: snap(1, 9, 40) }[run.mode])
    this.#act(run.beforeNewLeader, false)
    this.parts.push(newLeader(2))
    this.#isBehindNewLeader = true
    if (!run.isObserver) for (const lo of this.#pending) this.toAck.push(toHex(2, lo))
    this.#act(run.beforeUpToDate, false)
    if (run.isObserver) while (this.#pending.length > 0) this.#commit() // observers have no proposals when they serve
    this.parts.push(upToDate)
    this.#act(run.afterwards, true)
  }

  get pending(): string[] {
    return this.#pending.map((lo) => toHex(2, lo))
  }

  #act(all: readonly LeaderAct[], isServing: boolean): void {
    for (const act of all) {
      if (act === 'propose') this.#propose(isServing)
      else if (act === 'commit') this.#commit()
      else if (act === 'ping') {
        this.parts.push(packetBytes(PacketType.ping, 2, this.#next))
        if (isServing) this.pings++
      } else this.parts.push(packetBytes(PacketType.sync, 0, 0))
    }
  }

  #propose(isServing: boolean): void {
    const lo = this.#next++
    this.proposed.push(toHex(2, lo))
    if (this.#isObserver && isServing) {
      this.parts.push(inform(2, lo))
      this.committed.push(toHex(2, lo))
      return
    }
    this.parts.push(proposal(2, lo))
    this.#pending.push(lo)
    if (this.#isBehindNewLeader && !this.#isObserver) this.toAck.push(toHex(2, lo))
  }

  #commit(): void {
    const lo = this.#pending.shift()
    if (lo === undefined) return
    this.parts.push(commit(2, lo))
    this.committed.push(toHex(2, lo))
  }
}

/** Zxids acknowledged, in order, without those of NEWLEADER and UPTODATE. */
function transactionAcks(learner: Learner): string[] {
  return learner.acks.filter((zxid) => zxid !== '200000000')
}

/** Checks after every step that nothing was promised that a crash would break. */
function checkPromises(learner: Learner, hasInstalled: boolean): void {
  const { host } = learner
  const durable = new Set(host.logged.slice(0, host.logged.length - host.unpersistedCount))
  for (const zxid of transactionAcks(learner)) expect(durable).toContain(zxid)
  if (learner.acks.includes('200000000')) expect(hasInstalled || host.calls.includes('setCurrentEpoch 2')).toBe(true)
}

function storageStep(learner: Learner, act: StorageAct): void {
  if (act === 'persistOne') learner.host.persist(1)
  else if (act === 'persistAll') learner.host.persist()
  else if (act === 'answer') learner.host.answer()
}

function play(run: Run, leader: Leader): Learner {
  const learner = new Learner({ settings: { isObserver: run.isObserver } }).discovered()
  learner.host.snapshotBytes = 40
  const stream = Buffer.concat(leader.parts)
  let turn = 0
  const step = (): void => {
    const waits = learner.host.awaited !== null
    const acksBefore = learner.acks.length
    storageStep(learner, run.storage[turn % run.storage.length] ?? 'answer')
    if (waits && learner.host.awaited !== null) expect(learner.acks.length).toBe(acksBefore)
    checkPromises(learner, learner.host.calls.includes('install 2'))
    turn++
  }
  for (let offset = 0; offset < stream.length; ) {
    const size = run.sizes[turn % run.sizes.length] ?? 1
    const chunk = Buffer.from(stream.subarray(offset, offset + size))
    learner.following.received(chunk, 0)
    chunk.fill(0xee)
    offset += size
    step()
  }
  while (learner.host.answer()) checkPromises(learner, true)
  learner.host.persist()
  return learner
}

describe('with a well-behaved leader, for every split of its bytes and every timing of the storage', () => {
  test('nothing is acknowledged before it is durable, and in the end each zxid once, in order', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const leader = new Leader(run)

        const learner = play(run, leader)

        expect(learner.host.resignedFor).toBeNull()
        expect(transactionAcks(learner)).toEqual(leader.toAck)
        expect(learner.acks.filter((zxid) => zxid === '200000000')).toHaveLength(2)
      })
    )
  })

  test('all is committed in order, pings are answered, and what is left is what is pending', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const leader = new Leader(run)

        const learner = play(run, leader)

        expect(learner.host.committed).toEqual(leader.committed)
        expect(learner.host.sent.filter(({ name }) => name === 'ping')).toHaveLength(leader.pings)
        expect(learner.following.close().map(({ zxidHi, zxidLo }) => toHex(zxidHi, zxidLo))).toEqual(leader.pending)
        expect(learner.commitLog.count).toBe(leader.committed.length)
      })
    )
  })
})

describe('with any leader', () => {
  const anyPacket = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }).map((lo) => proposal(2, lo)) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }).map((lo) => commit(2, lo)) },
    fc.integer({ min: 1, max: 4 }).map((lo) => inform(2, lo)),
    fc.constantFrom(diff(1, 5), trunc(1, 3), snap(1, 9, 40), newLeader(2), upToDate),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes))
  )

  test('log and commits go up by one, nothing is done twice, and after leaving nothing at all', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(diff(1, 5), trunc(1, 5)),
        fc.array(anyPacket, { maxLength: 25 }),
        (first, packets) => {
          const learner = new Learner().discovered().getAll(first, ...packets)
          const { host } = learner
          const expected = host.logged.map((_, index) => toHex(2, index + 1))

          expect(host.logged).toEqual(expected)
          expect(host.committed).toEqual(expected.slice(0, host.committed.length))
          const afterResigning = host.calls.slice(host.calls.indexOf('resign') + 1)
          expect(host.resignedFor === null || afterResigning.length === 0).toBe(true)
        }
      ),
      { numRuns: 300 }
    )
  })
})
