import { describe, expect, test } from '@jest/globals'
import { JuteWriter } from 'jute-ts'
import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import { AWAITED_COUNT_MAX } from '../../../../src/core/zab/observer-master/awaited-answers.ts'
import { ObserverMaster } from '../../../../src/core/zab/observer-master/observer-master.ts'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { writePacket, writeRequest } from '../../../../src/core/zab/wire/write-packet.ts'
import { OpCode } from '../../../../src/protocol/op-code.ts'
import { MemorySnapshot } from '../leading/fake-host.ts'
import { FakeObserverMasterHost } from './fake-observer-master-host.ts'

const EPOCH = 2
const ONE = 1 as LinkId
const TWO = 2 as LinkId
const VERSION = '\u0000\u0001\u0000\u0000'
const SETTINGS = {
  tickTimeMs: 100,
  initLimitTicks: 10,
  syncLimitTicks: 5,
  maxConcurrentSnapSyncs: 10,
  maxConcurrentDiffSyncs: 100,
  forceSnapshotSync: false,
  snapshotSizeFactor: 0.33,
  dataBytesMax: 1 << 20,
  sizeLimitBytes: 1000
}

function packet(type: PacketType, hi: number, lo: number, data: Uint8Array | null = null): Buffer {
  const writer = new JuteWriter()
  writePacket(writer, type, hi, lo, data)
  return writer.copyBytes()
}

function info(sid: number, configVersion = 5, type: PacketType = PacketType.observerInfo): Buffer {
  const data = Buffer.alloc(20)
  data.writeInt32BE(sid, 4)
  data.writeInt32BE(0x10000, 8)
  data.writeInt32BE(configVersion, 16)
  return packet(type, EPOCH, 0, data)
}

function ackEpoch(hi: number, lo: number): Buffer {
  return packet(PacketType.ackEpoch, hi, lo, Buffer.from([0, 0, 0, EPOCH]))
}

function request(session: number, cxid: number, type: number, body: string, ids: string[] | null): Buffer {
  const writer = new JuteWriter()
  const identities = ids?.map((id) => ({ scheme: 'digest', id })) ?? null
  writeRequest(writer, 0, session, cxid, type, Buffer.from(body), identities)
  return writer.copyBytes()
}

function touches(type: PacketType, ...sessions: readonly [session: number, timeoutMs: number][]): Buffer {
  const data = Buffer.alloc(sessions.length * 12)
  for (const [index, [session, timeoutMs]] of sessions.entries()) {
    data.writeInt32BE(session, index * 12 + 4)
    data.writeInt32BE(timeoutMs, index * 12 + 8)
  }
  return packet(type, -1, -1, data)
}

/** A follower that has committed the transactions 1 to `committed` of the epoch, all of them in memory. */
class Follower {
  readonly host = new FakeObserverMasterHost()
  readonly commitLog = new CommitLog(100, 0)
  readonly master: ObserverMaster
  nowMs = 0
  #last: number

  constructor(committed = 3, settings = SETTINGS) {
    this.#last = committed
    for (let lo = 1; lo <= committed; lo++) this.commitLog.add(EPOCH, lo, Buffer.from(`t${lo}`))
    const start = { epoch: EPOCH, committedHi: committed > 0 ? EPOCH : 1, committedLo: committed, nowMs: 0 }
    this.master = new ObserverMaster(this.host, settings, start, this.commitLog)
  }

  commit(text: string, designated: number | null = null): void {
    const bytes = Buffer.from(text)
    this.commitLog.add(EPOCH, ++this.#last, bytes)
    this.master.committed(EPOCH, this.#last, bytes, designated)
  }

  say(link: LinkId, ...parts: readonly Buffer[]): void {
    for (const bytes of parts) this.master.received(link, bytes, this.nowMs)
  }

  /** Lets time go by in half ticks. */
  wait(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += 50
      this.master.tick(this.nowMs)
    }
  }

  /** An observer that has everything up to a zxid of the epoch, and is served. */
  serve(link: LinkId, sid: number, last = 3): void {
    this.master.connected(link, '127.0.0.1', this.nowMs)
    this.say(link, info(sid), ackEpoch(EPOCH, last), packet(PacketType.ack, EPOCH, 0))
    this.host.take(link)
  }
}

describe('an observer that comes to a follower', () => {
  test('is told the epoch in force, gets what it misses, and is served', () => {
    const follower = new Follower()
    follower.master.connected(ONE, '127.0.0.1', 0)

    follower.say(ONE, info(7))
    expect(follower.host.take(ONE)).toEqual([`leaderInfo 200000000 [${VERSION}]`])
    follower.say(ONE, ackEpoch(EPOCH, 1))
    expect(follower.host.take(ONE)).toEqual([
      'diff 200000003',
      'proposal 200000002 [t2]',
      'commit 200000002',
      'proposal 200000003 [t3]',
      'commit 200000003',
      'newLeader 200000000 [version=5]'
    ])
    follower.commit('t4')
    follower.say(ONE, packet(PacketType.ack, EPOCH, 0))

    expect(follower.host.take(ONE)).toEqual(['inform 200000004 [t4]', 'upToDate ffffffffffffffff'])
    expect(follower.master.observerCount).toBe(1)
  })

  test('gets the tree where the log does not go back so far, and what is committed meanwhile', () => {
    const follower = new Follower()
    follower.host.snapshot = new MemorySnapshot(EPOCH, 2, Buffer.from('tree'))
    follower.master.connected(ONE, '127.0.0.1', 0)
    follower.say(ONE, info(7), ackEpoch(1, 5))
    expect(follower.host.takeCalls()).toEqual(['findInLog 1 100000005'])
    follower.commit('t4')
    follower.host.take(ONE)

    follower.master.logFound(1, null)

    const bytes = follower.host.linkWriter(ONE).copyBytes().toString('latin1')
    expect(bytes).toContain('tree\u0000\u0000\u0000\nBenWasHere')
    expect(bytes.indexOf('t3')).toBeGreaterThan(bytes.indexOf('BenWasHere'))
    expect(bytes.indexOf('t4')).toBeGreaterThan(bytes.indexOf('t3'))
    expect(bytes.indexOf('version=5')).toBeGreaterThan(bytes.indexOf('t4'))
  })

  test('gets what the stored log has, and what is only in memory', () => {
    const follower = new Follower()
    follower.master.connected(ONE, '127.0.0.1', 0)
    follower.say(ONE, info(7), ackEpoch(1, 5))
    follower.host.take(ONE)
    follower.master.logFound(1, { hi: 1, lo: 5 })
    expect(follower.host.takeCalls()).toEqual(['findInLog 1 100000005', 'readLog 2 100000005'])

    const stored = Buffer.alloc(4 + 24)
    stored.writeInt32BE(24, 0)
    stored.writeInt32BE(EPOCH, 4 + 12)
    stored.writeInt32BE(1, 4 + 16)
    follower.master.logRead(2, { lastZxidHi: EPOCH, lastZxidLo: 1, body: stored })

    expect(follower.host.take(ONE).map((text) => text.replace(/ \[.*/s, ''))).toEqual([
      'diff 200000003',
      'proposal 200000001',
      'commit 200000001',
      'proposal 200000002',
      'commit 200000002',
      'proposal 200000003',
      'commit 200000003',
      'newLeader 200000000'
    ])
  })

  test('that has more of this epoch than was committed here waits for it, and cuts nothing off', () => {
    const follower = new Follower()
    follower.master.connected(ONE, '127.0.0.1', 0)
    follower.say(ONE, info(7), ackEpoch(EPOCH, 5))
    follower.host.take(ONE)

    follower.commit('t4')
    expect(follower.host.take(ONE)).toEqual([])
    follower.commit('t5')

    expect(follower.host.take(ONE)).toEqual(['diff 200000005', 'newLeader 200000000 [version=5]'])
  })

  test('and waits in vain is closed after initLimit', () => {
    const follower = new Follower()
    follower.master.connected(ONE, '127.0.0.1', 0)
    follower.say(ONE, info(7), ackEpoch(EPOCH, 5))

    follower.wait(1000)

    expect(follower.host.closed.get(ONE)).toMatch(/nothing was heard/)
  })

  test('right after an election, with everything before the epoch, is up to date', () => {
    const follower = new Follower(0)
    follower.master.connected(ONE, '127.0.0.1', 0)
    follower.say(ONE, info(7), ackEpoch(EPOCH, 0))

    expect(follower.host.take(ONE).slice(1)).toEqual(['diff 200000000', 'newLeader 200000000 [version=5]'])
  })

  test.each([
    { what: 'a follower', bytes: info(7, 5, PacketType.followerInfo), says: /no observer/ },
    { what: 'one with a newer configuration', bytes: info(7, 6), says: /configuration 6 is newer than 5/ },
    { what: 'one that begins with something else', bytes: ackEpoch(1, 1), says: /instead of OBSERVERINFO/ },
    { what: 'nonsense', bytes: Buffer.alloc(40, 0xfe), says: /malformed/ }
  ])('is closed: $what', ({ bytes, says }) => {
    const follower = new Follower()
    follower.master.connected(ONE, '127.0.0.1', 0)

    follower.say(ONE, bytes)

    expect(follower.host.closed.get(ONE)).toMatch(says)
    expect(follower.host.take(ONE)).toEqual([])
  })
})

describe('an observer that is served', () => {
  test('is informed of each commit, with the leader that a reconfiguration suggests', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)

    follower.commit('t4')
    follower.commit('reconfig', 9)

    expect(follower.host.take(ONE)).toEqual([
      'inform 200000004 [t4]',
      'informAndActivate 200000005 [\u0000\u0000\u0000\u0000\u0000\u0000\u0000\treconfig]'
    ])
  })

  test('has its requests sent to the leader as they are', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)

    follower.say(ONE, request(0x71, 3, OpCode.create, 'body', ['joe']), request(0x71, 4, OpCode.closeSession, '', null))

    expect(follower.host.takeCalls()).toEqual([
      `request 71 3 ${OpCode.create} [body] by joe`,
      `request 71 4 ${OpCode.closeSession} [] by nobody`
    ])
  })

  test('gets the answers to its own syncs, behind what was committed before', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)
    follower.serve(TWO, 8)
    follower.say(TWO, request(0x81, 1, OpCode.sync, 'p', null))
    follower.master.ownSyncAsked()
    follower.say(ONE, request(0x71, 1, OpCode.sync, 'p', null))

    follower.commit('t4')
    expect(follower.master.synced()).toBe(false)
    expect(follower.host.take(TWO)).toEqual(['inform 200000004 [t4]', 'sync 0'])
    expect(follower.master.synced()).toBe(true)
    expect(follower.master.synced()).toBe(false)
    expect(follower.host.take(ONE)).toEqual(['inform 200000004 [t4]', 'sync 0'])
  })

  test('and is gone takes the answers to its syncs with it', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)
    follower.serve(TWO, 8)
    follower.say(ONE, request(0x71, 1, OpCode.sync, 'p', null))
    follower.say(TWO, request(0x81, 1, OpCode.sync, 'p', null))
    follower.master.linkClosed(ONE)

    expect([follower.master.synced(), follower.master.synced()]).toEqual([false, false])
    expect(follower.host.take(ONE)).toEqual([])
    expect(follower.host.take(TWO)).toEqual(['sync 0'])
  })

  test('hears whether a session lives, and the leader hears that it was active', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)
    follower.serve(TWO, 8)
    follower.master.ownRevalidationAsked(0, 0x71, 4000)
    follower.say(ONE, touches(PacketType.revalidate, [0x71, 5000]))
    follower.say(TWO, touches(PacketType.revalidate, [0x81, 6000]))
    expect(follower.host.takeCalls()).toEqual(['revalidate 71 5000', 'revalidate 81 6000'])

    expect(follower.master.revalidated(0, 0x81, false)).toBe(false)
    expect(follower.master.revalidated(0, 0x71, true)).toBe(true)
    expect(follower.host.takeCalls()).toEqual([])
    expect(follower.master.revalidated(0, 0x71, true)).toBe(false)

    expect(follower.host.takeCalls()).toEqual(['touch 71 5000'])
    const [valid, invalid] = [ONE, TWO].map((link) => follower.host.takePackets(link)[0]?.data)
    expect(Buffer.from(valid ?? []).toString('hex')).toBe('000000000000007101')
    expect(Buffer.from(invalid ?? []).toString('hex')).toBe('000000000000008100')
    expect(follower.master.revalidated(0, 0x99, true)).toBe(true)
  })

  test('is pinged each half tick, and its answers tell which sessions are active', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)

    follower.wait(50)
    follower.say(ONE, touches(PacketType.ping, [0x71, 5000], [0x72, 6000]))

    expect(follower.host.take(ONE)).toEqual(['ping 200000003'])
    expect(follower.host.takeCalls()).toEqual(['touch 71 5000', 'touch 72 6000'])
  })

  test('is closed when nothing is heard of it for syncLimit', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)
    follower.serve(TWO, 8)

    follower.wait(450)
    follower.say(TWO, touches(PacketType.ping))
    follower.wait(50)

    expect([...follower.host.closed.keys()]).toEqual([ONE])
    expect(follower.master.observerCount).toBe(1)
  })

  test('is not blamed for the time that the process stood still', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)

    follower.master.postpone(10_000)
    follower.nowMs += 10_000
    follower.wait(400)

    expect(follower.host.closed.size).toBe(0)
  })

  test('is closed when it lags by more than the limit, and others go on', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)
    follower.serve(TWO, 8)
    for (let i = 0; i < 6; i++) {
      follower.commit('x'.repeat(180))
      follower.master.linkDrained(TWO, 0)
    }

    expect(follower.host.closed.get(ONE)).toMatch(/lags by more than 1000 bytes/)
    expect(follower.host.closed.has(TWO)).toBe(false)
    expect(follower.host.take(TWO)).toHaveLength(6)
  })

  test('is closed when it waits for too many answers', () => {
    const follower = new Follower()
    follower.serve(ONE, 7)
    const bytes = request(0x71, 1, OpCode.sync, '', null)
    for (let i = 0; i < AWAITED_COUNT_MAX; i++) follower.say(ONE, bytes)
    expect(follower.host.closed.size).toBe(0)

    follower.say(ONE, bytes)

    expect(follower.host.closed.get(ONE)).toMatch(/too many answers/)
  })
})

test('a follower that stops following closes its observers, and does nothing more', () => {
  const follower = new Follower()
  follower.serve(ONE, 7)
  follower.master.connected(TWO, '127.0.0.1', 0)

  follower.master.close()
  follower.commit('t4')
  follower.wait(100)
  follower.say(ONE, request(0x71, 3, OpCode.create, 'body', null))

  expect([...follower.host.closed.keys()]).toEqual([ONE, TWO])
  expect(follower.host.take(ONE)).toEqual([])
  expect(follower.host.takeCalls()).toEqual([])
  expect(follower.master.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
})
