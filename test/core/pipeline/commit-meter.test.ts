import { describe, expect, test } from '@jest/globals'
import { createMetrics } from '../../../src/core/metrics.ts'
import { CommitMeter } from '../../../src/core/pipeline/commit-meter.ts'

describe('what a member counts of commits and of what waits for them', () => {
  test('a write with two reads behind it: they wait, and go with its commit', () => {
    const metrics = createMetrics()
    const meter = new CommitMeter(metrics, false)
    meter.queued(1, false)
    meter.queued(2, true)
    meter.queued(3, true)
    meter.settle(3, 1, 1)
    expect(meter.heldReads).toBe(2)
    expect(metrics.readCommitProcReqQueued).toMatchObject({ count: 1, sum: 2 })
    expect(metrics.writeCommitProcReqQueued).toMatchObject({ count: 1, sum: 1 })
    expect(metrics.writeCommitProcIssued.count).toBe(0)

    meter.committed(90, 3, false, 100.5)
    meter.readLeft()
    meter.readLeft()
    meter.emptied()
    meter.released(true, 2)
    meter.readsAnswered(2, 10)
    meter.settle(0, 4, 0)

    expect(meter.heldReads).toBe(0)
    expect(metrics.requestsInSessionQueue).toMatchObject({ count: 4, sum: 1 + 2 + 3 + 3 })
    expect(metrics.pendingSessionQueueSize).toMatchObject({ count: 1, sum: 1 })
    expect(metrics.readsAfterWriteInSessionQueue).toMatchObject({ count: 1, sum: 2 })
    expect(metrics.writeCommitprocTimeMs.all).toMatchObject({ count: 1, sum: 10 })
    expect(metrics.readCommitprocTimeMs.all).toMatchObject({ count: 2, sum: 20 })
    expect(metrics.localWriteCommittedTimeMs.all).toMatchObject({ count: 1, sum: 4 })
    expect(metrics.writeFinalProcTimeMs.all).toMatchObject({ count: 1, sum: 4 })
    // Both reads had waited: none went by directly.
    expect(metrics.readCommitProcIssued).toMatchObject({ count: 2, sum: 0 })
    expect(metrics.writeCommitProcReqQueued).toMatchObject({ count: 2, sum: 2 })
  })

  test('what other servers have asked for is counted by itself', () => {
    const metrics = createMetrics()
    const meter = new CommitMeter(metrics, false)
    meter.committed(null, 0, false, 100)
    meter.released(false, 0)
    meter.settle(0, 3, 0)

    expect(metrics.serverWriteCommittedTimeMs.all).toMatchObject({ count: 1, sum: 3 })
    expect(metrics.localWriteCommittedTimeMs.all.count).toBe(0)
    expect(metrics.sessionQueuesDrained).toMatchObject({ count: 1, sum: 0 })
    expect(metrics.readsAfterWriteInSessionQueue.count).toBe(0)
    expect(metrics.requestsInSessionQueue.count).toBe(0)
  })

  test("a learner's sync is a commit and no read; a leader's is a read", () => {
    for (const isLeader of [true, false]) {
      const metrics = createMetrics()
      const meter = new CommitMeter(metrics, isLeader)
      if (!isLeader) meter.committed(100, 1, true, 100)
      meter.readsAnswered(1, 0)
      meter.settle(1, 0, 0)

      expect(metrics.readCommitprocTimeMs.all.count).toBe(isLeader ? 1 : 0)
      expect(metrics.writeCommitProcIssued.sum).toBe(isLeader ? 0 : 1)
    }
  })
})
