import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { toBigInt } from '../../../src/protocol/int64.ts'
import { type LogEnd, LogReader } from '../../../src/storage/apache-files/log-reader.ts'
import { ApacheFolder, capturedFile, errorTxn, logFile, logRecord } from './support/apache-folder.ts'

const RECORD_BYTES_MAX = 1 << 20
let folder: ApacheFolder

beforeEach(() => {
  folder = new ApacheFolder()
})

afterEach(() => folder.dispose())

function readAll(bytes: Buffer): { zxids: bigint[]; end: LogEnd; offset: number } {
  const reader = new LogReader(folder.put('log.1', bytes).path('log.1'), RECORD_BYTES_MAX)
  try {
    const zxids: bigint[] = []
    for (let record = reader.next(); record !== null; record = reader.next()) {
      zxids.push(toBigInt(record.zxidHi, record.zxidLo))
    }
    return { zxids, end: reader.end, offset: reader.offset }
  } finally {
    reader.close()
  }
}

const three = [1n, 2n, 3n].map(errorTxn)
const whole = logFile(three, 0)
const RECORD_BYTES = 12 + 36 + 1
const thirdOffset = 16 + 2 * RECORD_BYTES

describe('a log file', () => {
  test('of a real server is read to its padding', () => {
    const { zxids, end, offset } = readAll(capturedFile('plain/log.1'))

    expect(zxids).toEqual(Array.from({ length: 0x24 }, (_, index) => BigInt(index + 1)))
    expect(end).toBe('clean')
    expect(
      capturedFile('plain/log.1')
        .subarray(offset)
        .every((byte) => byte === 0)
    ).toBe(true)
  })

  test('with records larger than what is read at once gives them whole', () => {
    const bodies = [1n, 2n, 3n, 4n].map((zxid, index) =>
      Buffer.concat([errorTxn(zxid), Buffer.alloc(index * 900_000, index)])
    )

    const { zxids, end } = readAll(logFile(bodies, 3_000_000))

    expect(zxids).toEqual([1n, 2n, 3n, 4n])
    expect(end).toBe('clean')
  })

  test.each([
    { name: 'exactly behind a record', bytes: whole, count: 3, end: 'clean' },
    { name: 'with a few zeros', bytes: Buffer.concat([whole, Buffer.alloc(5)]), count: 3, end: 'clean' },
    { name: 'with zeros', bytes: Buffer.concat([whole, Buffer.alloc(5000)]), count: 3, end: 'clean' },
    { name: 'within a checksum', bytes: whole.subarray(0, thirdOffset + 5), count: 2, end: 'torn' },
    { name: 'within a transaction', bytes: whole.subarray(0, thirdOffset + 20), count: 2, end: 'torn' },
    { name: 'before the last byte of a record', bytes: whole.subarray(0, -1), count: 2, end: 'torn' },
    {
      name: 'where the last byte of a record is another',
      bytes: Buffer.concat([whole.subarray(0, -1), Buffer.alloc(9)]),
      count: 2,
      end: 'no end mark'
    },
    {
      name: 'at zeros with something behind them',
      bytes: Buffer.concat([whole, Buffer.alloc(5000), logRecord(errorTxn(9n))]),
      count: 3,
      end: 'not zero behind'
    },
    { name: 'right behind its header', bytes: logFile([], 0), count: 0, end: 'clean' },
    { name: 'within its header', bytes: whole.subarray(0, 10), count: 0, end: 'torn' },
    { name: 'before its first byte', bytes: Buffer.alloc(0), count: 0, end: 'clean' }
  ])('may end $name', ({ bytes, count, end }) => {
    const seen = readAll(bytes)

    expect({ count: seen.zxids.length, end: seen.end }).toEqual({ count, end })
  })

  test('with a spoilt byte in a transaction is refused, with the place and the zxid', () => {
    const spoilt = Buffer.from(whole)
    spoilt[thirdOffset + 12 + 34] = 7

    expect(() => readAll(spoilt)).toThrow(
      `log.1 is damaged: the record at offset ${thirdOffset}: its checksum is wrong (as it stands, it is transaction 0x3); restore the file from a backup`
    )
  })

  test.each([
    { length: -1, problem: 'its length is -1' },
    { length: RECORD_BYTES_MAX + 1, problem: `its length is ${RECORD_BYTES_MAX + 1}` }
  ])('with a length of $length is refused', ({ length, problem }) => {
    const spoilt = Buffer.from(whole)
    spoilt.writeInt32BE(length, thirdOffset + 8)

    expect(() => readAll(spoilt)).toThrow(`the record at offset ${thirdOffset}: ${problem}`)
  })

  test('with a record too short for a transaction is refused', () => {
    expect(() => readAll(Buffer.concat([whole, logRecord(Buffer.from('short'))]))).toThrow(
      'too short for a transaction'
    )
  })

  test('of another kind is refused', () => {
    expect(() => readAll(Buffer.alloc(100, 0x20))).toThrow('it begins like no transaction log')
  })

  test('that is not there cannot be opened', () => {
    expect(() => new LogReader(folder.path('log.5'), 1)).toThrow(/opening .*log\.5/)
  })
})
