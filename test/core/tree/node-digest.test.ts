import { crc32 } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { crc32OfBytes, crc32OfStat, crc32OfText } from '../../../src/core/tree/crc32.ts'
import { emptyStat } from '../../../src/core/tree/empty-stat.ts'
import {
  addDigest,
  digestOfStat,
  isDigested,
  moveDigest,
  pathCrc,
  prefixCrc,
  subtractDigest
} from '../../../src/core/tree/node-digest.ts'
import { highWord, lowWord, toBigInt } from '../../../src/protocol/int64.ts'
import { nodeHash } from '../../golden/storage/fixture.ts'

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })

describe('the CRC-32', () => {
  test('of bytes is zlib’s, and goes on from any state', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), uint32, (bytes, seed) => {
        expect(crc32OfBytes(bytes, seed) >>> 0).toBe(crc32(bytes, seed))
      })
    )
  })

  test('of a text is that of its UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), uint32, (text, seed) => {
        expect(crc32OfText(text, seed) >>> 0).toBe(crc32(Buffer.from(text, 'utf8'), seed))
      })
    )
  })

  test.each(['\ud800', 'a\udfffb', '\ude00\ud83d', 'é', '中', '😀'])(
    'of %j is that of what is written for it',
    (text) => {
      expect(crc32OfText(text, 0) >>> 0).toBe(crc32(Buffer.from(text, 'utf8'), 0))
    }
  )

  test('of a stat is that of its 60 bytes in the order of the digest', () => {
    const fields = fc.tuple(...Array.from({ length: 15 }, () => int32))
    fc.assert(
      fc.property(fields, uint32, (words, seed) => {
        const stat = emptyStat()
        const names = [
          ...[
            'czxidHi',
            'czxidLo',
            'mzxidHi',
            'mzxidLo',
            'pzxidHi',
            'pzxidLo',
            'ctimeHi',
            'ctimeLo',
            'mtimeHi',
            'mtimeLo'
          ],
          ...['version', 'cversion', 'aversion', 'ephemeralOwnerHi', 'ephemeralOwnerLo']
        ]
        const bytes = Buffer.alloc(60)
        words.forEach((word, index) => {
          Object.assign(stat, { [names[index] ?? '']: word })
          bytes.writeInt32BE(word, 4 * index)
        })

        expect(crc32OfStat(stat, seed) >>> 0).toBe(crc32(bytes, seed))
        expect(digestOfStat(seed, stat)).toBe(crc32(bytes, seed))
      })
    )
  })
})

test.each([0, 1, 64, 127, 128, 129, 5000])(
  'the prefix of a node with %d bytes of data covers path and data',
  (length) => {
    const data = Buffer.alloc(length, 'zoo')

    expect(prefixCrc(nodeHash, pathCrc('/a/é'), data)).toBe(crc32(Buffer.concat([Buffer.from('/a/é'), data])))
  }
)

test('the root counts as the empty path, null data as none', () => {
  expect(prefixCrc(nodeHash, pathCrc('/'), null)).toBe(0)
  expect(prefixCrc(nodeHash, pathCrc(''), Buffer.from('x'))).toBe(crc32('x'))
  expect(prefixCrc(nodeHash, pathCrc('/a'), null)).toBe(crc32('/a'))
  expect(pathCrc('/a/bc', 2, pathCrc('/a'))).toBe(pathCrc('/a/bc'))
})

test.each([
  ['/', true],
  ['', true],
  ['/zookeeper', true],
  ['/zookeeper/quota', false],
  ['/zookeeperx', true],
  ['/zookeeperx/y', true],
  ['/a/zookeeper/b', true]
])('%s counts: %s', (path, expected) => {
  expect(isDigested(path)).toBe(expected)
})

test('sums are kept modulo 2^64', () => {
  const sum64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  fc.assert(
    fc.property(sum64, uint32, uint32, (start, a, b) => {
      const sum = { hi: highWord(start), lo: lowWord(start) }

      addDigest(sum, a)
      expect(toBigInt(sum.hi, sum.lo)).toBe(BigInt.asIntN(64, start + BigInt(a)))
      moveDigest(sum, a | 0, b)
      expect(toBigInt(sum.hi, sum.lo)).toBe(BigInt.asIntN(64, start + BigInt(b)))
      subtractDigest(sum, b)
      expect(toBigInt(sum.hi, sum.lo)).toBe(start)
    })
  )
})
