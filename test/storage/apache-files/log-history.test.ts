import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { toBigInt } from '../../../src/protocol/int64.ts'
import { findApacheFiles } from '../../../src/storage/apache-files/apache-directory.ts'
import { logHistory } from '../../../src/storage/apache-files/log-history.ts'
import { ApacheFolder, errorTxn, logFile } from './support/apache-folder.ts'

let folder: ApacheFolder
let warnings: string[]

beforeEach(() => {
  folder = new ApacheFolder()
  warnings = []
})

afterEach(() => folder.dispose())

const EPOCH_2 = 0x2_0000_0000n

function range(first: bigint, last: bigint): bigint[] {
  return Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index))
}

/** A file named after its first transaction. */
function putLog(zxids: readonly bigint[], paddingBytes = 100): void {
  folder.put(`log.${zxids[0]?.toString(16)}`, logFile(zxids.map(errorTxn), paddingBytes))
}

function historyAfter(after: bigint | null): bigint[] {
  const { logs } = findApacheFiles(folder.dataDir, folder.dataLogDir)
  const warn = (message: string): void => void warnings.push(message)
  const records = logHistory({ logs, after, recordBytesMax: 1000, warn })
  return Array.from(records, ({ zxidHi, zxidLo }) => toBigInt(zxidHi, zxidLo))
}

describe('the history of several logs', () => {
  test('is that of all files in the order of their numbers', () => {
    putLog(range(1n, 9n))
    putLog(range(0xan, 0xfn))
    putLog(range(0x10n, 0x12n))

    expect(historyAfter(0n)).toEqual(range(1n, 0x12n))
    expect(warnings).toEqual([])
  })

  test.each([0n, 3n, 9n, 10n, 15n, 18n])('after %s begins with the next transaction', (after) => {
    putLog(range(1n, 9n))
    putLog(range(0xan, 0xfn))
    putLog(range(0x10n, 0x12n))

    expect(historyAfter(after)).toEqual(range(after + 1n, 0x12n))
  })

  test('does not look at files that end before', () => {
    folder.put('log.1', Buffer.alloc(100, 1))
    putLog(range(5n, 9n))

    expect(historyAfter(6n)).toEqual(range(7n, 9n))
  })

  test('goes on with the first transaction of a later epoch', () => {
    putLog(range(1n, 9n))
    putLog(range(EPOCH_2 + 1n, EPOCH_2 + 3n))

    expect(historyAfter(0n)).toEqual([...range(1n, 9n), ...range(EPOCH_2 + 1n, EPOCH_2 + 3n)])
  })

  test('may have gaps within a file', () => {
    putLog([1n, 2n, 7n, EPOCH_2 + 5n])

    expect(historyAfter(0n)).toEqual([1n, 2n, 7n, EPOCH_2 + 5n])
  })

  test('may begin anywhere when nobody knows what was before', () => {
    putLog(range(5n, 9n))

    expect(historyAfter(null)).toEqual(range(5n, 9n))
  })

  test('has a torn end in the middle if the next file goes on from there', () => {
    folder.put('log.1', logFile(range(1n, 5n).map(errorTxn), 0).subarray(0, -3))
    putLog(range(5n, 9n))

    expect(historyAfter(0n)).toEqual(range(1n, 9n))
    expect(warnings).toEqual([expect.stringMatching(/log\.1 ends at offset \d+ with a transaction that is not whole/)])
  })

  test.each([
    { name: 'a file is missing', logs: [range(1n, 4n), range(7n, 9n)], after: 0n },
    { name: 'the first file is missing', logs: [range(7n, 9n)], after: 3n },
    {
      name: 'the beginning of an epoch is missing',
      logs: [range(1n, 4n), range(EPOCH_2 + 2n, EPOCH_2 + 3n)],
      after: 0n
    },
    { name: 'what follows the snapshot is missing', logs: [[1n, 2n, 3n], range(7n, 9n)], after: 5n }
  ])('is refused where $name', ({ logs, after }) => {
    for (const zxids of logs) putLog(zxids)

    expect(() => historyAfter(after)).toThrow(/are missing; put the missing log file or snapshot back/)
  })

  test('is refused where it goes back', () => {
    putLog([1n, 2n, 3n, 2n])

    expect(() => historyAfter(0n)).toThrow(/record at offset \d+: transaction 0x2 comes after 0x3/)
  })
})
