import { describe, expect, test } from '@jest/globals'
import { createMetrics } from '../../../src/core/metrics.ts'
import type { Outbox } from '../../../src/core/outbox.ts'
import type { CoreSettings } from '../../../src/core/pipeline/core-settings.ts'
import { LogBatcher } from '../../../src/core/pipeline/log-batcher.ts'
import { DEFAULT_SETTINGS } from '../peer-harness.ts'

function batcher(settings: Partial<CoreSettings>): { log: LogBatcher; sent: number[]; out: Outbox } {
  const sent: number[] = []
  const out = { persist: (sequence: number) => sent.push(sequence) } as unknown as Outbox
  const log = new LogBatcher({ ...DEFAULT_SETTINGS, ...settings }, createMetrics())
  return { log, sent, out }
}

describe('a log that is busy', () => {
  test('gets no more batches than a number of them, until everything must be handed over', () => {
    const { log, sent, out } = batcher({ maxBatchSize: 1 })
    for (let lo = 1; lo <= 40; lo++) log.addEncoded(1, lo, Buffer.from('txn'), 0)

    log.flush(out, 0)
    const before = sent.length
    log.handOver(out, 0)

    expect(before).toBe(32)
    expect(sent).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
  })

  test('gets no more than 2 MiB, and more when some of them are durable', () => {
    const { log, sent, out } = batcher({ maxBatchSize: 1 })
    const body = Buffer.alloc(700 * 1024)
    for (let lo = 1; lo <= 5; lo++) log.addEncoded(1, lo, body, 0)

    log.flush(out, 0)
    const before = [...sent]
    log.persisted(2, 0)
    log.flush(out, 0)

    expect(before).toEqual([1, 2, 3])
    expect(sent).toEqual([1, 2, 3, 4, 5])
  })
})

// What a learner's NEWLEADER acknowledgement says is that all transactions before it are durable with the epoch: the
// request for the epoch must come behind all of them, also those that the delay holds back. Found by the simulator.
test('what a delay holds back is handed over as well', () => {
  const { log, sent, out } = batcher({ flushDelayMs: 100, maxWriteQueuePollTimeMs: 100 })
  log.addEncoded(1, 1, Buffer.from('txn'), 0)
  log.flush(out, 0)
  log.addEncoded(1, 2, Buffer.from('txn'), 1)
  log.flush(out, 1)
  const before = sent.length

  log.handOver(out, 1)

  expect(before).toBe(1)
  expect(sent).toEqual([1, 2])
  expect(log.nextFlushMs).toBe(Number.POSITIVE_INFINITY)
})
