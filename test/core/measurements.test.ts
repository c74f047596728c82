import { describe, expect, test } from '@jest/globals'
import type { JuteWriter } from 'jute-ts'
import type { PercentileSummary, Summary } from '../../src/core/instruments.ts'
import type { Metrics } from '../../src/core/metrics.ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { encodeMultiHeader } from '../../src/protocol/generated/proto.ts'
import { CreateMode, OpCode, Xid } from '../../src/protocol/op-code.ts'
import { PeerHarness, requestFrame } from './peer-harness.ts'
import { create, pathAndBool, pathAndVersion, setData } from './requests.ts'

/** The values of all counters, and what summaries have counted. */
function counted(metrics: Metrics): Record<string, number> {
  const figures: Record<string, number> = {}
  for (const [id, instrument] of Object.entries(metrics)) {
    if (instrument.kind === 'counter') figures[id] = instrument.value
    else if (instrument.kind === 'summary') figures[id] = instrument.count
    else if (instrument.kind === 'percentileSummary') figures[id] = instrument.all.count
  }
  return figures
}

/** By how much figures grow while `action` runs; those that stay are left out. */
function growth(harness: PeerHarness, action: () => void): Record<string, number> {
  const before = counted(harness.metrics)
  action()
  const after = counted(harness.metrics)
  const changed = Object.keys(after).filter((id) => after[id] !== before[id])
  return Object.fromEntries(changed.map((id) => [id, (after[id] ?? 0) - (before[id] ?? 0)]))
}

function sum(instrument: Summary | PercentileSummary): number {
  return instrument.kind === 'summary' ? instrument.sum : instrument.all.sum
}

/** What each request of a standalone server of upstream passes, reads too. */
const EACH_REQUEST = {
  prepProcessorRequestQueued: 1,
  prepProcessorQueueSize: 1,
  prepProcessorQueueTimeMs: 1,
  prepProcessTime: 1,
  proposalProcessTime: 1,
  requestThrottleQueueTimeMs: 1,
  syncProcessorRequestQueued: 1
}
/** The shell measures these for writes. */
const READ_IN_LOG = { syncProcessorQueueSize: 1, syncProcessorQueueTimeMs: 1 }

describe('what a request counts', () => {
  test('a read', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.request(client, OpCode.create, 1, create('/a', 0, 'data'))
    const request = requestFrame(OpCode.getData, 2, pathAndBool('/a'))

    const figures = growth(harness, () => harness.frame(client, request))

    const reply = harness.sent(client).at(-1)
    const replyBytes = reply?.kind === 'reply' ? 16 + reply.body.length : 0
    expect(figures).toEqual({
      ...EACH_REQUEST,
      ...READ_IN_LOG,
      bytesReceivedCount: 4 + request.length,
      responseBytes: replyBytes,
      opCountTotal: 1,
      opCountGetData: 1,
      readLatency: 1
    })
    expect(harness.stats.clientResponseSize.last).toBe(replyBytes)
  })

  test('a write', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    const request = requestFrame(OpCode.create, 1, create('/a'))

    const figures = growth(harness, () => harness.frame(client, request))

    expect(figures).toEqual({
      ...EACH_REQUEST,
      bytesReceivedCount: 4 + request.length,
      responseBytes: 16 + 4 + 2,
      opCountTotal: 1,
      opCountCreate: 1,
      outstandingChangesQueued: 2,
      outstandingChangesRemoved: 2,
      propagationLatency: 1,
      updateLatency: 1
    })
  })

  test('a write that fails is an update, but no operation', () => {
    const harness = new PeerHarness()
    const client = harness.session()

    const figures = growth(harness, () => harness.request(client, OpCode.create, 1, create('/none/a')))

    expect(figures).toMatchObject({ updateLatency: 1, responseBytes: 16, propagationLatency: 1 })
    expect(figures).not.toHaveProperty('opCountTotal')
  })

  test('a sync is a read', () => {
    const harness = new PeerHarness()
    const client = harness.session()

    const figures = growth(harness, () => harness.request(client, OpCode.sync, 1, (writer) => writer.writeString('/')))

    expect(figures).toMatchObject({ readLatency: 1, opCountSync: 1 })
    expect(figures).not.toHaveProperty('updateLatency')
  })

  test('a ping has no response bytes, but a size', () => {
    const harness = new PeerHarness()
    const client = harness.session()

    const figures = growth(harness, () => harness.request(client, OpCode.ping, Xid.ping))

    expect(figures).toMatchObject({ opCountPing: 1, readLatency: 1 })
    expect(figures).not.toHaveProperty('responseBytes')
    expect(harness.stats.clientResponseSize.last).toBe(16)
  })

  test('a new session is an update, its ConnectResponse no reply', () => {
    const harness = new PeerHarness()

    const figures = growth(harness, () => harness.session())

    expect(figures).toMatchObject({
      connectionRequestCount: 1,
      connectionTokenDeficit: 1,
      opCountCreateSession: 1,
      updateLatency: 1
    })
    expect(figures).not.toHaveProperty('responseBytes')
    expect(harness.stats.packetsSent.value).toBe(1)
  })

  test('a resumed session is counted even when it is refused', () => {
    const harness = new PeerHarness()
    const client = harness.open()

    const figures = growth(harness, () => harness.connect(client, { sessionId: 5n }))

    expect(figures).toMatchObject({ connectionRequestCount: 1, connectionRevalidateCount: 1 })
  })

  test('an auth packet and an unknown request are answered outside of the pipeline', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    const auth = (writer: JuteWriter): void => {
      writer.writeInt(0)
      writer.writeString('digest')
      writer.writeBuffer(Buffer.from('a:b'))
    }

    const figures = growth(harness, () => {
      harness.request(client, OpCode.auth, -4, auth)
      harness.request(client, 99, 1)
    })

    expect(Object.keys(figures)).toEqual(['bytesReceivedCount'])
    expect(harness.stats.packetsSent.value).toBe(3)
    expect(harness.stats.authFailedCount.value).toBe(0)
  })

  test('a handshake that the token bucket refuses is rejected, no request', () => {
    const harness = new PeerHarness({
      connectionThrottle: {
        tokensMax: 1,
        fillTimeMs: 1000,
        fillCount: 1,
        weightEnabled: false,
        globalSessionWeight: 3,
        renewSessionWeight: 2
      }
    })
    harness.session()

    const figures = growth(harness, () => harness.session())

    expect(figures).toMatchObject({ connectionRejected: 1 })
    expect(figures).not.toHaveProperty('connectionRequestCount')
    expect(harness.metrics.connectionTokenDeficit.max).toBe(1)
  })

  test('the reply to a connection that is gone is stale', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.autoPersist = false
    harness.request(client, OpCode.create, 1, create('/a'))
    harness.disconnect(client)

    const figures = growth(harness, () => harness.persist())

    expect(figures).toMatchObject({ staleReplies: 1 })
    expect(figures).not.toHaveProperty('updateLatency')
  })
})

describe('latencies', () => {
  test('begin when the bytes were read and end when the answer is written, in whole milliseconds', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    const before = sum(harness.metrics.readLatency)
    harness.queueFrame(client, requestFrame(OpCode.exists, 1, pathAndBool('/')), harness.nowMs - 7)
    harness.queueFrame(client, requestFrame(OpCode.exists, 2, pathAndBool('/')), harness.nowMs - 7)
    harness.queueFrame(client, requestFrame(OpCode.exists, 3, pathAndBool('/')), harness.nowMs - 2)

    harness.run()

    expect(sum(harness.metrics.readLatency) - before).toBe(16)
    expect(harness.stats.requestLatency.max).toBe(7)
    expect(harness.peer.state.connections.get(client)).toMatchObject({ lastLatencyMs: 2, maxLatencyMs: 7 })
  })

  test('of writes take in the wait for the log', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.autoPersist = false
    harness.request(client, OpCode.create, 1, create('/a'))
    harness.nowMs += 12
    harness.wallMs += 12

    harness.persist()

    expect(harness.metrics.updateLatency.all.max).toBe(12)
    expect(harness.metrics.propagationLatency.all.max).toBe(12)
  })
})

describe('watches', () => {
  test('that fire are counted by the kind of event, and by their bytes', () => {
    const harness = new PeerHarness()
    const clients = [harness.session(), harness.session()]
    const [writer = 0 as ConnectionId] = clients
    harness.request(writer, OpCode.create, 1, create('/a'))
    for (const client of clients) {
      harness.request(client, OpCode.getData, 2, pathAndBool('/a', true))
      harness.request(client, OpCode.getChildren, 3, pathAndBool('/a', true))
      harness.request(client, OpCode.exists, 4, pathAndBool('/a/b', true))
    }
    const eventBytes = 16 + 12

    const created = growth(harness, () => harness.request(writer, OpCode.create, 5, create('/a/b')))
    const changed = growth(harness, () => harness.request(writer, OpCode.setData, 6, setData('/a', 'y')))
    const unwatched = growth(harness, () => harness.request(writer, OpCode.setData, 7, setData('/a', 'z')))

    expect(created).toMatchObject({
      nodeCreatedWatchCount: 1,
      nodeChildrenWatchCount: 1,
      watchBytes: 4 * eventBytes + 2 * 4 + 2 * 2
    })
    expect(changed).toMatchObject({ nodeChangedWatchCount: 1, watchBytes: 2 * (eventBytes + 2) })
    expect(unwatched).not.toHaveProperty('nodeChangedWatchCount')
    expect(harness.metrics.nodeCreatedWatchCount.sum).toBe(2)
  })

  test('of a deleted node count once', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.request(client, OpCode.create, 1, create('/a'))
    harness.request(client, OpCode.getData, 2, pathAndBool('/a', true))

    const figures = growth(harness, () => harness.request(client, OpCode.delete, 3, pathAndVersion('/a')))

    expect(figures).toMatchObject({ nodeDeletedWatchCount: 1 })
  })
})

describe('namespaces', () => {
  test('have the lengths of paths and data that are written and read in them', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.request(client, OpCode.create, 1, create('/ns', 0, 'four'))
    harness.request(client, OpCode.create, 2, create('/ns/child', 0, null))
    harness.request(client, OpCode.setData, 3, setData('/ns/child', 'xyz'))
    harness.request(client, OpCode.getData, 4, pathAndBool('/ns'))
    harness.request(client, OpCode.getChildren2, 5, pathAndBool('/ns'))
    harness.request(client, OpCode.exists, 6, pathAndBool('/ns/child'))
    harness.request(client, OpCode.delete, 7, pathAndVersion('/ns/child'))
    const { readPerNamespace, writePerNamespace } = harness.metrics
    const statBytes = 68

    expect(writePerNamespace.of('ns').sum).toBe(3 + 4 + 9 + (9 + 3) + 9)
    expect(readPerNamespace.of('ns')).toMatchObject({
      count: 3,
      sum: 3 + 4 + statBytes + (3 + 5 + statBytes) + (9 + statBytes)
    })
  })

  test('are told apart when they share a beginning, and the root has none', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    for (const path of ['/a', '/ab', '/a/b', '/ab/c', '/abc']) harness.request(client, OpCode.create, 1, create(path))
    for (const path of ['/', '/a', '/a/b', '/ab', '/ab/c', '/abc', '/ab']) {
      harness.request(client, OpCode.exists, 1, pathAndBool(path))
    }

    const counts = [...harness.metrics.readPerNamespace.byLabel].map(([label, { count }]) => [label, count])

    expect(counts).toEqual([
      ['a', 2],
      ['ab', 3],
      ['abc', 1]
    ])
  })

  test('are told apart beyond ASCII, and in a multiRead', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    for (const path of ['/é', '/é/x', '/ê', '/e']) harness.request(client, OpCode.create, 1, create(path, 0, null))
    for (const path of ['/é', '/é/x', '/ê', '/e', '/é/x']) {
      harness.request(client, OpCode.exists, 2, pathAndBool(path))
    }
    harness.request(client, OpCode.multiRead, 3, (writer) => {
      for (const path of ['/e', '/ê']) {
        encodeMultiHeader(writer, { type: OpCode.getData, done: false, err: -1 })
        pathAndBool(path)(writer)
      }
      encodeMultiHeader(writer, { type: -1, done: true, err: -1 })
    })

    const counts = [...harness.metrics.readPerNamespace.byLabel].map(([label, { count }]) => [label, count])

    expect(counts).toEqual([
      ['é', 3],
      ['ê', 2],
      ['e', 2]
    ])
  })

  test('a write that fails writes nothing; ephemerals that go with their session do', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    harness.request(client, OpCode.create, 1, create('/e', CreateMode.ephemeral, null))
    harness.request(client, OpCode.create, 2, create('/e', CreateMode.ephemeral, null))
    harness.request(client, OpCode.closeSession, 3)

    expect(harness.metrics.writePerNamespace.of('e')).toMatchObject({ count: 2, sum: 4 })
  })
})

test('TTL znodes are counted as they come and go', () => {
  const harness = new PeerHarness()
  const client = harness.session()
  const ttl = (path: string) => (writer: JuteWriter) => {
    create(path, CreateMode.persistentWithTtl)(writer)
    writer.writeInt64(0, 5000)
  }
  harness.request(client, OpCode.createTTL, 1, ttl('/t1'))
  harness.request(client, OpCode.createTTL, 2, ttl('/t2'))
  harness.request(client, OpCode.create, 3, create('/plain'))
  harness.request(client, OpCode.delete, 4, pathAndVersion('/t1'))
  harness.request(client, OpCode.delete, 5, pathAndVersion('/plain'))

  expect(harness.metrics).toMatchObject({ ttlNodeCreatedCount: { value: 2 }, ttlNodeDeletedCount: { value: 1 } })
})
