import { describe, expect, test } from '@jest/globals'
import { OpCode } from '../../src/protocol/op-code.ts'
import { PeerHarness } from './peer-harness.ts'
import { create } from './requests.ts'

/** A server with flushDelay that has just flushed a batch: its log is idle. */
function delayed(maxWriteQueuePollTimeMs: number): { harness: PeerHarness; write: (count?: number) => void } {
  const harness = new PeerHarness({ flushDelayMs: 100, maxWriteQueuePollTimeMs, maxBatchSize: 10 })
  const client = harness.session()
  let xid = 0
  const write = (count = 1): void => {
    for (let index = 0; index < count; index++) {
      harness.request(client, OpCode.create, ++xid, create(`/n${xid}`))
    }
  }
  return { harness, write }
}

describe('flushDelay', () => {
  test('holds transactions back until the last flush is so long ago', () => {
    const { harness, write } = delayed(1000)
    const flushedMs = harness.nowMs
    harness.nowMs += 10
    write(2)

    const before = [harness.txns.length, harness.peer.nextStepMs]
    harness.nowMs = flushedMs + 100
    harness.run()

    expect(before).toEqual([1, flushedMs + 100])
    expect(harness.txns).toHaveLength(3)
    expect(harness.peer.nextStepMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('is over when no transaction has come for maxWriteQueuePollTime', () => {
    const { harness, write } = delayed(20)
    write()
    harness.nowMs += 15
    write()
    const lastMs = harness.nowMs

    const [count, nextMs] = [harness.txns.length, harness.peer.nextStepMs]
    harness.nowMs = lastMs + 20
    harness.run()

    expect([count, nextMs]).toEqual([1, lastMs + 20])
    expect(harness.txns).toHaveLength(3)
  })

  test('does not hold back a full batch', () => {
    const { harness, write } = delayed(1000)
    write(9)
    const before = harness.txns.length
    write()

    expect([before, harness.txns.length]).toEqual([1, 11])
  })

  test('does not hold back the first transaction after a pause', () => {
    const { harness, write } = delayed(1000)
    harness.nowMs += 100
    write()

    expect(harness.txns).toHaveLength(2)
  })
})

test('without flushDelay what one step proposes goes to the log at its end', () => {
  const harness = new PeerHarness()
  harness.session()

  expect(harness.txns).toHaveLength(1)
  expect(harness.peer.nextStepMs).toBe(Number.POSITIVE_INFINITY)
})

describe('when a snapshot is due', () => {
  test('what was replayed at the start counts: more than half of snapCount is a reason for one at once', () => {
    const much = new PeerHarness({ snapCount: 1000 }, { replayed: { txnCount: 501, bytes: 0 } })
    const little = new PeerHarness({ snapCount: 1000 }, { replayed: { txnCount: 500, bytes: 0 } })
    for (const harness of [much, little]) harness.run()

    expect([much.peer.isWritingSnapshot, little.peer.isWritingSnapshot]).toEqual([true, false])
  })

  test('so does the size of the log that was replayed', () => {
    const harness = new PeerHarness({ snapSizeLimitBytes: 1000 }, { replayed: { txnCount: 1, bytes: 501 } })
    harness.run()

    expect(harness.peer.isWritingSnapshot).toBe(true)
  })

  test('a little that was replayed again and again adds up', () => {
    const harness = new PeerHarness({ snapCount: 10 }, { replayed: { txnCount: 5, bytes: 0 } })
    const client = harness.session()
    for (let xid = 1; xid <= 5; xid++) harness.request(client, OpCode.create, xid, create(`/n${xid}`))

    expect(harness.peer.isWritingSnapshot).toBe(true)
  })

  test('one is begun after so many bytes of log', () => {
    const harness = new PeerHarness({ snapSizeLimitBytes: 10_000 })
    const client = harness.session()
    harness.request(client, OpCode.create, 1, create('/a', 0, 'x'.repeat(4000)))
    const before = harness.peer.isWritingSnapshot
    harness.request(client, OpCode.create, 2, create('/b', 0, 'x'.repeat(7000)))

    expect([before, harness.peer.isWritingSnapshot]).toEqual([false, true])
  })

  test('one that an operator asks for is begun with the next step', () => {
    const harness = new PeerHarness()
    harness.session()
    harness.peer.beginSnapshot()
    harness.run()

    expect(harness.peer.isWritingSnapshot).toBe(true)
  })
})
