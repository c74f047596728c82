import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from 'node:fs'
import { OWN_PAGE_SIZES } from './page-sizes.ts'
import type { WalChecksum, WalHeader } from './wal-format.ts'
import { equalChecksums, FRAME_HEADER_BYTES, parseWalHeader, WAL_HEADER_BYTES, WalFrame } from './wal-format.ts'

/**
 * Looks at a -wal before SQLite does. SQLite ends its recovery at the first frame that is not right, without a word: the
 * right thing after a power cut, where that frame belongs to a commit that was never acknowledged; but damage to an
 * older frame would silently take all later, acknowledged commits away. This tells the two apart.
 *
 * A power cut can only touch the last commit, since each one is synced before the next is written; and it leaves each
 * sector of 512 bytes as it was or as it was to be. So a torn tail has at most one whole commit mark at or behind the
 * first bad frame (that of the last commit, when an earlier frame of it did not arrive) and nothing of the current salts
 * behind that. Anything else is damage.
 *
 * Damage within the very last commit cannot be told from a tear: even a single changed bit may be a sector of an older
 * frame that differs in that bit alone.
 *
 * Must only be used on a -wal that no connection of this process has open, and not to decide anything while another
 * process may be writing it.
 */
export interface WalScan {
  readonly verdict: 'clean' | 'torn' | 'damaged'
  /** End of the last whole commit; 0 when not even the header is right. */
  readonly validBytes: number
  readonly fileBytes: number
  /** Number of the first bad frame (from 1; 0 is the header), and its offset; -1 when there is none. */
  readonly badFrame: number
  readonly badOffset: number
}

/** @throws the operating system's errors when the file cannot be read */
export function scanWal(path: string): WalScan {
  if (!existsSync(path)) return cleanScan(0, 0)
  const handle = openSync(path, 'r')
  try {
    return new WalScanner(handle).scan()
  } finally {
    closeSync(handle)
  }
}

/** Cuts a torn tail off, durably, so that its remains cannot be taken for commits later. */
export function cutTornTail(path: string, validBytes: number): void {
  const handle = openSync(path, 'r+')
  try {
    ftruncateSync(handle, validBytes)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

const SECTOR_BYTES = 512
const WINDOW_BYTES = 256 * 1024

function cleanScan(validBytes: number, fileBytes: number): WalScan {
  return { verdict: 'clean', validBytes, fileBytes, badFrame: -1, badOffset: -1 }
}

class WalScanner {
  readonly #handle: number
  readonly #fileBytes: number
  #window: Buffer = Buffer.alloc(0)
  #windowOffset = 0

  constructor(handle: number) {
    this.#handle = handle
    this.#fileBytes = fstatSync(handle).size
  }

  scan(): WalScan {
    const headerBytes = this.#read(0, Math.min(WAL_HEADER_BYTES, this.#fileBytes))
    const header = parseWalHeader(headerBytes)
    if (header === null) return this.#judgeHeader(headerBytes)
    const frameCount = this.#frameCount(header.pageBytes)
    let checksum: WalChecksum = header.checksum
    let validBytes = WAL_HEADER_BYTES
    for (let number = 1; number <= frameCount; number++) {
      const frame = this.#frame(number, header)
      const isRight = frame.hasCurrentSalts && frame.pageNumber !== 0 && frame.follows(checksum)
      if (!isRight) return this.#judgeTail(header, number, frameCount, frame, checksum, validBytes)
      checksum = frame.storedChecksum
      if (frame.hasCommitMark) validBytes = this.#offset(number + 1, header.pageBytes)
    }
    // Frames without their commit's mark, or a part of a frame: written, but never acknowledged.
    return validBytes === this.#fileBytes
      ? cleanScan(validBytes, this.#fileBytes)
      : this.#result('torn', validBytes, frameCount + 1, this.#offset(frameCount + 1, header.pageBytes))
  }

  /** The first bad frame decides together with what lies behind it. `before` is the checksum that it should continue. */
  #judgeTail(
    header: WalHeader,
    badNumber: number,
    frameCount: number,
    bad: WalFrame,
    before: WalChecksum,
    validBytes: number
  ): WalScan {
    const badOffset = this.#offset(badNumber, header.pageBytes)
    const damaged = (): WalScan => this.#result('damaged', validBytes, badNumber, badOffset)
    let endsCommit = trueMark(bad, before, badOffset)
    let sawCurrentSalts = bad.hasCurrentSalts || validBytes < badOffset
    let stored = bad.storedChecksum
    for (let number = badNumber + 1; number <= frameCount; number++) {
      const frame = this.#frame(number, header)
      const follows = frame.follows(stored)
      if (frame.hasCurrentSalts) {
        // A commit ended before this frame: it was synced, and the bad frame belongs to it or to one before it.
        if (endsCommit) return damaged()
        // The bad frame's stored checksum alone may be wrong: then its mark is genuine.
        const confirmsBad = number === badNumber + 1 && frame.follows(bad.checksumAfter(before))
        if (confirmsBad && bad.hasCommitMark) return damaged()
        endsCommit = (follows || confirmsBad) && frame.hasCommitMark
        sawCurrentSalts = true
      }
      stored = frame.storedChecksum
    }
    if (!sawCurrentSalts) return { ...cleanScan(validBytes, this.#fileBytes), badFrame: badNumber, badOffset }
    return this.#result('torn', validBytes, badNumber, badOffset)
  }

  /**
   * SQLite syncs the header before the first frame. So a header that is not right, in front of frames that continue each
   * other, is damage; without them it is a log that had just begun.
   */
  #judgeHeader(headerBytes: Buffer): WalScan {
    if (this.#fileBytes === 0) return cleanScan(0, 0)
    const isDamaged = isHeaderOneFlipAway(headerBytes) || OWN_PAGE_SIZES.some((bytes) => this.#hasChainedFrames(bytes))
    return this.#result(isDamaged ? 'damaged' : 'torn', 0, 0, 0)
  }

  /** With pages of this size, which only the header tells. */
  #hasChainedFrames(pageBytes: number): boolean {
    const unknown = { pageBytes, salts: new Uint8Array(8), checksum: { a: 0, b: 0 } }
    const headers: WalHeader[] = [
      { ...unknown, isBigEndian: false },
      { ...unknown, isBigEndian: true }
    ]
    const frameCount = this.#frameCount(pageBytes)
    for (let number = 2; number <= frameCount; number++) {
      for (const header of headers) {
        const before = this.#frame(number - 1, header)
        const frame = this.#frame(number, header)
        const haveSameSalts = frame.bytes.subarray(8, 16).equals(before.bytes.subarray(8, 16))
        if (haveSameSalts && frame.pageNumber !== 0 && frame.follows(before.storedChecksum)) return true
      }
    }
    return false
  }

  #result(verdict: WalScan['verdict'], validBytes: number, badFrame: number, badOffset: number): WalScan {
    return { verdict, validBytes, fileBytes: this.#fileBytes, badFrame, badOffset }
  }

  #frameCount(pageBytes: number): number {
    const bytes = this.#fileBytes - WAL_HEADER_BYTES
    return bytes > 0 ? Math.floor(bytes / (FRAME_HEADER_BYTES + pageBytes)) : 0
  }

  /** Offset of a frame, the first being number 1. */
  #offset(number: number, pageBytes: number): number {
    return WAL_HEADER_BYTES + (number - 1) * (FRAME_HEADER_BYTES + pageBytes)
  }

  #frame(number: number, header: WalHeader): WalFrame {
    const { pageBytes } = header
    return new WalFrame(this.#read(this.#offset(number, pageBytes), FRAME_HEADER_BYTES + pageBytes), header)
  }

  /** perf: many frames with one call of the system. What was given before stays as it is. */
  #read(offset: number, sizeBytes: number): Buffer {
    const start = offset - this.#windowOffset
    if (start >= 0 && start + sizeBytes <= this.#window.length) return this.#window.subarray(start, start + sizeBytes)
    this.#window = this.#readExactly(offset, Math.max(sizeBytes, Math.min(WINDOW_BYTES, this.#fileBytes - offset)))
    this.#windowOffset = offset
    return this.#window.subarray(0, sizeBytes)
  }

  #readExactly(offset: number, sizeBytes: number): Buffer {
    const bytes = Buffer.alloc(sizeBytes)
    let done = 0
    while (done < sizeBytes) {
      const count = readSync(this.#handle, bytes, done, sizeBytes - done, offset + done)
      if (count === 0)
        throw new Error(`the file ends at ${offset + done}, where it had ${this.#fileBytes} bytes before`)
      done += count
    }
    return bytes
  }
}

/**
 * A sector boundary between a frame's first 8 bytes and the rest can leave an older frame's commit mark in front of
 * newer salts.
 */
function markMayBeOlder(frameOffset: number): boolean {
  return (frameOffset + 8) % SECTOR_BYTES === 0
}

/**
 * Tells whether the bad frame is, for sure, one that ends a commit. Its mark is believed when the frame is right but for
 * its salts, or with one bit changed (then in that form); otherwise when the mark is there and cannot be an older one's.
 * Cost: some 50 ms when a frame with the current salts has to be tried with each bit changed.
 */
function trueMark(frame: WalFrame, before: WalChecksum, frameOffset: number): boolean {
  const computed = frame.checksumAfter(before)
  const { storedChecksum } = frame
  if (equalChecksums(computed, storedChecksum)) return frame.pageNumber !== 0 && frame.hasCommitMark
  if (!frame.hasCurrentSalts) return false
  const { bytes } = frame
  for (let at = 0; at < bytes.length; at++) {
    if (at >= 8 && at < FRAME_HEADER_BYTES) continue
    let hasMark = false
    const isRepaired = anyBit(bytes, at, () => {
      hasMark = frame.hasCommitMark
      return frame.follows(before)
    })
    if (isRepaired) return hasMark
  }
  return frame.hasCommitMark && !markMayBeOlder(frameOffset)
}

function isHeaderOneFlipAway(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) {
    if (anyBit(bytes, at, () => parseWalHeader(bytes) !== null)) return true
  }
  return false
}

/** Tells whether `holds` is true with one of the bits of the byte at `at` changed; leaves the byte as it was. */
function anyBit(bytes: Buffer, at: number, holds: () => boolean): boolean {
  const original = bytes[at] ?? 0
  let found = false
  for (let bit = 0; bit < 8 && !found; bit++) {
    bytes[at] = original ^ (1 << bit)
    found = holds()
  }
  bytes[at] = original
  return found
}
