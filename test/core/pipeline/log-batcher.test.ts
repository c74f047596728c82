import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JuteReader } from 'jute-ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import type { Outbox, PersistBatch } from '../../../src/core/outbox.ts'
import type { CoreSettings } from '../../../src/core/pipeline/core-settings.ts'
import { LogBatcher } from '../../../src/core/pipeline/log-batcher.ts'
import type { Txn } from '../../../src/protocol/txn.ts'
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

describe('the bodies of batches', () => {
  interface SentBatch {
    readonly txnCount: number
    readonly lo: readonly [number, number]
    readonly txns: readonly string[]
  }

  /** Cuts the bodies apart while they are the log's to read. */
  function recorder(): { out: Outbox; batches: SentBatch[] } {
    const batches: SentBatch[] = []
    const persist = (_sequence: number, { txnCount, firstZxidLo, lastZxidLo, body }: PersistBatch): void => {
      const txns: string[] = []
      const reader = new JuteReader(Buffer.from(body))
      while (reader.remaining > 0) txns.push(Buffer.from(reader.readBuffer('txn') ?? []).toString('hex'))
      batches.push({ txnCount, lo: [firstZxidLo, lastZxidLo], txns })
    }
    return { out: { persist } as unknown as Outbox, batches }
  }

  test('hold whole transactions in order, none over 1 MiB unless it is of one alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 300_000, max: 1_300_000 })), {
          maxLength: 12
        }),
        fc.integer({ min: 1, max: 5 }),
        (sizes, maxBatchSize) => {
          const { log } = batcher({ maxBatchSize })
          const { out, batches } = recorder()
          const txns = sizes.map((size, index) => Buffer.alloc(size, index + 1))

          for (const [index, txn] of txns.entries()) {
            log.addEncoded(1, index + 1, txn, 0)
            if (Buffer.compare(log.lastEncoded, txn) !== 0) throw new Error(`not the transaction ${index} added last`)
          }
          log.handOver(out, 0)

          expect(batches.flatMap((batch) => batch.txns)).toEqual(txns.map((txn) => txn.toString('hex')))
          let last = 0
          for (const { txnCount, lo, txns: own } of batches) {
            expect([txnCount, ...lo]).toEqual([own.length, last + 1, last + own.length])
            last += own.length
            const bytes = own.reduce((sum, hex) => sum + 4 + hex.length / 2, 0)
            expect(own.length === 1 || bytes <= 1024 * 1024).toBe(true)
            expect(own.length).toBeLessThanOrEqual(maxBatchSize)
          }
        }
      ),
      { numRuns: 40 }
    )
  })

  test('have nothing of what could not be encoded', () => {
    const { log } = batcher({})
    const { out, batches } = recorder()
    const broken = { header: null } as unknown as Txn
    log.addEncoded(1, 1, Buffer.from('one'), 0)

    expect(() => log.add(broken, 0)).toThrow(TypeError)
    log.handOver(out, 0)
    expect(() => log.add(broken, 0)).toThrow(TypeError)
    log.addEncoded(1, 2, Buffer.from('two'), 0)
    log.handOver(out, 0)

    expect(batches.flatMap(({ txns }) => txns.map((hex) => Buffer.from(hex, 'hex').toString()))).toEqual(['one', 'two'])
  })
})
