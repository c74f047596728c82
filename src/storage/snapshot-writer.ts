import { toBigInt } from '../protocol/int64.ts'
import { removeDatabase } from './directory.ts'
import { snapshotFile, temporaryFile } from './file-names.ts'
import type { SnapshotLink, SnapshotListener } from './snapshot-link.ts'
import type { SnapshotReport } from './snapshot-messages.ts'
import { StorageError } from './storage-error.ts'
import type { SnapshotEntryFields, ZxidPair } from './thread-messages.ts'

/** Bytes of one stored chunk. */
const CHUNK_BYTES = 256 * 1024
/** Bytes on their way to the snapshot thread above which `write` makes the caller wait. */
const QUEUED_BYTES_MAX = 1024 * 1024

/** What identifies a complete snapshot; stored beside it, and checked by whoever loads it. */
export interface SnapshotSummary {
  readonly zxidHi: number
  readonly zxidLo: number
  /** Tree digest at that zxid. */
  readonly digestHi: number
  readonly digestLo: number
  readonly nodeCount: number
  readonly sessionCount: number
}

/** Writes one snapshot, in the snapshot thread. */
export interface SnapshotWriter {
  /**
   * Takes the next bytes of the snapshot; copies them before it returns. Where one call ends and the next begins is not
   * kept. Resolves when there is room for more: do not write before that. Rejects when writing has failed.
   */
  write(bytes: Uint8Array): Promise<void>
  /**
   * Resolves when the snapshot counts: it is on the disk under its name, the log is durable up to its zxid, and it is in
   * the catalogue. Rejects, with nothing left behind, when one of these fails: code DISK_FULL is no reason to stop.
   */
  finish(summary: SnapshotSummary): Promise<void>
  /** Gives up; nothing is left behind. Does nothing after `finish` or `abort`. */
  abort(): void
}

/** What a writer needs of the storage. */
export interface SnapshotWriterOwner {
  /** Brings a written file into the catalogue. */
  catalogue(entry: SnapshotEntryFields): Promise<unknown>
  /** The writer has come to its end, one way or the other; `error` is null unless writing failed. */
  ended(error: StorageError | null): void
  /** The thread has nothing to do with it any more. */
  left(): void
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: StorageError) => void
}

export class ThreadedSnapshotWriter implements SnapshotWriter, SnapshotListener {
  readonly #link: SnapshotLink
  readonly #owner: SnapshotWriterOwner
  readonly #zxid: ZxidPair
  readonly #folder: string
  readonly #file: string
  readonly #attempt: number
  #chunk = new Uint8Array(CHUNK_BYTES)
  #chunkBytes = 0
  /**
   * Chunks that have come back from the thread. Left to its garbage collector, some 70 MB of them would lie about before it
   * saw a reason to run.
   */
  #freeChunks: ArrayBuffer[] = []
  #queuedBytes = 0
  #fileBytes = 0
  #state: 'open' | 'finishing' | 'ended' = 'open'
  #failure: StorageError | null = null
  #drainWaiters: Waiter[] = []
  #finishWaiter: Waiter | null = null

  constructor(link: SnapshotLink, folder: string, zxid: ZxidPair, attempt: number, owner: SnapshotWriterOwner) {
    this.#link = link
    this.#owner = owner
    this.#zxid = zxid
    this.#folder = folder
    this.#attempt = attempt
    this.#file = snapshotFile(toBigInt(zxid.hi, zxid.lo))
    link.begin({ kind: 'begin', folder, file: this.#file, attempt }, this)
  }

  write(bytes: Uint8Array): Promise<void> {
    const refusal = this.#refusal()
    if (refusal !== null) return Promise.reject(refusal)
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + CHUNK_BYTES - this.#chunkBytes)
      this.#chunk.set(part, this.#chunkBytes)
      this.#chunkBytes += part.length
      at += part.length
      if (this.#chunkBytes === CHUNK_BYTES) this.#send()
    }
    if (this.#queuedBytes < QUEUED_BYTES_MAX) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#drainWaiters.push({ resolve, reject })
    })
  }

  async finish(summary: SnapshotSummary): Promise<void> {
    const refusal = this.#refusal()
    if (refusal !== null) throw refusal
    if (summary.zxidHi !== this.#zxid.hi || summary.zxidLo !== this.#zxid.lo) {
      throw new RangeError('the summary has another zxid than the snapshot was begun with')
    }
    if (this.#chunkBytes > 0) this.#send()
    this.#state = 'finishing'
    const digest = { hi: summary.digestHi, lo: summary.digestLo }
    const { nodeCount, sessionCount } = summary
    this.#link.post({ kind: 'finish', zxid: this.#zxid, digest, nodeCount, sessionCount })
    await new Promise<void>((resolve, reject) => {
      this.#finishWaiter = { resolve, reject }
    })
    try {
      await this.#owner.catalogue({ zxid: this.#zxid, digest, bytes: this.#fileBytes, file: this.#file })
    } finally {
      this.#end(null)
    }
  }

  abort(): void {
    if (this.#state !== 'open') return
    this.#link.post({ kind: 'abort' })
    this.#end(null)
    this.#failWaiters(new StorageError('CLOSED', `the snapshot ${this.#file} was given up`))
  }

  /** Ends the thread at once, when the storage is closed or has failed, and removes what it has begun to write here. */
  async abandon(error: StorageError): Promise<void> {
    this.#failure ??= error
    this.#end(null)
    this.#failWaiters(error)
    await this.#link.terminate()
    try {
      removeDatabase(this.#folder, temporaryFile(this.#file, this.#attempt))
    } catch {
      // Litter for the next start, which says so if it cannot remove it either.
    }
  }

  report(report: SnapshotReport): void {
    switch (report.kind) {
      case 'written':
        this.#queuedBytes -= report.bytes
        this.#freeChunks.push(report.chunk)
        if (this.#queuedBytes < QUEUED_BYTES_MAX) {
          for (const { resolve } of this.#drainWaiters.splice(0)) resolve()
        }
        return
      case 'finished':
        this.#fileBytes = report.bytes
        this.#finishWaiter?.resolve()
        this.#finishWaiter = null
        return this.#owner.left()
      case 'aborted':
        return this.#owner.left()
      case 'failed':
        this.#fail(new StorageError(report.error.code, report.error.message))
        return this.#owner.left()
      default:
        return unreachable(report)
    }
  }

  died(error: StorageError): void {
    if (this.#state !== 'ended') this.#fail(error)
    this.#owner.left()
  }

  #refusal(): StorageError | null {
    if (this.#failure !== null) return this.#failure
    if (this.#state === 'open') return null
    return new StorageError('CLOSED', `the snapshot ${this.#file} was finished or given up`)
  }

  #send(): void {
    const { buffer: chunk } = this.#chunk
    const bytes = this.#chunkBytes
    this.#queuedBytes += bytes
    this.#link.post({ kind: 'write', chunk, bytes }, [chunk])
    this.#chunk = new Uint8Array(this.#freeChunks.pop() ?? new ArrayBuffer(CHUNK_BYTES))
    this.#chunkBytes = 0
  }

  #fail(error: StorageError): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#end(error)
    this.#failWaiters(error)
  }

  #failWaiters(error: StorageError): void {
    for (const { reject } of this.#drainWaiters.splice(0)) reject(error)
    this.#finishWaiter?.reject(error)
    this.#finishWaiter = null
  }

  #end(error: StorageError | null): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#owner.ended(error)
  }
}

function unreachable(report: never): never {
  throw new Error(`unknown report ${JSON.stringify(report)}`)
}
