import { createWriteStream } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { JuteWriter } from 'jute-ts'
import { RestoreRefusedError } from '../admin/http/admin-target.ts'
import { SessionTable } from '../core/session/session-table.ts'
import type { DataTree } from '../core/tree/data-tree.ts'
import { compareInt64, highWord, lowWord, toBigInt } from '../protocol/int64.ts'
import { readSnapshot } from '../storage/apache-files/read-snapshot.ts'
import { showZxid, temporaryFile, versionFolder } from '../storage/file-names.ts'
import type { SnapshotWriter, Storage } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'
import { monotonicNowMs } from './event-loop.ts'
import type { Logger } from './logging/logger.ts'
import { recoverAnew } from './recovery.ts'

/** What a restore works on. */
export interface RestoreParts {
  readonly dataDir: string
  readonly tickTimeMs: number
  readonly storage: Storage
  readonly tree: DataTree
  readonly newTree: () => DataTree
  readonly sessions: SessionTable
  /** As it is stored. */
  readonly currentEpoch: number
  readonly log: Logger
  /** Lets what is under way finish, closes all clients, and has nobody touch tree, sessions and log until `resume`. */
  readonly suspend: () => Promise<void>
  /** Serves again, from tree and sessions as they are now. */
  readonly resume: () => void
  /** Ends the process: what is in memory is no state that can be served, and what is stored is. */
  readonly fatal: (message: string) => void
}

const SLICE_BYTES = 64 * 1024
/** How long a snapshot of our own that is just being finished is waited for. */
const BUSY_DEADLINE_MS = 30_000
const BUSY_RETRY_MS = 50

/**
 * Puts a snapshot file of Apache's in place of everything that a standalone server has, in memory and on the disk.
 *
 * The file is read and checked as a whole first, while clients are served. Then they are closed, what it holds is written
 * as the base of our own store, in one step, and read back as a start would. So a failure, even a power cut, leaves
 * either everything as it was or everything restored.
 *
 * The tree gets a zxid above all that this server has given out: a client that has seen the newest one comes back, where
 * upstream turns it away until as many writes have come again.
 */
export class Restorer {
  readonly #parts: RestoreParts
  #isBusy = false
  #isSuspended = false
  #count = 0

  constructor(parts: RestoreParts) {
    this.#parts = parts
  }

  /** Clients are not served meanwhile. */
  get isSuspended(): boolean {
    return this.#isSuspended
  }

  /**
   * @returns the zxid that the snapshot was taken at
   * @throws RestoreRefusedError while another one is under way; StorageError if the bytes are no whole snapshot, or cannot be stored
   */
  async restore(bytes: Readable): Promise<bigint> {
    if (this.#isBusy) throw new RestoreRefusedError('another restore is under way')
    this.#isBusy = true
    // The name is one of those that a start removes.
    const path = join(versionFolder(this.#parts.dataDir), temporaryFile('snapshot.0.db', ++this.#count))
    try {
      await pipeline(bytes, createWriteStream(path, { flags: 'w', mode: 0o600 }))
      return await this.#restoreFile(path)
    } finally {
      this.#isBusy = false
      await unlink(path).catch(ignore)
    }
  }

  async #restoreFile(path: string): Promise<bigint> {
    const { newTree, tickTimeMs, log } = this.#parts
    const restored = newTree()
    const loader = restored.loadSnapshot(0, 0)
    const { lastZxid, digest } = await readSnapshot({ path, zxid: 0n, compression: 'none' }, loader)
    if (lastZxid === null) throw new StorageError('DAMAGED', 'the snapshot does not say at which zxid it was taken')
    const own = BigInt.asUintN(64, toBigInt(restored.digestHi, restored.digestLo))
    // A snapshot that was made while transactions were applied may hold a part of later ones.
    if (digest !== null && own !== 0n && digest.zxid === lastZxid && digest.digest !== own) {
      log.warn(`the restored snapshot says that its tree has the digest ${digest.digest}, but it has ${own}`)
    }
    const sessions = new SessionTable(tickTimeMs, monotonicNowMs())
    sessions.restore(loader.sessions, monotonicNowMs())
    await this.#replaceAll(restored, sessions, lastZxid)
    return lastZxid
  }

  async #replaceAll(restored: DataTree, restoredSessions: SessionTable, snapshotZxid: bigint): Promise<void> {
    const { tree, sessions, newTree, storage, suspend, resume, fatal, log } = this.#parts
    const before = `${showZxid(toBigInt(tree.lastZxidHi, tree.lastZxidLo))} with ${tree.nodeCount} znodes`
    this.#isSuspended = true
    let isStored = false
    try {
      await suspend()
      this.#moveAhead(restored, snapshotZxid)
      await this.#store(restored, restoredSessions)
      isStored = true
      await recoverAnew(await storage.reload(), tree, newTree, sessions, monotonicNowMs)
      const zxid = showZxid(toBigInt(tree.lastZxidHi, tree.lastZxidLo))
      log.warn(
        `restored the snapshot of ${showZxid(snapshotZxid)} with ${tree.nodeCount} znodes in place of ${before}; ` +
          `this server goes on from ${zxid}`
      )
    } catch (error) {
      if (isStored) fatal(`the restored snapshot is stored but cannot be read: ${String(error)}; start again`)
      throw error
    } finally {
      this.#isSuspended = false
      resume()
    }
  }

  /** The zxid of the snapshot, or the one after the newest of this server if that is not smaller. */
  #moveAhead(restored: DataTree, snapshotZxid: bigint): void {
    const { tree } = this.#parts
    const next = toBigInt(tree.lastZxidHi, tree.lastZxidLo) + 1n
    const isAhead = compareInt64(highWord(snapshotZxid), lowWord(snapshotZxid), highWord(next), lowWord(next)) > 0
    const zxid = isAhead ? snapshotZxid : next
    restored.setLastZxid(highWord(zxid), lowWord(zxid))
  }

  async #store(restored: DataTree, sessions: SessionTable): Promise<void> {
    const records = sessions.records()
    const cursor = restored.openSnapshot(records)
    const writer = await this.#beginInstall(restored)
    try {
      const bytes = new JuteWriter(SLICE_BYTES * 2)
      for (let hasMore = true; hasMore; ) {
        hasMore = cursor.next(bytes.reset(), SLICE_BYTES)
        await writer.write(bytes.bytes())
      }
      const { zxidHi, zxidLo, digestHi, digestLo, nodeCount } = cursor
      await writer.finish({ zxidHi, zxidLo, digestHi, digestLo, nodeCount, sessionCount: records.length })
    } catch (error) {
      writer.abort()
      throw error
    } finally {
      cursor.close()
    }
  }

  async #beginInstall({ lastZxidHi, lastZxidLo }: DataTree): Promise<SnapshotWriter> {
    const { storage } = this.#parts
    // A member that starts from here later must not be in an epoch before that of its data; 0 is taken from the zxid then.
    const currentEpoch = this.#parts.currentEpoch === 0 ? 0 : Math.max(this.#parts.currentEpoch, lastZxidHi)
    const endMs = monotonicNowMs() + BUSY_DEADLINE_MS
    for (;;) {
      try {
        return storage.beginInstall(lastZxidHi, lastZxidLo, currentEpoch)
      } catch (error) {
        const isBusy = error instanceof StorageError && error.code === 'BUSY' && monotonicNowMs() < endMs
        if (!isBusy) throw error
        await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS))
      }
    }
  }
}

function ignore(): void {
  // The next start removes it.
}
