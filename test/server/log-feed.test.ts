import { expect, test } from '@jest/globals'
import { createMetrics } from '../../src/core/metrics.ts'
import type { PersistBatch } from '../../src/core/outbox.ts'
import { type FeedStorage, LogFeed } from '../../src/server/log-feed.ts'
import { LogMeter } from '../../src/server/log-meter.ts'

/** Takes so many batches. */
class NarrowStorage implements FeedStorage {
  readonly taken: number[] = []
  room = 0
  readonly stats: FeedStorage['stats'] = {
    commits: 0,
    txns: 0,
    bytes: 0,
    commitNanos: 0,
    lastCommitMs: 0,
    maxCommitMs: 0,
    lastCommitTxns: 0,
    checkpoints: 0,
    checkpointNanos: 0,
    diskFullRetries: 0,
    queuedBatches: 0
  }

  append(sequence: number): boolean {
    if (this.room === 0) return false
    this.room--
    this.taken.push(sequence)
    return true
  }
}

const batch = (zxidLo: number): PersistBatch => ({
  firstZxidHi: 0,
  firstZxidLo: zxidLo,
  lastZxidHi: 0,
  lastZxidLo: zxidLo,
  txnCount: 1,
  body: new Uint8Array(4)
})

test('batches that find no room go in later, in order, and only then is everything handed', async () => {
  const storage = new NarrowStorage()
  const feed = new LogFeed(storage, new LogMeter(createMetrics(), true))
  storage.room = 1
  for (const sequence of [1, 2, 3]) feed.append(sequence, batch(sequence))
  let isHanded = false
  const handed = feed.whenHanded().then(() => {
    isHanded = true
  })

  storage.room = 1
  feed.persisted(1)
  await Promise.resolve()
  expect(isHanded).toBe(false)
  storage.room = 5
  feed.retry()

  await handed
  expect(storage.taken).toEqual([1, 2, 3])
})

test('with nothing held, everything is handed', async () => {
  const feed = new LogFeed(new NarrowStorage(), new LogMeter(createMetrics(), true))

  await expect(feed.whenHanded()).resolves.toBeUndefined()
})
