/**
 * SQLite's write-ahead log, by its documented format (https://www.sqlite.org/fileformat2.html#walformat). All numbers
 * are big-endian, but the words that the checksum is made of have the byte order that the magic number tells.
 *
 * Header:
 *
 * | offset | size | field                                                             |
 * |--------|------|-------------------------------------------------------------------|
 * | 0      | 4    | magic, 0x377f0682; its last bit set: checksum of big-endian words |
 * | 4      | 4    | version, 3007000                                                  |
 * | 8      | 4    | page size                                                         |
 * | 12     | 4    | checkpoint sequence                                               |
 * | 16     | 8    | salts, new whenever the log starts from its beginning again       |
 * | 24     | 8    | checksum of the 24 bytes before                                   |
 *
 * Frame:
 *
 * | offset | size | field                                                                     |
 * |--------|------|---------------------------------------------------------------------------|
 * | 0      | 4    | page number                                                               |
 * | 4      | 4    | commit mark: pages of the database after this commit, 0 inside a commit   |
 * | 8      | 8    | the header's salts                                                        |
 * | 16     | 8    | checksum of page number, mark and page, continued from the frame before   |
 * | 24     | n    | the page                                                                  |
 */

export const WAL_HEADER_BYTES = 32
export const FRAME_HEADER_BYTES = 24
const MAGIC = 0x377f0682
const VERSION = 3007000

/** A running checksum. */
export interface WalChecksum {
  a: number
  b: number
}

export interface WalHeader {
  readonly pageBytes: number
  readonly salts: Uint8Array
  readonly isBigEndian: boolean
  readonly checksum: Readonly<WalChecksum>
}

/** Continues `from` over `bytes`, whose length is a multiple of 8. */
export function addToChecksum(from: Readonly<WalChecksum>, bytes: Uint8Array, isBigEndian: boolean): WalChecksum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let a = from.a
  let b = from.b
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + view.getUint32(at, !isBigEndian) + b) >>> 0
    b = (b + view.getUint32(at + 4, !isBigEndian) + a) >>> 0
  }
  return { a, b }
}

export function equalChecksums(one: Readonly<WalChecksum>, other: Readonly<WalChecksum>): boolean {
  return one.a === other.a && one.b === other.b
}

/** The header if it is intact, else null. */
export function parseWalHeader(bytes: Buffer): WalHeader | null {
  if (bytes.length < WAL_HEADER_BYTES) return null
  const magic = bytes.readUInt32BE(0)
  const pageBytes = bytes.readUInt32BE(8)
  if ((magic & ~1) >>> 0 !== MAGIC || bytes.readUInt32BE(4) !== VERSION) return null
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) return null
  const isBigEndian = (magic & 1) === 1
  const checksum = addToChecksum({ a: 0, b: 0 }, bytes.subarray(0, 24), isBigEndian)
  if (!equalChecksums(checksum, { a: bytes.readUInt32BE(24), b: bytes.readUInt32BE(28) })) return null
  return { pageBytes, salts: Uint8Array.prototype.slice.call(bytes, 16, 24), isBigEndian, checksum }
}

/** A view of one frame; `bytes` is the frame from its first header byte on. */
export class WalFrame {
  readonly bytes: Buffer
  readonly #header: WalHeader

  constructor(bytes: Buffer, header: WalHeader) {
    this.bytes = bytes
    this.#header = header
  }

  get pageNumber(): number {
    return this.bytes.readUInt32BE(0)
  }

  get hasCommitMark(): boolean {
    return this.bytes.readUInt32BE(4) !== 0
  }

  get hasCurrentSalts(): boolean {
    return this.bytes.subarray(8, 16).equals(this.#header.salts)
  }

  get storedChecksum(): WalChecksum {
    return { a: this.bytes.readUInt32BE(16), b: this.bytes.readUInt32BE(20) }
  }

  /** What the stored checksum should be when the one of the frame before is `previous`. */
  checksumAfter(previous: Readonly<WalChecksum>): WalChecksum {
    const { isBigEndian } = this.#header
    const head = addToChecksum(previous, this.bytes.subarray(0, 8), isBigEndian)
    return addToChecksum(head, this.bytes.subarray(FRAME_HEADER_BYTES), isBigEndian)
  }

  /** Tells whether the stored checksum follows from `previous`. Says nothing of the salts. */
  follows(previous: Readonly<WalChecksum>): boolean {
    return equalChecksums(this.checksumAfter(previous), this.storedChecksum)
  }
}
