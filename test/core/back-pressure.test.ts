import { describe, expect, test } from '@jest/globals'
import type { ConnectionId } from '../../src/core/ports.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { OpCode, Xid } from '../../src/protocol/op-code.ts'
import { PeerHarness, requestFrame, type Sent } from './peer-harness.ts'
import { create, pathAndBool } from './requests.ts'

const MIB = 1024 * 1024

/** A server with a znode of 600 KiB, and a client. */
function withBigNode(): { harness: PeerHarness; client: ConnectionId } {
  const harness = new PeerHarness()
  const client = harness.session()
  harness.request(client, OpCode.create, 1, create('/big', 0, 'x'.repeat(600 * 1024)))
  return { harness, client }
}

function queueReads(harness: PeerHarness, client: ConnectionId, xids: readonly number[]): void {
  for (const xid of xids) harness.queueFrame(client, requestFrame(OpCode.getData, xid, pathAndBool('/big')))
}

function xids(sent: readonly Sent[]): number[] {
  return sent.flatMap((one) => (one.kind === 'reply' ? [one.xid] : []))
}

describe('a client that asks for more than it takes', () => {
  test('gets about a mebibyte of replies in one step, the rest when those have been sent, in order', () => {
    const { harness, client } = withBigNode()
    const seen = harness.sent(client).length
    queueReads(harness, client, [10, 11, 12, 13, 14])
    harness.run()

    const first = xids(harness.sent(client).slice(seen))
    const isAsking = harness.awaitingDrain.has(client)
    harness.drain(client)
    const second = xids(harness.sent(client).slice(seen))
    harness.drain(client)

    expect([first, isAsking, second]).toEqual([[10, 11], true, [10, 11, 12, 13]])
    expect(xids(harness.sent(client).slice(seen))).toEqual([10, 11, 12, 13, 14])
    expect(harness.awaitingDrain.has(client)).toBe(false)
  })

  test('is not read from while requests of it wait', () => {
    const { harness, client } = withBigNode()
    queueReads(harness, client, [10, 11, 12])
    harness.run()

    const isPaused = harness.paused.has(client)
    harness.drain(client)

    expect(isPaused).toBe(true)
    expect(harness.paused.has(client)).toBe(false)
  })

  test('has its writes and pings wait in their turn, too', () => {
    const { harness, client } = withBigNode()
    const seen = harness.sent(client).length
    queueReads(harness, client, [10, 11, 12])
    harness.queueFrame(client, requestFrame(OpCode.create, 13, create('/after')))
    harness.queueFrame(client, requestFrame(OpCode.ping, Xid.ping))
    queueReads(harness, client, [14])
    harness.run()

    const before = [xids(harness.sent(client).slice(seen)), harness.tree.find('/after')]
    for (let turn = 0; turn < 4; turn++) harness.drain(client)

    expect(before).toEqual([[10, 11], -1])
    expect(xids(harness.sent(client).slice(seen))).toEqual([10, 11, 12, 13, Xid.ping, 14])
  })

  test('does not hold up other clients', () => {
    const { harness, client } = withBigNode()
    const other = harness.session()
    queueReads(harness, client, [10, 11, 12, 13])
    harness.run()

    expect(xids(harness.request(other, OpCode.getData, 1, pathAndBool('/big')))).toEqual([1])
  })

  test('is served again in a later step as if nothing had been', () => {
    const { harness, client } = withBigNode()
    queueReads(harness, client, [10])
    harness.run()
    const seen = harness.sent(client).length
    queueReads(harness, client, [11])
    harness.run()

    expect(xids(harness.sent(client).slice(seen))).toEqual([11])
    expect(harness.awaitingDrain.size).toBe(0)
  })

  test('waits while the shell says that it is congested', () => {
    const { harness, client } = withBigNode()
    harness.congest(client)

    const during = harness.request(client, OpCode.exists, 10, pathAndBool('/big'))
    harness.drain(client)

    expect(during).toEqual([])
    expect(xids(harness.sent(client)).at(-1)).toBe(10)
  })

  test('that is congested with writes under way gets the replies to these, and to reads between them, in order', () => {
    const { harness, client } = withBigNode()
    harness.autoPersist = false
    const seen = harness.sent(client).length
    harness.request(client, OpCode.create, 10, create('/w1'))
    queueReads(harness, client, [11, 12, 13])
    harness.run()
    harness.request(client, OpCode.create, 14, create('/w2'))
    queueReads(harness, client, [15, 16])
    harness.run()
    harness.congest(client)

    harness.persist()
    const during = xids(harness.sent(client).slice(seen))
    harness.drain(client)

    // The reads behind the last write can wait, those before it could not without seeing it.
    expect(during).toEqual([10, 11, 12, 13, 14])
    expect(xids(harness.sent(client).slice(seen))).toEqual([10, 11, 12, 13, 14, 15, 16])
  })

  test('that asks for too much between writes is closed', () => {
    const { harness, client } = withBigNode()
    harness.autoPersist = false
    harness.request(client, OpCode.create, 10, create('/w1'))
    queueReads(
      harness,
      client,
      Array.from({ length: 300 }, (_, index) => 11 + index)
    )
    harness.run()
    harness.request(client, OpCode.create, 400, create('/w2'))

    harness.persist()

    const bytes = harness.sent(client).reduce((sum, one) => sum + (one.kind === 'reply' ? one.body.length : 0), 0)
    expect(bytes).toBeLessThan(130 * MIB)
    expect(harness.sent(client).at(-1)).toEqual({ kind: 'closed', reason: 'IO_EXCEPTION' })
    expect(harness.logged).toContainEqual({ level: 'warn', message: expect.stringContaining('too much') })
  })

  test('that goes away while requests of it wait leaves nothing behind', () => {
    const { harness, client } = withBigNode()
    queueReads(harness, client, [10, 11, 12])
    harness.run()

    harness.disconnect(client)
    harness.drain(client)

    expect(harness.peer.state.outstanding).toBe(0)
    expect(harness.peer.state.connections.has(client)).toBe(false)
  })
})

describe('requests sent before the session is there', () => {
  test('are answered in order with those after it', () => {
    const harness = new PeerHarness()
    harness.autoPersist = false
    const client = harness.open()
    harness.connect(client)
    harness.frame(client, requestFrame(OpCode.exists, 1, pathAndBool('/')))
    const isPaused = harness.paused.has(client)
    harness.persist()
    harness.frame(client, requestFrame(OpCode.exists, 2, pathAndBool('/')))

    expect(isPaused).toBe(true)
    expect(harness.paused.has(client)).toBe(false)
    expect(harness.sent(client)).toMatchObject([
      { kind: 'frame' },
      { xid: 1, err: ErrorCode.OK },
      { xid: 2, err: ErrorCode.OK }
    ])
  })
})

test('a read that came before closeSession is answered, whatever it waits for; one that came later is refused', () => {
  const harness = new PeerHarness()
  const client = harness.session()
  harness.autoPersist = false
  harness.request(client, OpCode.create, 1, create('/a'))
  harness.request(client, OpCode.exists, 2, pathAndBool('/a'))
  harness.request(client, OpCode.closeSession, 3)
  harness.request(client, OpCode.exists, 4, pathAndBool('/a'))
  harness.persist()
  harness.persist()

  const replies = harness.sent(client).flatMap((one) => (one.kind === 'reply' ? [[one.xid, one.err]] : []))
  expect(replies).toEqual([
    [1, 0],
    [2, 0],
    [3, 0]
  ])
})
