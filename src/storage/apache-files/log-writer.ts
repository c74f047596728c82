import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { toStorageError } from '../storage-error.ts'
import { adler32 } from './adler32.ts'

/** Writes a log file of Apache ZooKeeper; `log-reader.ts` has the layout. No padding: a reader ends where the file does. */

const HEADER = Buffer.from('5a4b4c47000000020000000000000000', 'hex')
const HEAD_BYTES = 12
const RECORD_END = 0x42
const BUFFER_BYTES = 1 << 20

/** A new log file. Errors of all methods: StorageError DISK_FULL, CANNOT_OPEN, IO_ERROR. */
export class LogWriter {
  readonly path: string
  readonly #handle: number
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  #length = 0
  #txnCount = 0

  /** @throws StorageError CANNOT_OPEN when the file is there already */
  constructor(path: string) {
    this.path = path
    try {
      this.#handle = openSync(path, 'wx')
    } catch (error) {
      throw toStorageError(error, `making ${path}`)
    }
    this.#put(HEADER)
  }

  get txnCount(): number {
    return this.#txnCount
  }

  /**
   * Appends a transaction: its header, record and digest.
   *
   * @param checksum another than the right one for a copy that is to stay as damaged as its original
   */
  append(txn: Uint8Array, checksum = BigInt(adler32(txn))): void {
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeBigInt64BE(checksum, 0)
    head.writeInt32BE(txn.length, 8)
    this.#put(head)
    this.#put(txn)
    this.#put(Buffer.of(RECORD_END))
    this.#txnCount++
  }

  /** Writes what is left, syncs and closes. */
  finish(): void {
    this.#guard(() => {
      this.#flush()
      fsyncSync(this.#handle)
      closeSync(this.#handle)
    })
  }

  /** Closes without finishing; the file is worth nothing. */
  abandon(): void {
    closeSync(this.#handle)
  }

  #put(bytes: Uint8Array): void {
    if (this.#length + bytes.length > BUFFER_BYTES) this.#guard(() => this.#flush())
    if (bytes.length > BUFFER_BYTES) {
      this.#guard(() => writeFully(this.#handle, bytes))
      return
    }
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #flush(): void {
    writeFully(this.#handle, this.#buffer.subarray(0, this.#length))
    this.#length = 0
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      throw toStorageError(error, `writing ${this.path}`)
    }
  }
}

function writeFully(handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at)
}
