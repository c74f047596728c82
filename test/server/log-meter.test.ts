import { expect, test } from '@jest/globals'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import { LogMeter } from '../../src/server/log-meter.ts'
import type { StorageStats } from '../../src/storage/storage.ts'

function stats(commits: number, txns: number, commitMs: number): StorageStats {
  return {
    commits,
    txns,
    commitNanos: commitMs * 1e6,
    bytes: 0,
    lastCommitMs: 0,
    maxCommitMs: 0,
    lastCommitTxns: 0,
    checkpoints: 0,
    checkpointNanos: 0,
    queuedBatches: 0,
    diskFullRetries: 0
  }
}

function figures({ fsyncTime, syncProcessorBatchSize, syncProcessorQueueAndFlushTimeMs, ...metrics }: Metrics) {
  const wait = metrics.syncProcessorQueueTimeMs.all
  const whole = syncProcessorQueueAndFlushTimeMs.all
  return {
    syncs: [fsyncTime.count, fsyncTime.sum],
    txnsPerSync: [syncProcessorBatchSize.min, syncProcessorBatchSize.max],
    queued: [metrics.syncProcessorQueueSize.count, metrics.syncProcessorQueueSize.sum],
    wait: [wait.count, wait.sum],
    whole: [whole.count, whole.sum]
  }
}

test('transactions are measured from being handed over to being durable, commits by the log thread', () => {
  const metrics = createMetrics()
  const meter = new LogMeter(metrics, true)
  meter.handed(1, 3, 100.2, 100.4)
  meter.handed(2, 2, 101.0, 101.1)

  meter.persisted(1, 106.9, stats(1, 3, 4.5))
  meter.persisted(2, 109.0, stats(2, 5, 7.2))

  expect(figures(metrics)).toEqual({
    syncs: [2, 7],
    txnsPerSync: [2, 3],
    queued: [5, 2 * 3],
    wait: [5, 3 * (6 - 4) + 2 * (8 - 3)],
    whole: [5, 3 * 6 + 2 * 8]
  })
})

test('commits that are told of together count each', () => {
  const metrics = createMetrics()
  const meter = new LogMeter(metrics, true)
  for (let sequence = 1; sequence <= 4; sequence++) meter.handed(sequence, 1, 10, 10)

  meter.persisted(4, 20, stats(3, 4, 9))

  expect(figures(metrics)).toMatchObject({ syncs: [3, 9], txnsPerSync: [1, 2], whole: [4, 40] })
})

test('with forceSync=no there are no syncs to measure', () => {
  const metrics = createMetrics()
  const meter = new LogMeter(metrics, false)
  meter.handed(1, 1, 10, 10)
  meter.persisted(1, 20, stats(1, 1, 9))

  expect(metrics.fsyncTime.count).toBe(0)
  expect(metrics.syncProcessorQueueFlushTimeMs.all.count).toBe(1)
})
