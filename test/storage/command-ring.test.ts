import { MessageChannel } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { RecordKind, RingReader, RingWriter } from '../../src/storage/command-ring.ts'
import { makeSharedMemory, openSharedMemory } from '../../src/storage/shared-memory.ts'

jest.setTimeout(300_000)

const RING_BYTES = 65_536

let channel: MessageChannel
let writer: RingWriter
let reader: RingReader

beforeEach(() => {
  channel = new MessageChannel()
  const memory = makeSharedMemory(RING_BYTES)
  writer = new RingWriter(memory, channel.port1)
  reader = new RingReader(openSharedMemory(memory.buffer), channel.port2)
})

afterEach(() => {
  channel.port1.close()
  channel.port2.close()
})

function putBatch(sequence: number, body: Uint8Array): boolean {
  return writer.putBatch(sequence, 1, sequence, -1, -sequence, 7, body)
}

describe('the ring', () => {
  test('gives records back as they were put', () => {
    putBatch(5, Buffer.from('some transactions'))
    writer.putRequest(6, Buffer.from('{"kind":"roll"}'))

    expect(reader.next()).toBe(true)
    expect(reader).toMatchObject({
      kind: RecordKind.batch,
      sequence: 5,
      firstHi: 1,
      firstLo: 5,
      lastHi: -1,
      lastLo: -5
    })
    expect(Buffer.from(reader.body).toString()).toBe('some transactions')
    expect(reader.peekKind()).toBe(RecordKind.request)
    expect(reader.next()).toBe(true)
    expect(reader).toMatchObject({ kind: RecordKind.request, sequence: 6 })
    expect(reader.next()).toBe(false)
  })

  test('keeps records until they are released', () => {
    let last = 0
    while (putBatch(last + 1, Buffer.alloc(8000, 1))) last++
    reader.next()
    reader.next()

    reader.rewind()

    expect(reader.next()).toBe(true)
    expect(reader).toMatchObject({ sequence: 1 })
    expect(putBatch(last + 1, Buffer.alloc(8000))).toBe(false)
    while (reader.next());
    reader.release()
    expect(putBatch(last + 1, Buffer.alloc(8000))).toBe(true)
  })

  test('has room for requests when it is full of batches', () => {
    while (putBatch(1, Buffer.alloc(1000)));

    expect(writer.putRequest(2, Buffer.alloc(200))).toBe(true)
  })

  test('lets large bodies go ahead on the port, and keeps them for a retry', () => {
    const large = Buffer.alloc(RING_BYTES, 9)
    putBatch(1, large)
    putBatch(2, Buffer.from('small'))

    reader.next()
    reader.rewind()
    reader.next()

    expect(large.equals(reader.body)).toBe(true)
    reader.next()
    expect(Buffer.from(reader.body).toString()).toBe('small')
  })

  test('takes only one large body beyond its limit at a time', () => {
    const large = Buffer.alloc(40 * 1024 * 1024)
    putBatch(1, large)

    expect(putBatch(2, large)).toBe(false)
    reader.next()
    reader.release()
    expect(putBatch(2, large)).toBe(true)
  })

  test('counts the transactions behind the cursor', () => {
    putBatch(1, Buffer.from('seven'))
    writer.putRequest(2, Buffer.from('{}'))
    putBatch(3, Buffer.alloc(RING_BYTES, 9))
    const all = reader.queuedTxns

    reader.next()
    const passed = reader.queuedTxns
    reader.takeRequestsAhead(() => false)
    const looked = reader.queuedTxns
    reader.rewind()
    const rewound = reader.queuedTxns
    while (reader.next());
    reader.release()
    putBatch(4, Buffer.from('seven more'))

    expect([all, passed, looked, rewound, reader.queuedTxns]).toEqual([14, 7, 7, 14, 7])
  })

  test('does not let the reader sleep when something has come since its mark', () => {
    const { mark } = reader
    putBatch(1, Buffer.from('some transactions'))
    const startMs = performance.now()

    reader.waitForMore(mark, 120_000)

    expect(performance.now() - startMs).toBeLessThan(60_000)
  })

  test('shows requests ahead of batches, and those taken do not come again', () => {
    putBatch(1, Buffer.from('one'))
    writer.putRequest(2, Buffer.from('purge'))
    writer.putRequest(3, Buffer.from('roll'))
    const seen: number[] = []

    reader.takeRequestsAhead((id, body) => {
      seen.push(id)
      return Buffer.from(body).toString() === 'purge'
    })

    expect(seen).toEqual([2, 3])
    reader.next()
    expect(reader).toMatchObject({ kind: RecordKind.batch, sequence: 1 })
    reader.next()
    expect(reader).toMatchObject({ kind: RecordKind.done })
    reader.next()
    expect(reader).toMatchObject({ kind: RecordKind.request, sequence: 3 })
  })

  test.each([0, 1000, 65_537, 2 ** 31])('is not made of %d bytes', (bytes) => {
    expect(() => makeSharedMemory(bytes)).toThrow(RangeError)
  })

  test('behaves like a queue, whatever the sizes and the order of calls, round after round', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.constant(-1)), {
      minLength: 20,
      maxLength: 400
    })
    fc.assert(
      fc.property(steps, (plan) => {
        const expected: number[] = []
        const found: number[] = []
        let sequence = 0
        for (const step of plan) {
          if (step === -1) {
            while (reader.next()) {
              found.push(reader.sequence)
              expect(reader.body.every((byte) => byte === (reader.sequence & 0xff))).toBe(true)
            }
            reader.release()
          } else if (putBatch(sequence + 1, Buffer.alloc(step, (sequence + 1) & 0xff))) {
            expected.push(++sequence)
          }
        }
        while (reader.next()) found.push(reader.sequence)
        reader.release()
        expect(found).toEqual(expected)
      }),
      { numRuns: 50 }
    )
  })
})
