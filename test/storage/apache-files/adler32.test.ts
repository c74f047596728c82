import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Adler32, adler32 } from '../../../src/storage/apache-files/adler32.ts'

describe('adler32', () => {
  test.each([
    { text: '', sum: 1 },
    { text: 'a', sum: 0x00620062 },
    { text: 'Wikipedia', sum: 0x11e60398 }
  ])("of '$text' is $sum", ({ text, sum }) => {
    expect(adler32(Buffer.from(text))).toBe(sum)
  })

  test('does not overflow on a megabyte of 255', () => {
    let low = 1n
    let high = 0n
    for (let index = 0; index < 1 << 20; index++) {
      low = (low + 255n) % 65_521n
      high = (high + low) % 65_521n
    }

    expect(BigInt(adler32(Buffer.alloc(1 << 20, 255)))).toBe((high << 16n) | low)
  })

  test('of bytes in two pieces is that of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(20_000), (bytes, cut) => {
        const inPieces = new Adler32().update(bytes.subarray(0, cut)).update(bytes.subarray(cut))

        expect(inPieces.value).toBe(adler32(bytes))
      }),
      { numRuns: 50 }
    )
  })
})
