import { describe, expect, test } from '@jest/globals'
import type { JuteWriter } from 'jute-ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { OpCode } from '../../src/protocol/op-code.ts'
import { PeerHarness, type Sent } from './peer-harness.ts'

const NO_TOTALS = { znodesMax: null, bytesMax: null }
const LIMITS = [
  { name: 'tenant', path: '/a', requestsPerSecond: 4, writesPerSecond: 2, ...NO_TOTALS },
  { name: 'inner', path: '/a/slow', requestsPerSecond: 1, writesPerSecond: null, ...NO_TOTALS }
]

function server() {
  const harness = new PeerHarness({ prefixLimits: LIMITS })
  const admin = harness.session()
  for (const path of ['/a', '/ab', '/a/slow']) create(harness, admin, path)
  harness.advance(2000)
  return harness
}

function create(harness: PeerHarness, id: ConnectionId, path: string, xid = 900): Sent[] {
  return harness.request(id, OpCode.create, xid, (writer) => writeCreate(writer, path))
}

function writeCreate(writer: JuteWriter, path: string): void {
  writer.writeString(path)
  writer.writeBuffer(null)
  writer.writeInt(1)
  writer.writeInt(31)
  writer.writeString('world')
  writer.writeString('anyone')
  writer.writeInt(0)
}

/** Answered xids of what is sent now: getData of `path`, `count` times. */
function read(harness: PeerHarness, id: ConnectionId, path: string, count: number, firstXid = 1): number[] {
  const before = harness.sent(id).length
  for (let xid = firstXid; xid < firstXid + count; xid++) {
    harness.request(id, OpCode.getData, xid, (writer) => {
      writer.writeString(path)
      writer.writeBool(false)
    })
  }
  return xids(harness, id, before)
}

function xids(harness: PeerHarness, id: ConnectionId, from: number): number[] {
  return harness
    .sent(id)
    .slice(from)
    .flatMap((sent) => (sent.kind === 'reply' ? [sent.xid] : []))
}

/** Lets time pass and returns what has been answered since, by the time of each answer. */
function later(harness: PeerHarness, id: ConnectionId, ms: number, stepMs = 50): number[] {
  const before = harness.sent(id).length
  harness.advance(ms, stepMs)
  return xids(harness, id, before)
}

describe('a limit of a path', () => {
  test("lets a second's worth through at once, then so many a second, in their order", () => {
    const harness = server()
    const id = harness.session()

    expect(read(harness, id, '/a', 7)).toEqual([1, 2, 3, 4])
    expect(later(harness, id, 200)).toEqual([])
    expect(later(harness, id, 100)).toEqual([5])
    expect(later(harness, id, 500)).toEqual([6, 7])
    expect(later(harness, id, 1000)).toEqual([])
  })

  test('is not of a path that only begins alike, nor of others', () => {
    const harness = server()
    const id = harness.session()

    expect(read(harness, id, '/ab', 9)).toHaveLength(9)
    expect(read(harness, id, '/', 9)).toHaveLength(9)
  })

  test('is of all below, but for what has a limit of its own', () => {
    const harness = server()
    const id = harness.session()

    expect(read(harness, id, '/a/none', 9)).toHaveLength(4)
    const other = harness.session()
    expect(read(harness, other, '/a/slow/x', 3)).toHaveLength(1)
  })

  test('counts writes by themselves, too', () => {
    const harness = server()
    const id = harness.session()
    const answered = ['/a/1', '/a/2', '/a/3'].map((path, index) => create(harness, id, path, index + 1).length)

    expect(answered).toEqual([1, 1, 0])
    expect(later(harness, id, 600)).toEqual([3])
  })

  test('counts a multi as a request for its first path', () => {
    const harness = server()
    const id = harness.session()
    const multi = (xid: number) =>
      harness.request(id, OpCode.multi, xid, (writer) => {
        writer.writeInt(OpCode.create)
        writer.writeBool(false)
        writer.writeInt(-1)
        writeCreate(writer, `/a/m${xid}`)
        writer.writeInt(-1)
        writer.writeBool(true)
        writer.writeInt(-1)
      })

    expect([multi(1), multi(2), multi(3)].map(({ length }) => length)).toEqual([1, 1, 0])
  })

  test('holds up what comes behind on the connection, and no other connection', () => {
    const harness = server()
    const [busy, other] = [harness.session(), harness.session()]
    read(harness, busy, '/a', 5)
    const behind = read(harness, busy, '/ab', 1, 50)

    expect(behind).toEqual([])
    expect(harness.paused.has(busy)).toBe(true)
    expect(read(harness, other, '/ab', 1)).toEqual([1])
    expect(later(harness, busy, 300)).toEqual([5, 50])
    expect(harness.paused.has(busy)).toBe(false)
  })

  test('is shared by the connections that wait, one after the other', () => {
    const harness = server()
    const [one, two] = [harness.session(), harness.session()]
    read(harness, one, '/a', 4)
    read(harness, one, '/a', 3, 11)
    read(harness, two, '/a', 3, 21)
    harness.advance(600, 50)
    const half = [harness.sent(one), harness.sent(two)].map((sent) =>
      sent.flatMap((reply) => (reply.kind === 'reply' && reply.xid > 10 ? [reply.xid] : []))
    )

    expect(half).toEqual([[11], [21]])
  })

  test('does not let the session of who waits expire', () => {
    const harness = server()
    const id = harness.session(4000)
    read(harness, id, '/a/slow', 20)

    expect(later(harness, id, 15_000, 500)).toHaveLength(15)
    expect(harness.sent(id).some(({ kind }) => kind === 'closed')).toBe(false)
  })

  test('is forgotten with the connection', () => {
    const harness = server()
    const [gone, other] = [harness.session(), harness.session()]
    read(harness, gone, '/a/slow', 5)
    read(harness, other, '/a/slow', 1)
    harness.disconnect(gone)

    expect(later(harness, other, 1100)).toEqual([1])
    expect(harness.peer.nextStepMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('does not hold up a super user', () => {
    const harness = server()
    const id = harness.session()
    harness.request(id, OpCode.auth, -4, (writer) => {
      writer.writeInt(0)
      writer.writeString('digest')
      writer.writeBuffer(Buffer.from('super:admin'))
    })

    expect(read(harness, id, '/a', 20)).toHaveLength(20)
  })

  test('tells when the next one may go', () => {
    const harness = server()
    const id = harness.session()
    read(harness, id, '/a/slow', 2)

    expect(harness.peer.nextStepMs - harness.nowMs).toBeGreaterThanOrEqual(1000)
    expect(harness.peer.nextStepMs - harness.nowMs).toBeLessThan(1010)
  })

  test('counts who has waited, and how long', () => {
    const harness = server()
    const id = harness.session()
    read(harness, id, '/a', 6)
    harness.advance(1000, 50)

    const { prefixDelayedRequests, prefixDelayTimeMs } = harness.metrics
    expect(prefixDelayedRequests.of('tenant').value).toBe(2)
    expect(prefixDelayTimeMs.of('tenant').count).toBe(2)
    expect(prefixDelayedRequests.of('inner').value).toBe(0)
  })
})

test('a path that makes no sense goes on to be refused as always', () => {
  const harness = new PeerHarness({
    prefixLimits: [{ name: 'x', path: '/', requestsPerSecond: 1, writesPerSecond: null, ...NO_TOTALS }]
  })
  const id = harness.session()
  const [empty] = harness.request(id, OpCode.getData, 1)
  const [negative] = harness.request(id, OpCode.getData, 2, (writer) => writer.writeInt(-7))
  const [long] = harness.request(id, OpCode.getData, 3, (writer) => writer.writeInt(1 << 30))

  expect([empty, negative, long].map((reply) => (reply?.kind === 'reply' ? reply.err : null))).toEqual([-5, -5, -5])
})
