import { putVarint, takeVarint } from './postings.ts'

/**
 * Paths in their order as texts, many in one block: for each, as varints, length of the path and its UTF-8, length of its
 * events and these. perf: a row for each path took most of the time of making an index.
 */

export interface BlockEntry {
  readonly path: string
  /** As `packEvents` makes them. */
  readonly events: Buffer
}

export interface Block {
  /** Its first path. */
  readonly first: string
  readonly body: Buffer
  /** Paths in it. */
  readonly count: number
}

/** Bytes after which a block is closed. */
const BLOCK_BYTES = 8 * 1024
const LENGTHS_BYTES_MAX = 10

/** A block is valid until the next one. */
export function* packBlocks(entries: Iterable<{ readonly path: string; readonly body: Buffer }>): Generator<Block> {
  let bytes = Buffer.allocUnsafe(2 * BLOCK_BYTES)
  let at = 0
  let first = ''
  let count = 0
  for (const { path, body } of entries) {
    const pathBytes = Buffer.byteLength(path)
    const needed = at + pathBytes + body.length + LENGTHS_BYTES_MAX
    if (needed > bytes.length) bytes = Buffer.concat([bytes], needed * 2)
    if (at === 0) first = path
    at = putVarint(bytes, at, pathBytes)
    at += bytes.write(path, at)
    at = putVarint(bytes, at, body.length)
    at += body.copy(bytes, at)
    count++
    if (at < BLOCK_BYTES) continue
    yield { first, body: bytes.subarray(0, at), count }
    at = 0
    count = 0
  }
  if (at > 0) yield { first, body: bytes.subarray(0, at), count }
}

export function* unpackBlock(body: Buffer): Generator<BlockEntry> {
  const reader = { at: 0 }
  while (reader.at < body.length) {
    const pathBytes = takeVarint(body, reader)
    const path = body.toString('utf8', reader.at, reader.at + pathBytes)
    reader.at += pathBytes
    const eventBytes = takeVarint(body, reader)
    yield { path, events: body.subarray(reader.at, reader.at + eventBytes) }
    reader.at += eventBytes
  }
}
