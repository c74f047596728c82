import type { EnsembleConfig } from '../core/zab/membership/ensemble-config.ts'
import type { Agenda } from './agenda.ts'
import type { Covered } from './coverage.ts'
import type { Dice } from './dice.ts'
import { demand } from './violation.ts'
import { epochOf, showZxid } from './zxid.ts'

/** A transaction as it is stored. */
export interface StoredTxn {
  readonly zxid: number
  readonly bytes: Buffer
}

export interface StoredSnapshot {
  readonly zxid: number
  readonly bytes: Buffer
}

/** What a leader before this simulation has left: a snapshot, and what it has proposed after that. */
export interface FirstState {
  readonly snapshot: StoredSnapshot
  readonly digest: string
  /** Not all servers have all of it. */
  readonly log: readonly StoredTxn[]
}

/** A server's configuration files. */
export interface StoredConfigs {
  /** Of its last start, or in force since. */
  readonly current: EnsembleConfig
  /** One that was proposed; null: none was since the one in force. */
  readonly next: EnsembleConfig | null
}

/** How a disk lies, in a simulation that must find it out. */
export interface DiskFaults {
  /** Batches are called durable when they are handed over. */
  readonly persistsEarly?: boolean
  /** currentEpoch is called durable and is not written. */
  readonly forgetsCurrentEpoch?: boolean
  /** acceptedEpoch is called durable and is not written. */
  readonly forgetsAcceptedEpoch?: boolean
  /** The log is called cut and is not. */
  readonly forgetsTruncation?: boolean
  /** A snapshot counts before the log is durable up to its zxid. */
  readonly cataloguesEarly?: boolean
  /** Configurations that are proposed are called stored and are not. */
  readonly forgetsNextConfig?: boolean
}

/** Something for the log thread: one after the other, in their order. */
interface Operation {
  readonly kind: 'persist' | 'write' | 'read' | 'install'
  /** What of it is durable afterwards, whether or not somebody hears of it. */
  readonly effect: () => void
  readonly answer: () => void
}

const RETRY_FULL_MS = 100
/** Snapshots that are kept, as `autopurge.snapRetainCount` has it. */
const SNAPSHOT_COUNT_MAX = 3

/**
 * What a server has on its disk, and the thread that writes it. What is not durable at a crash is lost, but for a first
 * part of the batches that were being written.
 */
export class SimulatedDisk {
  readonly #agenda: Agenda
  readonly #dice: Dice
  readonly #syncMs: readonly [number, number]
  readonly faults: DiskFaults
  log: StoredTxn[] = []
  /** Zxid after which the log begins. */
  logFloor = 0
  /** Oldest first. */
  snapshots: StoredSnapshot[] = []
  acceptedEpoch = 0
  currentEpoch = 0
  configs: StoredConfigs
  isFull = false
  /** Snapshots cannot be written: the folder that they are in is another disk's, and broken. */
  failsSnapshots = false
  /** Happens while the next snapshot of a leader is being written, once. */
  installBegun: (() => void) | null = null
  /** How much longer than usual everything takes. */
  slowness = 1
  #queue: Operation[] = []
  /** Written, and not to be used before the log has come to them. */
  #waiting: { readonly snapshot: StoredSnapshot; readonly answer: (isDone: boolean) => void }[] = []
  #running: Operation[] = []
  /** The configuration file that is being written, beside everything else. */
  #configWriting: (() => void) | null = null
  readonly #count: (what: Covered) => void
  /** Counts crashes: what was begun before is forgotten. */
  #life = 0

  constructor(
    agenda: Agenda,
    dice: Dice,
    syncMs: readonly [number, number],
    faults: DiskFaults,
    configs: StoredConfigs,
    count: (what: Covered) => void
  ) {
    this.configs = configs
    this.#count = count
    this.#agenda = agenda
    this.#dice = dice
    this.#syncMs = syncMs
    this.faults = faults
  }

  get lastSnapshot(): StoredSnapshot | null {
    return this.snapshots.at(-1) ?? null
  }

  get lastZxid(): number {
    return this.log.at(-1)?.zxid ?? this.logFloor
  }

  /** What is not done yet. */
  get operationCount(): number {
    return this.#queue.length + this.#running.length
  }

  persist(txns: readonly StoredTxn[], answer: () => void): void {
    if (this.faults.persistsEarly === true) {
      this.#agenda.after(0, this.#alive(answer))
      this.#add({ kind: 'persist', effect: () => this.#append(txns), answer: nothing })
    } else this.#add({ kind: 'persist', effect: () => this.#append(txns), answer })
  }

  setAcceptedEpoch(epoch: number, answer: () => void): void {
    const effect = () => {
      if (this.faults.forgetsAcceptedEpoch !== true) this.acceptedEpoch = epoch
    }
    this.#add({ kind: 'write', effect, answer })
  }

  setCurrentEpoch(epoch: number, answer: () => void): void {
    const effect = () => {
      if (this.faults.forgetsCurrentEpoch !== true) this.currentEpoch = epoch
    }
    this.#add({ kind: 'write', effect, answer })
  }

  /** @param answer is told whether there was a snapshot, or a log from the beginning on, to start from */
  truncate(zxid: number, answer: (isPossible: boolean) => void): void {
    let isPossible = true
    const effect = () => {
      isPossible = this.logFloor === 0 || this.snapshots.some((snapshot) => snapshot.zxid <= zxid)
      if (!isPossible || this.faults.forgetsTruncation === true) return
      this.snapshots = this.snapshots.filter((snapshot) => snapshot.zxid <= zxid)
      this.log = this.log.slice(0, this.#countUpTo(zxid))
      this.logFloor = Math.min(this.logFloor, zxid)
    }
    this.#add({ kind: 'write', effect, answer: () => answer(isPossible) })
  }

  /** Something that reads, in its turn. */
  read(answer: () => void): void {
    this.#add({ kind: 'read', effect: nothing, answer })
  }

  /** Replaces a configuration file in one step; the log goes on meanwhile. One at a time. */
  writeConfig(which: 'current' | 'next', config: EnsembleConfig, answer: () => void): void {
    const effect = (): void => {
      this.#configWriting = null
      const { current, next } = this.configs
      if (which === 'current') this.configs = { current: config, next: isNewer(next, config) ? next : null }
      else if (this.faults.forgetsNextConfig !== true) {
        this.configs = { current, next: isNewer(config, current) ? config : null }
      }
    }
    this.#configWriting = effect
    this.#agenda.after(
      this.#dice.within(this.#syncMs) * this.slowness,
      this.#alive(() => {
        effect()
        answer()
      })
    )
  }

  /** Version of the newest configuration that is stored. */
  get configVersion(): bigint {
    return (this.configs.next ?? this.configs.current).version
  }

  /** What there was before the first start. */
  fill({ snapshot }: FirstState, log: readonly StoredTxn[]): void {
    this.snapshots = [snapshot]
    this.log = [...log]
    this.logFloor = snapshot.zxid
    this.acceptedEpoch = this.currentEpoch = epochOf(snapshot.zxid)
  }

  /** A new disk. */
  wipe(configs: StoredConfigs): void {
    this.log = []
    this.logFloor = 0
    this.snapshots = []
    this.acceptedEpoch = 0
    this.currentEpoch = 0
    this.configs = configs
  }

  /** A leader's snapshot takes the place of everything, and the epoch is set, in one step. */
  install(snapshot: StoredSnapshot, currentEpoch: number, answer: (isDone: boolean) => void): void {
    let isDone = true
    const effect = () => {
      isDone = !this.failsSnapshots
      if (!isDone) return this.#count('installsFailed')
      this.snapshots = [snapshot]
      this.log = []
      this.logFloor = snapshot.zxid
      if (this.faults.forgetsCurrentEpoch !== true) this.currentEpoch = currentEpoch
    }
    this.#add({ kind: 'install', effect, answer: () => answer(isDone) })
  }

  /** A snapshot is whole: it counts from when the log is durable up to its zxid. */
  addSnapshot(snapshot: StoredSnapshot, answer: (isDone: boolean) => void): void {
    if (this.failsSnapshots) {
      this.#count('snapshotsFailed')
      return this.#add({ kind: 'read', effect: nothing, answer: () => answer(false) })
    }
    this.#waiting.push({ snapshot, answer })
    this.#add({ kind: 'write', effect: nothing, answer: () => this.#catalogueWaiting() })
  }

  /** Greatest zxid in the log, or its floor, that is not greater; null where the log does not go back so far. */
  find(zxid: number): number | null {
    const count = this.#countUpTo(zxid)
    const found = this.log[count - 1]?.zxid ?? this.logFloor
    return found <= zxid ? found : null
  }

  /** Stored transactions after a zxid; null where the log does not go back so far. */
  after(zxid: number): readonly StoredTxn[] | null {
    return zxid < this.logFloor ? null : this.log.slice(this.#countUpTo(zxid))
  }

  /** Whether the transaction is durable here. */
  has(zxid: number, bytes: Buffer): boolean {
    const found = this.log[this.#countUpTo(zxid) - 1]
    if (found?.zxid === zxid) return found.bytes.equals(bytes)
    return this.logFloor >= zxid && (this.lastSnapshot?.zxid ?? 0) >= zxid
  }

  /** The server's process is gone. */
  crash(): void {
    this.#life++
    const running = this.#running
    if (running[0]?.kind === 'install') this.#count('installsTorn')
    const configWriting = this.#configWriting
    this.#configWriting = null
    if (configWriting !== null && this.#dice.chance(0.5)) configWriting()
    this.#running = []
    this.#queue = []
    this.#waiting = []
    // Of batches that share a sync, the first ones may be there; anything else happens as a whole or not at all.
    const done = this.#dice.below(running.length + 1)
    for (const { effect } of running.slice(0, done)) effect()
  }

  #add(operation: Operation): void {
    this.#queue.push(operation)
    if (this.#running.length === 0) this.#begin()
  }

  #begin(): void {
    const [first] = this.#queue
    if (first === undefined) return
    if (this.isFull && first.kind !== 'read') {
      this.#running = []
      this.#agenda.after(
        RETRY_FULL_MS,
        this.#alive(() => {
          if (this.#running.length === 0) this.#begin()
        })
      )
      return
    }
    this.#running = [first]
    let count = 1
    while (first.kind === 'persist' && this.#queue[count]?.kind === 'persist') {
      this.#running.push(this.#queue[count] as Operation) // just looked at
      count++
    }
    this.#queue.splice(0, count)
    const delayMs = this.#dice.within(this.#syncMs) * this.slowness * (first.kind === 'read' ? 0.3 : 1)
    if (first.kind === 'install') this.#installs(delayMs)
    this.#agenda.after(
      delayMs,
      this.#alive(() => this.#finish())
    )
  }

  #installs(delayMs: number): void {
    const { installBegun } = this
    this.installBegun = null
    if (installBegun !== null) this.#agenda.after(delayMs * this.#dice.next(), this.#alive(installBegun))
  }

  #finish(): void {
    const done = this.#running
    this.#running = []
    for (const { effect } of done) effect()
    for (const { answer } of done) answer()
    if (this.#waiting.length > 0) this.#catalogueWaiting()
    if (this.#running.length === 0) this.#begin()
  }

  #append(txns: readonly StoredTxn[]): void {
    for (const txn of txns) {
      const last = this.lastZxid
      demand(txn.zxid > last, 'log order', () => `${showZxid(txn.zxid)} is appended behind ${showZxid(last)}`)
      this.log.push(txn)
    }
  }

  #catalogueWaiting(): void {
    const [first] = this.#waiting
    if (first === undefined) return
    if (first.snapshot.zxid > this.lastZxid && this.faults.cataloguesEarly !== true) return
    this.#waiting.shift()
    const { snapshot, answer } = first
    if (snapshot.zxid > (this.lastSnapshot?.zxid ?? 0)) {
      this.snapshots.push(snapshot)
      this.#count('snapshotsTaken')
      if (this.snapshots.length > SNAPSHOT_COUNT_MAX) this.snapshots.shift()
      if (this.#dice.chance(0.5)) this.#purge()
    }
    answer(true)
  }

  /** What is older than the oldest snapshot goes. */
  #purge(): void {
    const [oldest] = this.snapshots
    if (oldest === undefined) return
    const count = this.#countUpTo(oldest.zxid)
    if (count === 0) return
    this.#count('logPurges')
    this.logFloor = this.log[count - 1]?.zxid ?? this.logFloor
    this.log = this.log.slice(count)
  }

  #countUpTo(zxid: number): number {
    let low = 0
    let high = this.log.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.log[middle]?.zxid ?? 0) <= zxid) low = middle + 1
      else high = middle
    }
    return low
  }

  #alive(run: () => void): () => void {
    const life = this.#life
    return () => {
      if (life === this.#life) run()
    }
  }
}

function isNewer(one: EnsembleConfig | null, other: EnsembleConfig): one is EnsembleConfig {
  return one !== null && one.version > other.version
}

function nothing(): void {
  // Nobody waits for it.
}
