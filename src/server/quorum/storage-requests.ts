import type { StorageRequest } from '../../core/ensemble/ensemble-outbox.ts'
import type { SessionTable } from '../../core/session/session-table.ts'
import type { StorageAnswer } from '../../core/storage-answer.ts'
import type { DataTree } from '../../core/tree/data-tree.ts'
import type { FoundInLog, Storage } from '../../storage/storage.ts'
import { StorageError } from '../../storage/storage-error.ts'
import type { LogFeed } from '../log-feed.ts'
import type { Logger } from '../logging/logger.ts'
import { recoverAnew } from '../recovery.ts'
import type { ConfigFiles } from './config-files.ts'

export interface StorageRequestsParts {
  readonly storage: Pick<
    Storage,
    'setAcceptedEpoch' | 'setCurrentEpoch' | 'truncate' | 'reload' | 'findInLog' | 'readLog'
  >
  /** Batches may still be held there: requests come behind them. */
  readonly feed: Pick<LogFeed, 'whenHanded'>
  /** Those of the peer, which are emptied and filled again. */
  readonly tree: DataTree
  readonly sessions: SessionTable
  /** A tree as every server begins with. */
  readonly newTree: () => DataTree
  /** Null where the configuration was not read from a file. */
  readonly configFiles: ConfigFiles | null
  readonly nowMs: () => number
  /**
   * How large the log that a learner would get may be, as a share of the newest snapshot's size; 0: any size
   * (`zookeeper.snapshotSizeFactor`). Where it is larger, a snapshot is less work.
   */
  readonly snapshotSizeFactor: number
  readonly log: Logger
}

export interface StorageRequestsPorts {
  answered(id: number, answer: StorageAnswer): void
  /** The server cannot go on: what is stored cannot be read back, or can no longer be written. */
  fatal(message: string): void
}

const DONE: StorageAnswer = { kind: 'done' }
const NOTHING: StorageAnswer = { kind: 'nothing' }

/** Carries out what a member of an ensemble asks of its storage, one request after the other, in their order. */
export class StorageRequests {
  readonly #parts: StorageRequestsParts
  readonly #ports: StorageRequestsPorts
  /** Not begun; the core has few under way at a time. */
  readonly #queue: StorageRequest[] = []
  #isBusy = false
  #isStopped = false

  constructor(parts: StorageRequestsParts, ports: StorageRequestsPorts) {
    this.#parts = parts
    this.#ports = ports
  }

  /** Whether a request is not answered yet. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  store(request: StorageRequest): void {
    if (this.#isStopped) return
    this.#queue.push(request)
    if (!this.#isBusy) this.#run().catch((error: unknown) => this.#failed(error))
  }

  /** The server stops: nothing more is begun or answered. */
  stop(): void {
    this.#isStopped = true
    this.#queue.length = 0
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    for (let request = this.#queue.shift(); request !== undefined; request = this.#queue.shift()) {
      await this.#parts.feed.whenHanded()
      const answer = await this.#answer(request)
      if (this.#isStopped) return
      this.#ports.answered(request.id, answer)
    }
    this.#isBusy = false
  }

  async #answer(request: StorageRequest): Promise<StorageAnswer> {
    const { storage } = this.#parts
    switch (request.kind) {
      case 'setAcceptedEpoch':
        await storage.setAcceptedEpoch(request.epoch)
        return DONE
      case 'setCurrentEpoch':
        await storage.setCurrentEpoch(request.epoch)
        return DONE
      case 'truncate':
        return this.#truncate(request.zxidHi, request.zxidLo)
      case 'reload':
        await this.#reload()
        return DONE
      case 'findInLog':
        return this.#read(() => this.#find(request.zxidHi, request.zxidLo))
      case 'readLog':
        return this.#read(() => this.#readLog(request.afterHi, request.afterLo, request.bytesMax))
      case 'writeConfig':
        await this.#writeConfig(request.which, request.text)
        return DONE
      default:
        return unreachable(request)
    }
  }

  async #truncate(zxidHi: number, zxidLo: number): Promise<StorageAnswer> {
    try {
      await this.#parts.storage.truncate(zxidHi, zxidLo)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'INCOMPLETE') throw error
      this.#parts.log.warn(error.message)
      return { kind: 'impossible' }
    }
    await this.#reload()
    return DONE
  }

  async #reload(): Promise<void> {
    const { storage, tree, newTree, sessions, nowMs, log } = this.#parts
    const report = await recoverAnew(await storage.reload(), tree, newTree, sessions, nowMs)
    for (const zxid of report.digestMismatches.slice(0, 10)) log.error(`the digest of transaction 0x${zxid} is wrong`)
    log.info(`read the stored state anew: snapshot ${report.snapshotZxid ?? 'none'}, ${report.txnCount} transactions`)
  }

  async #find(zxidHi: number, zxidLo: number): Promise<StorageAnswer> {
    const found = await this.#parts.storage.findInLog(zxidHi, zxidLo)
    if (found !== null && this.#isLogTooLarge(found)) return NOTHING
    return found === null ? NOTHING : { kind: 'zxid', zxidHi: found.hi, zxidLo: found.lo }
  }

  /** compat: without a snapshot, and with one so small that its share is less than a byte, there is no limit. */
  #isLogTooLarge({ logBytes, snapshotBytes }: FoundInLog): boolean {
    const limit = Math.floor(snapshotBytes * this.#parts.snapshotSizeFactor)
    if (limit === 0 || logBytes <= limit) return false
    this.#parts.log.info(
      `a learner gets a snapshot: the log that it lacks has ${logBytes} bytes, the limit is ${limit}`
    )
    return true
  }

  async #readLog(afterHi: number, afterLo: number, bytesMax: number): Promise<StorageAnswer> {
    const batch = await this.#parts.storage.readLog(afterHi, afterLo, bytesMax)
    if (batch === null) return NOTHING
    const { lastZxidHi, lastZxidLo, body } = batch
    return { kind: 'slice', lastZxidHi, lastZxidLo, body }
  }

  /** What cannot be read for a learner is no reason to end the leader: a snapshot brings the learner up. */
  async #read(read: () => Promise<StorageAnswer>): Promise<StorageAnswer> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof StorageError) || error.code === 'CLOSED') throw error
      // Expected: a learner that has been away for longer than the log is kept.
      if (error.code === 'INCOMPLETE') this.#parts.log.debug(error.message)
      else this.#parts.log.error('the log cannot be read for a learner', error)
      return NOTHING
    }
  }

  /** compat: as upstream, a configuration that cannot be written is an error in the log, and the server goes on with it. */
  async #writeConfig(which: 'next' | 'current', text: string): Promise<void> {
    const { configFiles, log } = this.#parts
    if (configFiles === null) return
    try {
      if (which === 'next') await configFiles.writeNext(text)
      else await configFiles.writeCurrent(text)
    } catch (error) {
      log.error('cannot write the configuration files', error)
    }
  }

  #failed(error: unknown): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#ports.fatal(error instanceof Error ? error.message : String(error))
  }
}

function unreachable(request: never): never {
  throw new Error(`unknown request ${JSON.stringify(request)}`)
}
