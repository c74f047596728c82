import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { syncFile } from '../directory.ts'
import { toStorageError } from '../storage-error.ts'
import { Adler32 } from './adler32.ts'
import type { ApacheSnapshotFile } from './apache-directory.ts'
import type { SnapshotDigest } from './read-snapshot.ts'
import { snappy } from './snappy-encode.ts'

/** Writes snapshot files of Apache ZooKeeper; `read-snapshot.ts` has their layout. */

/** The parts behind the stream. */
export interface SnapshotParts {
  /** Null leaves the part out: a server with `digest.enabled=false` takes it for something else. */
  readonly digest: SnapshotDigest | null
  readonly lastZxid: bigint
}

const HEADER = Buffer.from('5a4b534e00000002ffffffffffffffff', 'hex')

/**
 * Writes a new file, and syncs it. `stream` is the snapshot stream; its pieces are not changed, nor may they be before the
 * next is asked for and taken.
 *
 * @throws StorageError DISK_FULL, CANNOT_OPEN (also when the file is there already), IO_ERROR; what `stream` throws
 */
export async function writeSnapshot(
  { path, compression }: ApacheSnapshotFile,
  stream: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  parts: SnapshotParts
): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx' })
  const sealed = sealedSnapshot(stream, parts)
  try {
    if (compression === 'gz') await pipeline(sealed, createGzip(), file)
    else await pipeline(compression === 'snappy' ? snappy(sealed) : sealed, file)
    syncFile(path)
  } catch (error) {
    throw toStorageError(error, `writing ${path}`)
  }
}

/** The bytes of a whole file, unpacked. Pieces are those of `stream`, under the same condition, and what goes between. */
export async function* sealedSnapshot(
  stream: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { digest, lastZxid }: SnapshotParts
): AsyncGenerator<Uint8Array> {
  const adler = new Adler32()
  const summed = (bytes: Uint8Array): Uint8Array => {
    adler.update(bytes)
    return bytes
  }
  yield summed(HEADER)
  for await (const piece of stream) yield summed(piece)
  yield summed(seal(adler))
  if (digest !== null) {
    yield summed(digestPart(digest))
    yield summed(seal(adler))
  }
  yield summed(lastZxidPart(lastZxid))
  yield summed(seal(adler))
}

function seal(adler: Adler32): Buffer {
  const bytes = Buffer.from('0000000000000000000000012f', 'hex')
  bytes.writeBigInt64BE(BigInt(adler.value))
  return bytes
}

function digestPart({ zxid, version, digest }: SnapshotDigest): Buffer {
  const bytes = Buffer.alloc(20)
  bytes.writeBigInt64BE(zxid, 0)
  bytes.writeInt32BE(version, 8)
  bytes.writeBigUInt64BE(digest, 12)
  return bytes
}

function lastZxidPart(zxid: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(zxid)
  return bytes
}
