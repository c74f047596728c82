import { describe, expect, test } from '@jest/globals'
import { rowCrc, splitBody } from '../../src/storage/txn-row.ts'
import { makeBatch, splitTxns, zxidOf } from './support/transactions.ts'

describe('the checksum of a row', () => {
  const body = Buffer.from('body')
  const usual = rowCrc(0, 1n, 2n, 0n, 2, body)

  test.each([
    { name: 'the row before', crc: rowCrc(1, 1n, 2n, 0n, 2, body) },
    { name: 'the first zxid', crc: rowCrc(0, 1n | (1n << 60n), 2n, 0n, 2, body) },
    { name: 'the last zxid', crc: rowCrc(0, 1n, 3n, 0n, 2, body) },
    { name: 'the previous zxid', crc: rowCrc(0, 1n, 2n, 1n, 2, body) },
    { name: 'the count', crc: rowCrc(0, 1n, 2n, 0n, 3, body) },
    { name: 'the body', crc: rowCrc(0, 1n, 2n, 0n, 2, Buffer.from('bodz')) }
  ])('depends on $name', ({ crc }) => {
    expect(crc).not.toBe(usual)
  })

  test('is the one that files have: it must not change', () => {
    expect(usual).toBe(0xea7ad64b)
  })
})

describe('splitting a body', () => {
  const { body } = makeBatch(10n, 5)

  test.each([
    { zxid: 9n, upTo: [], after: [10n, 11n, 12n, 13n, 14n] },
    { zxid: 10n, upTo: [10n], after: [11n, 12n, 13n, 14n] },
    { zxid: 12n, upTo: [10n, 11n, 12n], after: [13n, 14n] },
    { zxid: 14n, upTo: [10n, 11n, 12n, 13n, 14n], after: [] }
  ])('at $zxid', ({ zxid, upTo, after }) => {
    const parts = splitBody(body, zxid)

    expect(zxidsOf(parts.upTo)).toEqual(upTo)
    expect(zxidsOf(parts.after)).toEqual(after)
    expect(parts.upTo).toEqual(describePart(upTo, parts.upTo?.body))
    expect(parts.after).toEqual(describePart(after, parts.after?.body))
  })

  test.each([
    { name: 'ends within a transaction', bytes: body.subarray(0, body.length - 1) },
    { name: 'has a negative length', bytes: Buffer.from([0xff, 0xff, 0xff, 0xff, ...Buffer.alloc(40)]) },
    { name: 'is too short for a header', bytes: Buffer.from([0, 0, 0, 19, ...Buffer.alloc(19)]) }
  ])('refuses a body that $name', ({ bytes }) => {
    expect(() => splitBody(bytes, 100n)).toThrow(RangeError)
  })
})

function zxidsOf(part: { body: Uint8Array } | null): bigint[] {
  return part === null ? [] : splitTxns(part.body).map(zxidOf)
}

function describePart(zxids: readonly bigint[], body: Uint8Array | undefined): unknown {
  if (body === undefined) return null
  return { body, txnCount: zxids.length, firstZxid: zxids.at(0), lastZxid: zxids.at(-1) }
}
