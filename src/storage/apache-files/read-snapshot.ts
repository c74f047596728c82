import { StorageError, toStorageError } from '../storage-error.ts'
import { Adler32 } from './adler32.ts'
import type { ApacheSnapshotFile } from './apache-directory.ts'
import { DamagedFileError } from './damaged-file-error.ts'
import { snapshotBytes } from './snapshot-bytes.ts'

/**
 * A snapshot file of Apache ZooKeeper around the snapshot stream:
 *
 * | part                 | bytes                                                                    |
 * |----------------------|--------------------------------------------------------------------------|
 * | header               | `ZKSN`, int32 version 2, int64 dbid -1                                   |
 * | stream               | sessions, ACL table, nodes, end mark: not read here                      |
 * | seal                 | int64 Adler-32 of all bytes so far, ustring "/"                          |
 * | digest, optional     | int64 zxid, int32 digest version, int64 digest (text before version 2); a seal |
 * | last zxid, optional  | int64; a seal                                                            |
 */

/** Takes the snapshot stream; what loads a tree does. */
export interface SnapshotStreamTaker {
  /** True once the end mark was taken. */
  readonly done: boolean
  /** Takes the next bytes; returns how many of them were of the stream: fewer than all only when it is done. */
  push(bytes: Uint8Array): number
}

/** The digest of the tree as it was at `zxid`, which is the file's zxid or, in a fuzzy snapshot, a later one. */
export interface SnapshotDigest {
  readonly zxid: bigint
  readonly version: number
  /** Unsigned; meaningful for version 2. */
  readonly digest: bigint
}

export interface SnapshotTrailer {
  /**
   * The tree may have changes of transactions up to this one, which the log must therefore reach; null where the file
   * does not tell.
   */
  readonly lastZxid: bigint | null
  /** Null where the file has none: digests were off, or nothing had been applied yet. */
  readonly digest: SnapshotDigest | null
}

const HEADER = Buffer.from('5a4b534e00000002', 'hex')
const HEADER_BYTES = 16
const SEAL_BYTES = 13
const LAST_ZXID_BYTES = 8
/** All that may follow the stream is shorter. */
const TRAILER_BYTES_MAX = 1024
const DIGEST_VERSION_NUMERIC = 2

/**
 * Reads a file to its end into `taker`, and checks its seals. It must not be used when this throws.
 *
 * @throws DamagedFileError; StorageError CANNOT_OPEN or IO_ERROR when it cannot be read at all
 */
export async function readSnapshot(file: ApacheSnapshotFile, taker: SnapshotStreamTaker): Promise<SnapshotTrailer> {
  const parts = new SnapshotParts(file.path, taker)
  try {
    for await (const piece of snapshotBytes(file)) parts.push(piece)
    return parts.end()
  } catch (error) {
    throw asStorageError(error, file.path)
  }
}

/** Errors of the system stay what they are; any other is from a decoder that met bytes which it cannot read. */
function asStorageError(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error
  const isOfSystem = typeof error === 'object' && error !== null && 'syscall' in error
  if (isOfSystem) return toStorageError(error, `reading ${path}`)
  return new DamagedFileError(path, error instanceof Error ? error.message : String(error), { cause: error })
}

class SnapshotParts {
  readonly #path: string
  readonly #taker: SnapshotStreamTaker
  readonly #adler = new Adler32()
  #header: Buffer = Buffer.alloc(0)
  #trailer: Buffer = Buffer.alloc(0)

  constructor(path: string, taker: SnapshotStreamTaker) {
    this.#path = path
    this.#taker = taker
  }

  push(piece: Uint8Array): void {
    let rest = this.#takeHeader(piece)
    if (rest.length > 0 && !this.#taker.done) {
      const taken = this.#taker.push(rest)
      this.#adler.update(rest.subarray(0, taken))
      rest = rest.subarray(taken)
    }
    if (rest.length === 0) return
    this.#trailer = Buffer.concat([this.#trailer, rest])
    if (this.#trailer.length > TRAILER_BYTES_MAX) throw this.#damaged('more follows its last part')
  }

  /** What follows the header. */
  #takeHeader(piece: Uint8Array): Uint8Array {
    const missing = HEADER_BYTES - this.#header.length
    if (missing === 0) return piece
    this.#header = Buffer.concat([this.#header, piece.subarray(0, missing)])
    if (this.#header.length < HEADER_BYTES) return piece.subarray(missing)
    if (!this.#header.subarray(0, HEADER.length).equals(HEADER)) throw this.#damaged('it begins like no snapshot')
    this.#adler.update(this.#header)
    return piece.subarray(missing)
  }

  /** Which of the optional parts there are shows by how much is left: a digest is longer than a last zxid. */
  end(): SnapshotTrailer {
    if (!this.#taker.done) throw this.#damaged('it ends before its last znode')
    let rest = this.#takeSeal(this.#trailer)
    let digest: SnapshotDigest | null = null
    let lastZxid: bigint | null = null
    if (rest.length > LAST_ZXID_BYTES + SEAL_BYTES) {
      const part = this.#readDigest(rest)
      digest = part.digest
      rest = this.#takeSealed(rest, part.bytes)
    }
    if (rest.length > 0) {
      if (rest.length >= LAST_ZXID_BYTES) lastZxid = rest.readBigInt64BE(0)
      rest = this.#takeSealed(rest, LAST_ZXID_BYTES)
    }
    if (rest.length > 0) throw this.#damaged('more follows its last part')
    return { digest, lastZxid: lastZxid ?? digest?.zxid ?? null }
  }

  #readDigest(rest: Buffer): { digest: SnapshotDigest | null; bytes: number } {
    const zxid = rest.readBigInt64BE(0)
    const version = rest.readInt32BE(8)
    const isText = version < DIGEST_VERSION_NUMERIC
    const bytes = isText ? 16 + Math.max(0, rest.readInt32BE(12)) : 20
    // compat: a server that has applied nothing writes the digest 0 at zxid 0, whatever its tree
    if (zxid <= 0n) return { digest: null, bytes }
    return { digest: { zxid, version, digest: isText ? 0n : rest.readBigUInt64BE(12) }, bytes }
  }

  #takeSealed(rest: Buffer, bytes: number): Buffer {
    if (rest.length < bytes + SEAL_BYTES) throw this.#damaged('it ends within a part behind the znodes')
    this.#adler.update(rest.subarray(0, bytes))
    return this.#takeSeal(rest.subarray(bytes))
  }

  /** Checks the seal at the beginning of `rest`; returns what follows. */
  #takeSeal(rest: Buffer): Buffer {
    if (rest.length < SEAL_BYTES) throw this.#damaged('its checksum is missing')
    if (rest.readBigInt64BE(0) !== BigInt(this.#adler.value)) throw this.#damaged('its checksum is wrong')
    this.#adler.update(rest.subarray(0, SEAL_BYTES))
    return rest.subarray(SEAL_BYTES)
  }

  #damaged(problem: string): DamagedFileError {
    return new DamagedFileError(this.#path, problem)
  }
}
