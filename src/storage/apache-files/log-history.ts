import { compareInt64, highWord, lowWord, toHex } from '../../protocol/int64.ts'
import { StorageError } from '../storage-error.ts'
import type { ApacheLogFile } from './apache-directory.ts'
import { damagedRecord, LogReader, type LogRecord } from './log-reader.ts'

/** The transactions of several log files as one history. */

export interface LogHistoryOptions {
  /** Oldest first. */
  readonly logs: readonly ApacheLogFile[]
  /** The transactions after this zxid are wanted; null: all that there are, wherever they begin. */
  readonly after: bigint | null
  /** What a length may be that leads beyond the end of a file; see LogReader. */
  readonly recordBytesMax: number
  /** Told of a file that does not end as a whole one does. */
  readonly warn: (message: string) => void
}

interface Position {
  hi: number
  lo: number
}

/**
 * Yields the wanted transactions in order; each is valid until the next is asked for.
 *
 * Between two files, or the snapshot and the first file, no transaction may be missing: that a file of the history is
 * gone shows nowhere else. Within a file there may be gaps, since one server wrote it in one go.
 *
 * @throws DamagedFileError for damage within a file or zxids that go back; StorageError INCOMPLETE where some are
 *         missing; CANNOT_OPEN, IO_ERROR
 */
export function* logHistory({ logs, after, recordBytesMax, warn }: LogHistoryOptions): Generator<LogRecord> {
  let last: Position | null = after === null ? null : { hi: highWord(after), lo: lowWord(after) }
  for (const { path } of filesFrom(logs, after)) {
    const reader = new LogReader(path, recordBytesMax)
    try {
      let isFirst = true
      for (let record = reader.next(); record !== null; record = reader.next()) {
        if (after !== null && compareInt64(record.zxidHi, record.zxidLo, highWord(after), lowWord(after)) <= 0) {
          isFirst = false
          continue
        }
        if (last !== null) assertFollows(record, last, isFirst)
        last = { hi: record.zxidHi, lo: record.zxidLo }
        isFirst = false
        yield record
      }
      reportEnd(reader, warn)
    } finally {
      reader.close()
    }
  }
}

/** The file that may contain what comes right after `after`, and all later ones. */
function filesFrom(logs: readonly ApacheLogFile[], after: bigint | null): readonly ApacheLogFile[] {
  if (after === null) return logs
  const start = logs.findLastIndex(({ firstZxid }) => firstZxid <= after)
  return logs.slice(Math.max(0, start))
}

function assertFollows(record: LogRecord, last: Position, isFirst: boolean): void {
  const { path, offset, zxidHi, zxidLo } = record
  const zxid = `0x${toHex(zxidHi, zxidLo)}`
  const before = `0x${toHex(last.hi, last.lo)}`
  if (compareInt64(zxidHi, zxidLo, last.hi, last.lo) <= 0) {
    throw damagedRecord(path, offset, `transaction ${zxid} comes after ${before}`)
  }
  // An epoch begins with the counter at 1.
  const expectedLo = zxidHi === last.hi ? (last.lo + 1) | 0 : 1
  if (!isFirst || zxidLo === expectedLo) return
  throw new StorageError(
    'INCOMPLETE',
    `${path} begins with transaction ${zxid}, but what is before it ends with ${before}: the transactions between them ` +
      'are missing; put the missing log file or snapshot back'
  )
}

function reportEnd({ path, end, offset }: LogReader, warn: (message: string) => void): void {
  if (end === 'torn' || end === 'no end mark')
    warn(`${path} ends at offset ${offset} with a transaction that is not whole, as after a crash`)
  if (end === 'not zero behind') warn(`${path} ends at offset ${offset}, but bytes that are not zero follow; ignored`)
}
