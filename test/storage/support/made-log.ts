import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { JuteWriter } from 'jute-ts'
import { toBigInt } from '../../../src/protocol/int64.ts'
import { encodeTxn, type Txn } from '../../../src/protocol/txn.ts'
import { Catalogue } from '../../../src/storage/catalogue.ts'
import type { SegmentEntry } from '../../../src/storage/catalogue-contents.ts'
import { segmentFile, versionFolder } from '../../../src/storage/file-names.ts'
import { RowCoder } from '../../../src/storage/row-coding.ts'
import { SegmentFileWriter } from '../../../src/storage/segment-file.ts'
import { rowCrc } from '../../../src/storage/txn-row.ts'

/** A log of closed segments, written by itself: millions of transactions without a server. */
export class MadeLog {
  readonly folder: string
  readonly segments: SegmentEntry[] = []
  readonly #txnsPerRow: number
  readonly #writer = new JuteWriter()
  readonly #coder = new RowCoder()
  #lastZxid = 0n

  constructor(dataDir: string, txnsPerRow = 100) {
    this.folder = versionFolder(dataDir)
    this.#txnsPerRow = txnsPerRow
    mkdirSync(this.folder, { recursive: true })
  }

  /** Appends a segment of at least one transaction. */
  add(txns: Iterable<Txn>): void {
    let writer: SegmentFileWriter | null = null
    let file = ''
    let [firstZxid, rowFirst, rowLast, prevZxid] = [0n, 0n, 0n, this.#lastZxid]
    let [inRow, crc] = [0, 0]
    const endRow = (): void => {
      if (inRow === 0) return
      const stored = Buffer.from(this.#coder.encode(this.#writer.bytes()))
      crc = rowCrc(crc, rowFirst, rowLast, prevZxid, inRow, stored)
      writer?.add({ firstZxid: rowFirst, lastZxid: rowLast, prevZxid, txnCount: inRow, crc, stored })
      prevZxid = rowLast
      inRow = 0
    }
    for (const txn of txns) {
      rowLast = toBigInt(txn.header.zxidHi, txn.header.zxidLo)
      if (writer === null) {
        firstZxid = rowLast
        file = segmentFile(firstZxid)
        writer = new SegmentFileWriter(join(this.folder, file))
      }
      if (inRow === 0) {
        rowFirst = rowLast
        this.#writer.reset()
      }
      const start = this.#writer.offset
      this.#writer.writeInt(0)
      encodeTxn(this.#writer, txn)
      this.#writer.buffer.writeInt32BE(this.#writer.offset - start - 4, start)
      inRow++
      if (inRow === this.#txnsPerRow) endRow()
    }
    endRow()
    writer?.finish()
    this.#lastZxid = rowLast
    const bytes = statSync(join(this.folder, file)).size
    this.segments.push({ firstZxid, lastZxid: rowLast, file, bytes, isClosed: true })
  }

  /** Removes the segments behind the first ones, but none of their indexes, as no server would. */
  cut(count: number): void {
    for (const { file } of this.segments.splice(count)) rmSync(join(this.folder, file))
    this.#lastZxid = this.segments.at(-1)?.lastZxid ?? 0n
  }

  /** Writes the catalogue, of all segments or of those given. */
  catalogue(segments: readonly SegmentEntry[] = this.segments): void {
    const catalogue = Catalogue.open(this.folder, () => undefined)
    catalogue.change({ ...catalogue.contents, segments: [...segments], logFloor: segments.at(-1)?.lastZxid ?? 0n })
    catalogue.close()
  }
}
