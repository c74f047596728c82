import { describe, expect, test } from '@jest/globals'
import { digestId } from '../../src/core/acl/digest-provider.ts'
import type { CoreSettings } from '../../src/core/pipeline/core-settings.ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { OpCode, Xid } from '../../src/protocol/op-code.ts'
import { PeerHarness, requestFrame, type Sent, testHash } from './peer-harness.ts'
import { create, pathAndBool, setData } from './requests.ts'

/** A harness with a slow log: writes stay in the pipeline until `persist`. */
function slow(settings: Partial<CoreSettings>, sessionCount = 1): { harness: PeerHarness; clients: ConnectionId[] } {
  const harness = new PeerHarness(settings)
  const clients = Array.from({ length: sessionCount }, () => harness.session())
  harness.autoPersist = false
  return { harness, clients }
}

/** Replies after the first frame, as [xid, err]. */
function answers(sent: readonly Sent[]): (readonly [number, number])[] {
  return sent.flatMap((one) => (one.kind === 'reply' ? [[one.xid, one.err] as const] : []))
}

function create1(harness: PeerHarness, client: ConnectionId, xid: number): void {
  harness.request(client, OpCode.create, xid, create(`/n${client}-${xid}`))
}

describe('globalOutstandingLimit', () => {
  test('a connection with a request outstanding is not read from while more than that are in process', () => {
    const { harness, clients } = slow({ globalOutstandingLimit: 2 })
    const [client = 0 as ConnectionId] = clients

    const pausedAfter = [1, 2, 3].map((xid) => {
      create1(harness, client, xid)
      return harness.paused.has(client)
    })
    harness.persist()

    expect(pausedAfter).toEqual([false, false, true])
    expect(harness.paused.has(client)).toBe(false)
  })

  test('a connection that has nothing outstanding is read from, whatever the others have', () => {
    const { harness, clients } = slow({ globalOutstandingLimit: 1 }, 2)
    const [busy = 0 as ConnectionId, idle = 0 as ConnectionId] = clients
    for (const xid of [1, 2, 3]) create1(harness, busy, xid)

    const sent = harness.request(idle, OpCode.exists, 1, pathAndBool('/zookeeper'))

    expect(answers(sent)).toEqual([[1, ErrorCode.OK]])
    expect([harness.paused.has(busy), harness.paused.has(idle)]).toEqual([true, false])
  })

  test('requests with a xid of 0 or less do not count', () => {
    const { harness, clients } = slow({ globalOutstandingLimit: 1 }, 2)
    const [busy = 0 as ConnectionId, special = 0 as ConnectionId] = clients
    for (const xid of [1, 2, 3]) create1(harness, busy, xid)

    create1(harness, special, -5)
    create1(harness, special, 0)

    expect(harness.paused.has(special)).toBe(false)
    expect(harness.peer.state.connections.get(special)?.outstanding).toBe(0)
  })

  test('writes of a connection that is gone count until they are done', () => {
    const { harness, clients } = slow({ globalOutstandingLimit: 2 }, 2)
    const [gone = 0 as ConnectionId, client = 0 as ConnectionId] = clients
    for (const xid of [1, 2, 3]) create1(harness, gone, xid)
    harness.disconnect(gone)

    create1(harness, client, 1)
    const whileTheyLast = harness.paused.has(client)
    harness.persist()

    expect(whileTheyLast).toBe(true)
    expect(harness.paused.has(client)).toBe(false)
    expect(harness.peer.state.outstanding).toBe(0)
  })
})

describe('the request throttle', () => {
  test('holds requests of all clients, in their order, while so many are in the pipeline', () => {
    const { harness, clients } = slow({ requestThrottleMax: 2 }, 2)
    const [a = 0 as ConnectionId, b = 0 as ConnectionId] = clients
    for (const xid of [1, 2, 3]) create1(harness, a, xid)
    harness.request(b, OpCode.exists, 1, pathAndBool('/n1-3'))

    const held = harness.peer.throttledRequests
    const readEarly = harness.sent(b).length
    harness.persist()

    expect(held).toBe(2)
    expect(readEarly).toBe(1)
    expect(answers(harness.sent(a))).toEqual([
      [1, 0],
      [2, 0],
      [3, 0]
    ])
    // The read entered the pipeline behind the third create, but not behind its commit.
    expect(answers(harness.sent(b))).toEqual([[1, ErrorCode.NONODE]])
    expect(harness.metrics.requestThrottleWaitCount.value).toBeGreaterThan(0)
  })

  test('holds the making of sessions, too', () => {
    const { harness, clients } = slow({ requestThrottleMax: 1 })
    create1(harness, clients[0] as ConnectionId, 1)
    const late = harness.open()
    harness.connect(late)
    harness.frame(late, requestFrame(OpCode.exists, 1, pathAndBool('/zookeeper')))

    const before = harness.sent(late).length
    harness.persist()

    expect(before).toBe(0)
    expect(harness.sent(late)).toMatchObject([{ kind: 'frame' }, { kind: 'reply', xid: 1, err: 0 }])
  })

  test('drops the requests of a connection that is gone, and all that came after a dropped one', () => {
    const { harness, clients } = slow({ requestThrottleMax: 1 }, 2)
    const [busy = 0 as ConnectionId, gone = 0 as ConnectionId] = clients
    create1(harness, busy, 1)
    create1(harness, gone, 1)
    harness.request(gone, OpCode.closeSession, 2)
    harness.disconnect(gone)

    harness.persist()

    expect(harness.tree.find(`/n${gone}-1`)).toBe(-1)
    expect(harness.metrics.staleRequestsDropped.value).toBe(1)
    expect(harness.txns.filter(({ body }) => body.kind === 'closeSession')).toHaveLength(0)
  })

  test('keeps the order of answers of a client that stops taking them meanwhile', () => {
    const { harness, clients } = slow({ requestThrottleMax: 1 }, 2)
    const [busy = 0 as ConnectionId, client = 0 as ConnectionId] = clients
    create1(harness, busy, 1)
    harness.request(client, OpCode.exists, 1, pathAndBool('/'))
    harness.request(client, OpCode.exists, 2, pathAndBool('/'))
    create1(harness, client, 3)
    harness.congest(client)

    harness.persist()
    harness.drain(client)
    harness.persist()

    expect(answers(harness.sent(client)).map(([xid]) => xid)).toEqual([1, 2, 3])
  })

  test('lets a request be who its connection was when it came', () => {
    const acl = [{ perms: 31, scheme: 'digest', id: digestId(testHash, 'alice:secret') }]
    const { harness, clients } = slow({ requestThrottleMax: 1 }, 2)
    const [busy = 0 as ConnectionId, client = 0 as ConnectionId] = clients
    harness.request(busy, OpCode.create, 1, create('/of-alice', 0, 'x', acl))
    harness.persist()
    create1(harness, busy, 2)

    harness.request(client, OpCode.setData, 1, setData('/of-alice', 'before'))
    harness.request(client, OpCode.auth, Xid.auth, (writer) => {
      writer.writeInt(0)
      writer.writeString('digest')
      writer.writeBuffer(Buffer.from('alice:secret'))
    })
    harness.request(client, OpCode.setData, 2, setData('/of-alice', 'after'))
    harness.persist()

    expect(answers(harness.sent(client)).filter(([xid]) => xid > 0)).toEqual([
      [1, ErrorCode.NOAUTH],
      [2, ErrorCode.OK]
    ])
  })

  test('does a closeSession though its connection is gone', () => {
    const { harness, clients } = slow({ requestThrottleMax: 1 }, 2)
    const [busy = 0 as ConnectionId, gone = 0 as ConnectionId] = clients
    create1(harness, busy, 1)
    harness.request(gone, OpCode.closeSession, 1)
    harness.disconnect(gone)

    harness.persist()

    expect(harness.txns.filter(({ body }) => body.kind === 'closeSession')).toHaveLength(1)
  })

  test('keeps writes of connections that are gone when requestThrottleDropStale is false', () => {
    const { harness, clients } = slow({ requestThrottleMax: 1, requestThrottleDropStale: false }, 2)
    const [busy = 0 as ConnectionId, gone = 0 as ConnectionId] = clients
    create1(harness, busy, 1)
    create1(harness, gone, 1)
    harness.request(gone, OpCode.exists, 2, pathAndBool('/', true))
    harness.disconnect(gone)

    harness.persist()

    expect(harness.tree.find(`/n${gone}-1`)).not.toBe(-1)
    expect(harness.peer.state.watches.counts.watches).toBe(0)
    expect(harness.metrics).toMatchObject({ staleRequests: { value: 2 }, staleRequestsDropped: { value: 0 } })
    expect(harness.peer.state.outstanding).toBe(0)
  })

  test('with requestStaleLatencyCheck drops what is older than its session timeout, and closes the connection', () => {
    const { harness, clients } = slow({ requestThrottleMax: 1, requestStaleLatencyCheck: true }, 2)
    const [busy = 0 as ConnectionId, late = 0 as ConnectionId] = clients
    create1(harness, busy, 1)
    create1(harness, late, 1)
    create1(harness, late, 2)
    harness.nowMs += 10_001

    harness.persist()

    expect(harness.sent(late).at(-1)).toEqual({ kind: 'closed', reason: 'CNX_STALE' })
    expect(answers(harness.sent(late))).toEqual([])
    expect(harness.metrics.staleRequestsDropped.value).toBe(1)
  })

  test('pauses connections by globalOutstandingLimit for what it holds as for what is in process', () => {
    const { harness, clients } = slow({ requestThrottleMax: 1, globalOutstandingLimit: 2 })
    const [client = 0 as ConnectionId] = clients
    for (const xid of [1, 2, 3, 4]) create1(harness, client, xid)

    const isPaused = harness.paused.has(client)
    harness.persist()

    expect(isPaused).toBe(true)
    expect(harness.paused.has(client)).toBe(false)
    expect(answers(harness.sent(client)).map(([xid]) => xid)).toEqual([1, 2, 3, 4])
  })

  test('gives up what it holds when the server stops and the time is over', () => {
    const { harness, clients } = slow({ requestThrottleMax: 1 })
    const [client = 0 as ConnectionId] = clients
    create1(harness, client, 1)
    create1(harness, client, 2)

    harness.peer.dropThrottled()
    harness.persist()

    expect(harness.peer.throttledRequests).toBe(0)
    expect(harness.sent(client).at(-1)).toEqual({ kind: 'closed', reason: 'CNX_STALE' })
    expect(harness.tree.find(`/n${client}-1`)).not.toBe(-1)
    expect(harness.tree.find(`/n${client}-2`)).toBe(-1)
  })
})

describe('throttled_op_wait_time', () => {
  test('a request that waited longer is answered THROTTLEDOP in its turn, without a zxid', () => {
    const { harness, clients } = slow({ throttledOpWaitTimeMs: 50 })
    const [client = 0 as ConnectionId] = clients
    create1(harness, client, 1)
    const readMs = harness.nowMs
    harness.nowMs += 51
    harness.queueFrame(client, requestFrame(OpCode.create, 2, create('/late')), readMs)
    harness.queueFrame(client, requestFrame(OpCode.exists, 3, pathAndBool('/')), harness.nowMs)
    harness.run()

    const before = answers(harness.sent(client))
    harness.persist()

    expect(before).toEqual([])
    expect(answers(harness.sent(client))).toEqual([
      [1, ErrorCode.OK],
      [2, ErrorCode.THROTTLEDOP],
      [3, ErrorCode.OK]
    ])
    expect(harness.txns).toHaveLength(2)
    expect(harness.metrics.throttledOps.value).toBe(1)
  })

  test.each([
    { type: OpCode.ping, xid: Xid.ping },
    { type: OpCode.closeSession, xid: 5 }
  ])('a request of type $type is done, however long it waited', ({ type, xid }) => {
    const { harness, clients } = slow({ throttledOpWaitTimeMs: 50 })
    const [client = 0 as ConnectionId] = clients
    harness.queueFrame(client, requestFrame(type, xid), harness.nowMs - 1000)
    harness.run()
    harness.persist()

    expect(answers(harness.sent(client))).toEqual([[xid, ErrorCode.OK]])
  })

  test('a request that waited no longer than that is done', () => {
    const { harness, clients } = slow({ throttledOpWaitTimeMs: 50 })
    const [client = 0 as ConnectionId] = clients
    harness.queueFrame(client, requestFrame(OpCode.exists, 1, pathAndBool('/')), harness.nowMs - 50)
    harness.run()

    expect(answers(harness.sent(client))).toEqual([[1, ErrorCode.OK]])
  })
})

describe('large requests', () => {
  const LARGE = { largeRequestThresholdBytes: 100, largeRequestMaxBytes: 1000 }

  test('share a budget until they are answered; a connection whose request does not fit is closed', () => {
    const { harness, clients } = slow(LARGE, 2)
    const [a = 0 as ConnectionId, b = 0 as ConnectionId] = clients
    harness.request(a, OpCode.create, 1, create('/a', 0, 'x'.repeat(600)))
    harness.request(b, OpCode.create, 1, create('/b', 0, 'x'.repeat(600)))

    expect(harness.sent(b).at(-1)).toEqual({ kind: 'closed', reason: 'IO_EXCEPTION' })
    expect(harness.metrics.largeRequestsRejected.value).toBe(1)
    expect(harness.logged).toEqual([{ level: 'warn', message: expect.stringContaining('large request') }])
  })

  test('free the budget when they are answered', () => {
    const { harness, clients } = slow(LARGE)
    const [client = 0 as ConnectionId] = clients
    harness.request(client, OpCode.create, 1, create('/a', 0, 'x'.repeat(600)))
    harness.persist()
    const afterWrite = harness.peer.state.largeRequests.bytes
    harness.request(client, OpCode.exists, 2, pathAndBool(`/${'x'.repeat(600)}`))

    harness.request(client, OpCode.setData, 3, setData('/a', 'y'.repeat(600)))
    harness.persist()

    expect(afterWrite).toBe(0)
    expect(answers(harness.sent(client)).map(([xid]) => xid)).toEqual([1, 2, 3])
    expect(harness.peer.state.largeRequests.bytes).toBe(0)
  })

  test('of a connection that is gone free the budget, those that are done and those that are not', () => {
    const { harness, clients } = slow({ ...LARGE, largeRequestMaxBytes: 10_000 })
    const [client = 0 as ConnectionId] = clients
    harness.request(client, OpCode.create, 1, create('/a', 0, 'x'.repeat(600)))
    harness.request(client, OpCode.exists, 2, pathAndBool(`/${'x'.repeat(600)}`))
    const held = harness.peer.state.largeRequests.bytes
    harness.disconnect(client)
    harness.persist()

    expect(held).toBeGreaterThan(1200)
    expect(harness.peer.state.largeRequests.bytes).toBe(0)
  })

  test('at or below the threshold do not count', () => {
    const { harness, clients } = slow({ largeRequestThresholdBytes: 10_000, largeRequestMaxBytes: 1 })
    const [client = 0 as ConnectionId] = clients

    harness.request(client, OpCode.create, 1, create('/a', 0, 'x'.repeat(600)))
    harness.persist()

    expect(answers(harness.sent(client))).toEqual([[1, ErrorCode.OK]])
  })
})
