import { JuteReader, JuteWriter } from 'jute-ts'
import type { StorageRequest } from '../core/ensemble/ensemble-outbox.ts'
import type { InputBatch } from '../core/input-batch.ts'
import type { PersistBatch, SnapshotSummary } from '../core/outbox.ts'
import { applyToSessions } from '../core/session/follow-txn.ts'
import type { SessionTable } from '../core/session/session-table.ts'
import type { StorageAnswer } from '../core/storage-answer.ts'
import type { DataTree } from '../core/tree/data-tree.ts'
import type { CommitLog } from '../core/zab/commit-log.ts'
import { parseConfigText } from '../core/zab/membership/config-text.ts'
import { highWordOfNumber, lowWordOfNumber } from '../protocol/int64.ts'
import { decodeTxn } from '../protocol/txn.ts'
import type { Agenda } from './agenda.ts'
import type { Dice } from './dice.ts'
import type { SimulatedDisk, StoredTxn } from './disk.ts'
import { emptySnapshot } from './first-state.ts'
import { zxidOf } from './zxid.ts'

const SNAPSHOT_PULL_BYTES = 4096

/** The process whose storage it is. */
export interface StorageHost {
  readonly isUp: boolean
  /** Of the next step. */
  readonly inputs: InputBatch
  readonly nowMs: number
  wake(): void
}

/** What comes from the simulation, beside the disk. */
interface StorageWorld {
  readonly agenda: Agenda
  readonly dice: Dice
}

/** What a server's process asks of its disk: the storage's half of the outbox, whose answers are inputs. */
export class ServerStorage {
  readonly #host: StorageHost
  readonly #agenda: Agenda
  readonly #dice: Dice
  readonly #disk: SimulatedDisk
  readonly #tree: DataTree
  readonly #sessions: SessionTable
  #snapshotParts: Buffer[] = []
  /** Counts snapshots begun: answers of those given up are not for the one under way. */
  #snapshotCount = 0
  #installEpoch: number | null = null
  /** What the storage was asked for and has not begun. */
  readonly #requests: StorageRequest[] = []
  #requestCount = 0
  #isConfigWriting = false

  constructor(host: StorageHost, world: StorageWorld, disk: SimulatedDisk, tree: DataTree, sessions: SessionTable) {
    this.#host = host
    this.#agenda = world.agenda
    this.#dice = world.dice
    this.#disk = disk
    this.#tree = tree
    this.#sessions = sessions
  }

  /** Tree and sessions become what snapshot and log say. @returns how much of the log it took */
  load(commitLog: CommitLog | null): number {
    const { lastSnapshot, log } = this.#disk
    if (lastSnapshot !== null) {
      const loader = this.#tree.loadSnapshot(highWordOfNumber(lastSnapshot.zxid), lowWordOfNumber(lastSnapshot.zxid))
      loader.push(lastSnapshot.bytes)
      this.#sessions.restore(loader.sessions, this.#host.nowMs)
    }
    let count = 0
    for (const { zxid, bytes } of log) {
      if (zxid <= (lastSnapshot?.zxid ?? 0)) continue
      const txn = decodeTxn(new JuteReader(bytes, bytes.length))
      this.#tree.apply(txn, null)
      applyToSessions(txn, this.#sessions, this.#host.nowMs)
      commitLog?.add(txn.header.zxidHi, txn.header.zxidLo, bytes)
      count++
    }
    return count
  }

  persist(sequence: number, { body }: PersistBatch): void {
    const bytes = Buffer.from(body)
    const txns: StoredTxn[] = []
    for (let offset = 0; offset < bytes.length; ) {
      const end = offset + 4 + bytes.readInt32BE(offset)
      const txn = bytes.subarray(offset + 4, end)
      txns.push({ zxid: zxidOf(txn.readInt32BE(12), txn.readInt32BE(16)), bytes: txn })
      offset = end
    }
    this.#disk.persist(
      txns,
      this.#answer(() => this.#host.inputs.pushPersisted(sequence))
    )
  }

  snapshotBegin(): void {
    this.#beginSnapshot(null)
  }

  installBegin(_zxidHi: number, _zxidLo: number, currentEpoch: number): void {
    this.#beginSnapshot(currentEpoch)
  }

  snapshotChunk(bytes: Uint8Array): void {
    this.#snapshotParts.push(Buffer.from(bytes))
    this.#pull()
  }

  snapshotEnd({ zxidHi, zxidLo }: SnapshotSummary): void {
    const disk = this.#disk
    const snapshot = { zxid: zxidOf(zxidHi, zxidLo), bytes: Buffer.concat(this.#snapshotParts) }
    const count = this.#snapshotCount
    const done = (isDone: boolean): void => {
      if (!this.#host.isUp || count !== this.#snapshotCount) return
      this.#host.inputs.pushSnapshotDone(isDone)
      this.#host.wake()
    }
    if (this.#installEpoch === null) disk.addSnapshot(snapshot, done)
    else disk.install(snapshot, this.#installEpoch, done)
  }

  snapshotAbandon(): void {
    this.#snapshotParts = []
    this.#snapshotCount++
  }

  store(request: StorageRequest): void {
    this.#requests.push(request)
    this.#beginRequests()
  }

  /** Configuration files are written by themselves: all before must be done, and nothing behind has begun. */
  #beginRequests(): void {
    for (let next = this.#requests[0]; next !== undefined && !this.#isConfigWriting; next = this.#requests[0]) {
      if (next.kind === 'writeConfig' && this.#requestCount > 0) return
      this.#requests.shift()
      this.#requestCount++
      this.#isConfigWriting = next.kind === 'writeConfig'
      this.#begin(next)
    }
  }

  #stored(id: number, answer: StorageAnswer): void {
    this.#host.inputs.pushStored(id, answer)
    this.#requestCount--
    this.#isConfigWriting = false
    this.#beginRequests()
  }

  #begin(request: StorageRequest): void {
    const disk = this.#disk
    const { id } = request
    const done = this.#answer(() => this.#stored(id, { kind: 'done' }))
    switch (request.kind) {
      case 'setAcceptedEpoch':
        return disk.setAcceptedEpoch(request.epoch, done)
      case 'setCurrentEpoch':
        return disk.setCurrentEpoch(request.epoch, done)
      case 'truncate':
        return disk.truncate(zxidOf(request.zxidHi, request.zxidLo), (isPossible) => {
          if (!this.#host.isUp) return
          if (isPossible) this.#reload()
          this.#stored(id, { kind: isPossible ? 'done' : 'impossible' })
          this.#host.wake()
        })
      case 'reload':
        return disk.read(
          this.#answer(() => {
            this.#reload()
            this.#stored(id, { kind: 'done' })
          })
        )
      case 'findInLog':
        return disk.read(this.#answer(() => this.#find(id, zxidOf(request.zxidHi, request.zxidLo))))
      case 'readLog':
        return disk.read(
          this.#answer(() => this.#readLog(id, zxidOf(request.afterHi, request.afterLo), request.bytesMax))
        )
      case 'writeConfig':
        return disk.writeConfig(request.which, parseConfigText(request.text), done)
      default:
        request satisfies never
    }
  }

  #beginSnapshot(installEpoch: number | null): void {
    this.#snapshotParts = []
    this.#snapshotCount++
    this.#installEpoch = installEpoch
    this.#pull()
  }

  #pull(): void {
    const count = this.#snapshotCount
    this.#agenda.after(this.#dice.next() * 3, () => {
      if (!this.#host.isUp || count !== this.#snapshotCount) return
      this.#host.inputs.pushSnapshotPull(SNAPSHOT_PULL_BYTES)
      this.#host.wake()
    })
  }

  #answer(push: () => void): () => void {
    return () => {
      if (!this.#host.isUp) return
      push()
      this.#host.wake()
    }
  }

  #find(id: number, zxid: number): void {
    const found = this.#disk.find(zxid)
    this.#stored(
      id,
      found === null
        ? { kind: 'nothing' }
        : { kind: 'zxid', zxidHi: highWordOfNumber(found), zxidLo: lowWordOfNumber(found) }
    )
  }

  #readLog(id: number, after: number, bytesMax: number): void {
    const writer = new JuteWriter(1024)
    let last = 0
    for (const { zxid, bytes } of this.#disk.after(after) ?? []) {
      if (last > 0 && writer.offset + bytes.length > bytesMax) break
      writer.writeBuffer(bytes)
      last = zxid
    }
    if (last === 0) this.#stored(id, { kind: 'nothing' })
    else {
      const lastZxidHi = highWordOfNumber(last)
      this.#stored(id, {
        kind: 'slice',
        lastZxidHi,
        lastZxidLo: lowWordOfNumber(last),
        body: writer.bytes()
      })
    }
  }

  #reload(): void {
    this.#sessions.clear()
    if (this.#disk.lastSnapshot === null) {
      this.#tree.loadSnapshot(0, 0).push(emptySnapshot())
    }
    this.load(null)
  }
}
