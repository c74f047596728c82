import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { toStorageError } from '../storage-error.ts'
import type { ApacheSnapshotFile, Compression } from './apache-directory.ts'
import { SNAPPY_MAGIC, unsnappy } from './snappy.ts'

const PIECE_BYTES = 1 << 20
/** Every whole file ends with a seal, whose last part is the text "/". */
const LAST_BYTES = Buffer.from([0, 0, 0, 1, 0x2f])
const BYTES_MIN = 10
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b])

/** The bytes of a snapshot file, unpacked, in pieces of any size. Errors come out as they are. */
export function snapshotBytes({ path, compression }: ApacheSnapshotFile): AsyncIterable<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: PIECE_BYTES })
  if (compression === 'none') return file
  if (compression === 'snappy') return unsnappy(file)
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES })
  file.on('error', (error) => gunzip.destroy(error))
  return file.pipe(gunzip)
}

/**
 * Apache's quick check of a file, which tells one whose writing was not finished: its end, or of a packed one its
 * beginning.
 *
 * @throws StorageError CANNOT_OPEN, IO_ERROR
 */
export function looksWhole({ path, compression }: ApacheSnapshotFile): boolean {
  try {
    const handle = openSync(path, 'r')
    try {
      return hasMarks(handle, compression)
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
}

function hasMarks(handle: number, compression: Compression): boolean {
  const size = fstatSync(handle).size
  if (compression === 'gz') return readAt(handle, 0, GZIP_MAGIC.length).equals(GZIP_MAGIC)
  if (compression === 'snappy') return readAt(handle, 0, SNAPPY_MAGIC.length).equals(SNAPPY_MAGIC)
  return size >= BYTES_MIN && readAt(handle, size - LAST_BYTES.length, LAST_BYTES.length).equals(LAST_BYTES)
}

function readAt(handle: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(handle, bytes, 0, length, position))
}
