import { JuteReader } from 'jute-ts'
import { highWordOfNumber, lowWordOfNumber } from '../../protocol/int64.ts'
import { decodeTxn, type Txn } from '../../protocol/txn.ts'
import type { Metrics } from '../metrics.ts'
import { DigestLog } from '../pipeline/digest-log.ts'
import type { LogBatcher } from '../pipeline/log-batcher.ts'
import type { Snapshotter } from '../pipeline/snapshotter.ts'
import { applyToSessions } from '../session/follow-txn.ts'
import type { SessionTable } from '../session/session-table.ts'
import type { StorageAnswer } from '../storage-answer.ts'
import { type DataTree, NO_NODE } from '../tree/data-tree.ts'
import type { CommitLog } from '../zab/commit-log.ts'
import { formatConfigText } from '../zab/membership/config-text.ts'
import type { EnsembleConfig } from '../zab/membership/ensemble-config.ts'
import { MessageTracker } from '../zab/message-tracker.ts'
import { EnsembleMeter } from './ensemble-meter.ts'
import type { EnsembleOutbox, StorageRequest } from './ensemble-outbox.ts'
import type { EnsembleSettings } from './ensemble-settings.ts'

const CONFIG_PATH = '/zookeeper/config'
const NO_BYTES = new Uint8Array(0)

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

/** What outlives the roles of a member: its state, its epochs, its log, and the requests to its storage. */
export class Member {
  readonly settings: EnsembleSettings
  readonly tree: DataTree
  readonly sessions: SessionTable
  readonly log: LogBatcher
  readonly snapshotter: Snapshotter
  readonly commitLog: CommitLog
  /** Goes on over roles, as long as the tree does. */
  readonly digestLog: DigestLog
  readonly meter: EnsembleMeter
  /** As they are stored. */
  acceptedEpoch: number
  currentEpoch: number
  config: EnsembleConfig
  /** A configuration that was proposed, or told by a leader, and is not in force yet. */
  lastSeen: EnsembleConfig | null
  /** A leader's TRUNC could not be carried out: only a snapshot brings this server up. */
  needsSnapshot = false
  out: EnsembleOutbox
  nowMs: number
  /** Wall clock; 0 before the first step. */
  wallMs = 0
  /** Told of every change of `config` and `lastSeen`. */
  configurationChanged: () => void = () => undefined
  /** Told when all configurations that were seen are stored. */
  configurationWritten: () => void = () => undefined
  #installing: { readonly epoch: number; readonly done: () => void } | null = null
  readonly #answers = new Map<number, (answer: StorageAnswer) => void>()
  readonly #reader: JuteReader
  #lastRequest = 0
  #unwrittenCount = 0
  readonly #afterWriting: (() => void)[] = []

  constructor(parts: MemberParts) {
    this.settings = parts.settings
    this.tree = parts.tree
    this.sessions = parts.sessions
    this.log = parts.log
    this.snapshotter = parts.snapshotter
    this.commitLog = parts.commitLog
    this.digestLog = new DigestLog(parts.tree)
    this.meter = new EnsembleMeter(parts.metrics, parts.settings.sid, () => this.wallMs)
    this.acceptedEpoch = parts.acceptedEpoch
    this.currentEpoch = parts.currentEpoch
    this.config = parts.config
    this.lastSeen = parts.lastSeen
    this.out = parts.out
    this.nowMs = parts.nowMs
    this.#reader = new JuteReader(undefined, Number.MAX_SAFE_INTEGER)
  }

  /** For one link; null where packets are not tracked. */
  newMessageTracker(): MessageTracker | null {
    const { messageTrackerSize } = this.settings
    return messageTrackerSize === undefined ? null : new MessageTracker(messageTrackerSize, () => this.wallMs)
  }

  /** Requests that the storage has not answered. */
  get requestCount(): number {
    return this.#answers.size
  }

  /** Asks the storage; `done` is called with its answer in a later step. @returns the request's id */
  store(request: WithoutId<StorageRequest>, done: (answer: StorageAnswer) => void): number {
    const id = ++this.#lastRequest
    this.#answers.set(id, done)
    this.out.store({ ...request, id } as StorageRequest)
    return id
  }

  stored(id: number, answer: StorageAnswer): void {
    const done = this.#answers.get(id)
    this.#answers.delete(id)
    done?.(answer)
  }

  setAcceptedEpoch(epoch: number, done: () => void): void {
    this.store({ kind: 'setAcceptedEpoch', epoch }, () => {
      this.acceptedEpoch = epoch
      done()
    })
  }

  /** Durable with all that was added to the log: also with what waits there for its turn, or for the end of the step. */
  setCurrentEpoch(epoch: number, done: () => void): void {
    this.snapshotter.logged(this.log.handOver(this.out, this.nowMs))
    this.store({ kind: 'setCurrentEpoch', epoch }, () => {
      this.currentEpoch = epoch
      done()
    })
  }

  /** Whether the tree is being written in place of everything stored. */
  get isInstalling(): boolean {
    return this.#installing !== null
  }

  /** Writes the tree in place of everything stored, and the epoch with it; `done` is called when that is durable. */
  install(currentEpoch: number, done: () => void): void {
    this.#installing = { epoch: currentEpoch, done }
    this.snapshotter.install((zxidHi, zxidLo) => this.out.installBegin(zxidHi, zxidLo, currentEpoch))
  }

  /** @returns false if it was an installation that failed: then what was stored before is there still */
  snapshotDone(isWritten: boolean): boolean {
    this.snapshotter.done()
    const installing = this.#installing
    this.#installing = null
    if (installing === null) return true
    if (!isWritten) return false
    this.log.moveTo(this.tree.lastZxidHi, this.tree.lastZxidLo)
    this.currentEpoch = installing.epoch
    this.needsSnapshot = false
    if (this.isConfigurationUnwritten) this.#afterWriting.push(installing.done)
    else installing.done()
    return true
  }

  /**
   * A configuration was proposed, or told by a leader: it is stored beside the one in force. One that is not newer than
   * that means that what was seen since will not come into force.
   */
  configurationSeen(config: EnsembleConfig): void {
    if (!this.settings.reconfigEnabled) return
    const next = config.version > this.config.version ? config : this.config
    if (next.version === (this.lastSeen ?? this.config).version) return
    this.lastSeen = next === this.config ? null : next
    this.#configurationChanged()
    this.#unwrittenCount++
    this.store({ kind: 'writeConfig', which: 'next', text: formatConfigText(next) }, () => {
      this.#unwrittenCount--
      if (this.#unwrittenCount > 0) return
      for (const done of this.#afterWriting.splice(0)) done()
      this.configurationWritten()
    })
  }

  /**
   * Whether a configuration was seen and is not stored yet. Until it is, nothing may be acknowledged: a server that knows
   * a reconfiguration only from its log would not know after a restart that the new quorum has a say.
   */
  get isConfigurationUnwritten(): boolean {
    return this.#unwrittenCount > 0
  }

  /** The configuration is in force now, if it is newer than the one that is. */
  configurationActivated(config: EnsembleConfig): void {
    if (!this.settings.reconfigEnabled || config.version <= this.config.version) return
    this.config = config
    if (this.lastSeen !== null && this.lastSeen.version <= config.version) this.lastSeen = null
    const text = formatConfigText(config)
    this.out.log('info', `configuration ${config.version.toString(16)} is in force: ${text.replaceAll('\n', ' ')}`)
    this.#configurationChanged()
    this.store({ kind: 'writeConfig', which: 'current', text }, () => undefined)
    this.showConfiguration()
  }

  #configurationChanged(): void {
    this.configurationChanged()
    this.out.configurationChanged(this.config, this.lastSeen)
  }

  /**
   * Puts the configuration in force into its znode, if it is not there, without a transaction: no digest counts it.
   * compat: its version is then -1 and its mzxid the configuration's version.
   * @see `ZKDatabase.initConfigInZKDatabase`
   */
  showConfiguration(): void {
    const { lastZxidHi, lastZxidLo } = this.tree
    const data = Buffer.from(formatConfigText(this.config))
    const node = this.tree.find(CONFIG_PATH)
    if (node === NO_NODE || data.equals(this.tree.data(node) ?? NO_BYTES)) return
    const version = BigInt.asIntN(64, this.config.version)
    const zxidHi = Number(version >> 32n)
    const zxidLo = Number(BigInt.asIntN(32, version))
    const timeHi = highWordOfNumber(this.wallMs)
    const timeLo = lowWordOfNumber(this.wallMs)
    const body = { kind: 'setData', type: 5, path: CONFIG_PATH, data, version: -1 } as const
    const header = { clientIdHi: 0, clientIdLo: 0, cxid: 0, zxidHi, zxidLo, timeHi, timeLo, type: 5 }
    this.tree.apply({ header, body, digest: null }, null)
    this.tree.setLastZxid(lastZxidHi, lastZxidLo)
  }

  /** @param bytes kept: what the transaction holds are views of them */
  decode(bytes: Uint8Array): Txn {
    return decodeTxn(this.#reader.reset(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
  }

  /** Applies a transaction while no client is served. */
  applyQuietly(txn: Txn): void {
    this.tree.apply(txn, null)
    this.digestLog.applied(txn)
    applyToSessions(txn, this.sessions, this.nowMs)
  }
}

export interface MemberParts {
  readonly settings: EnsembleSettings
  readonly tree: DataTree
  readonly sessions: SessionTable
  readonly log: LogBatcher
  readonly snapshotter: Snapshotter
  readonly commitLog: CommitLog
  readonly metrics: Metrics
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  readonly config: EnsembleConfig
  readonly lastSeen: EnsembleConfig | null
  readonly out: EnsembleOutbox
  readonly nowMs: number
}
