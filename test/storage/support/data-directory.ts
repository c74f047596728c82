import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { highWord, lowWord } from '../../../src/protocol/int64.ts'
import { readSnapshot } from '../../../src/storage/recovery.ts'
import type { Recovery, Storage, StorageOptions, TxnBatch } from '../../../src/storage/storage.ts'
import { openStorage } from '../../../src/storage/storage.ts'
import type { StorageErrorCode } from '../../../src/storage/storage-error.ts'
import { StorageError } from '../../../src/storage/storage-error.ts'
import { collectZxids, makeBatch } from './transactions.ts'

/** The threads run compiled: `npm run build` comes before the tests. */
export const LOG_THREAD_URL = pathToFileURL(join(process.cwd(), 'dist', 'storage', 'log-thread.js'))

export function storageOptions(dataDir: string, more: Partial<StorageOptions> = {}): StorageOptions {
  return {
    dataDir,
    dataLogDir: dataDir,
    forceSync: true,
    autocreate: true,
    trustEmptySnapshot: false,
    fsyncWarningThresholdMs: 60_000,
    logger: { info: ignore, warn: ignore, error: ignore },
    workerUrl: LOG_THREAD_URL,
    ...more
  }
}

/** A storage that is open in a test, with its next zxid and what it said. */
export class OpenStorage {
  readonly storage: Storage
  readonly recovery: Recovery
  /** What it found: zxids of the log after the snapshot. */
  readonly recoveredZxids: readonly bigint[]
  readonly recoveredSnapshot: Buffer | null
  readonly fatals: StorageError[] = []
  readonly persisted: number[] = []
  #waiters: { sequence: number; resolve: () => void; reject: (error: StorageError) => void }[] = []
  #sequence = 0
  nextZxid: bigint

  constructor(storage: Storage, recovery: Recovery, zxids: readonly bigint[], snapshot: Buffer | null) {
    this.storage = storage
    this.recovery = recovery
    this.recoveredZxids = zxids
    this.recoveredSnapshot = snapshot
    this.nextZxid = ((BigInt(recovery.lastZxidHi) << 32n) | BigInt(recovery.lastZxidLo >>> 0)) + 1n
    storage.onPersisted((sequence) => this.#take(sequence))
    storage.onFatal((error) => {
      this.fatals.push(error)
      for (const { reject } of this.#waiters.splice(0)) reject(error)
    })
  }

  get lastZxid(): bigint {
    return this.nextZxid - 1n
  }

  /** Appends the next transactions; false when there was no room. */
  tryAppend(txnCount = 1, sizeBytes?: number): boolean {
    return this.tryAppendBatch(makeBatch(this.nextZxid, txnCount, sizeBytes))
  }

  tryAppendBatch(batch: TxnBatch): boolean {
    if (!this.storage.append(this.#sequence + 1, batch)) return false
    this.#sequence++
    this.nextZxid = ((BigInt(batch.lastZxidHi) << 32n) | BigInt(batch.lastZxidLo >>> 0)) + 1n
    return true
  }

  /** Appends the next transactions and waits until they are durable. */
  async append(txnCount = 1, sizeBytes?: number): Promise<void> {
    if (!this.tryAppend(txnCount, sizeBytes)) throw new Error('no room in the ring')
    await this.allPersisted()
  }

  /** Waits until all that was appended is durable. */
  allPersisted(): Promise<void> {
    const sequence = this.#sequence
    if ((this.persisted.at(-1) ?? 0) >= sequence) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiters.push({ sequence, resolve, reject }))
  }

  /** Takes a snapshot at the last zxid, whose content is `content`. */
  async snapshot(content: Buffer = Buffer.from(`state at ${this.lastZxid}`)): Promise<void> {
    const [hi, lo] = [highWord(this.lastZxid), lowWord(this.lastZxid)]
    const writer = this.storage.beginSnapshot(hi, lo)
    await writer.write(content)
    await writer.finish({ zxidHi: hi, zxidLo: lo, digestHi: lo, digestLo: ~lo, nodeCount: 3, sessionCount: 2 })
  }

  async close(): Promise<void> {
    await this.storage.flushAndClose(10_000)
  }

  /** As a kill would leave it: nothing is finished or closed properly. */
  async abandon(): Promise<void> {
    await this.storage.abandon()
  }

  #take(sequence: number): void {
    this.persisted.push(sequence)
    const ready = this.#waiters.filter((waiter) => waiter.sequence <= sequence)
    this.#waiters = this.#waiters.filter((waiter) => waiter.sequence > sequence)
    for (const { resolve } of ready) resolve()
  }
}

/** A fresh folder with the storages that a test opens in it. Call `dispose` after each test. */
export class DataDirectory {
  readonly path: string
  readonly said: string[] = []
  readonly #open: OpenStorage[] = []
  readonly #options: Partial<StorageOptions>

  constructor(options: Partial<StorageOptions> = {}, parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, 'zoonode-storage-'))
    const say = (message: string): void => {
      this.said.push(message)
    }
    this.#options = { logger: { info: say, warn: say, error: say }, ...options }
  }

  get folder(): string {
    return join(this.path, 'version-2')
  }

  /** Opens the storage and reads all of its recovery. */
  async open(more: Partial<StorageOptions> = {}): Promise<OpenStorage> {
    const { storage, recovery } = await openStorage(storageOptions(this.path, { ...this.#options, ...more }))
    try {
      const { snapshot, bytes } = await readWhole(recovery)
      const read = { ...recovery, snapshot }
      const open = new OpenStorage(storage, read, await collectZxids(recovery.batches()), bytes)
      this.#open.push(open)
      return open
    } catch (error) {
      await storage.abandon()
      throw error
    }
  }

  /** Opens it, expecting that it cannot be started from; returns the code and the line. */
  async refusal(more: Partial<StorageOptions> = {}): Promise<{ code: StorageErrorCode | 'none'; message: string }> {
    try {
      const open = await this.open(more)
      return { code: 'none', message: `opened, ${open.recoveredZxids.length} transactions` }
    } catch (error) {
      if (error instanceof StorageError) return { code: error.code, message: error.message }
      throw error
    }
  }

  /** Names under version-2, sorted. */
  files(): string[] {
    return readdirSync(this.folder).sort()
  }

  file(name: string): string {
    return join(this.folder, name)
  }

  /** Ends what is open as a kill would. */
  async closeAll(): Promise<void> {
    for (const open of this.#open.splice(0)) await open.abandon()
  }

  async dispose(): Promise<void> {
    await this.closeAll()
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Reads the newest snapshot that is as it was written. */
export async function readWhole(recovery: Recovery): Promise<{ snapshot: Recovery['snapshot']; bytes: Buffer | null }> {
  const read = await readSnapshot(recovery, () => new Collector())
  return { snapshot: read?.snapshot ?? null, bytes: read === null ? null : Buffer.concat(read.taker.chunks) }
}

class Collector {
  readonly chunks: Uint8Array[] = []

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk)
  }
}

export async function collectBytes(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

function ignore(): void {
  // Nobody listens.
}
