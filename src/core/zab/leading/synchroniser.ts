import { JuteReader } from 'jute-ts'
import { compareInt64, toHex } from '../../../protocol/int64.ts'
import type { Zxid } from '../commit-log.ts'
import { PacketType, SNAPSHOT_SIGNATURE } from '../packet-type.ts'
import type { History } from './history.ts'
import type { LearnerSource, LogSlice, SnapshotSource } from './leading-host.ts'
import { SYNC_SLICE_BYTES, type SyncSettings } from './leading-settings.ts'
import type { Learner } from './learner.ts'
import { decideFromLog, decideFromMemory, isHere, type SyncDecision } from './sync-decision.ts'
import { SyncSlots } from './sync-slots.ts'

/** Where the zxid is in a transaction: behind the session and the cxid of its header. */
const TXN_ZXID_OFFSET = 12

/** What a synchronisation waits for. */
type Waiting =
  | 'nothing'
  /** `logFound`: where the learner's log meets the stored one. */
  | 'find'
  /** `logRead`: whether the next stored transaction is of the learner's epoch. */
  | 'next'
  /** `logRead`: what comes next. */
  | 'slice'
  /** `linkDrained`: the last slice is still being sent. */
  | 'drain'
  /** The next tick: no snapshot could be opened, or the stored log had no more yet. */
  | 'tick'

/** One learner's synchronisation. */
interface Sync {
  readonly learner: Learner
  readonly last: Zxid
  waiting: Waiting
  /** Of the answer waited for. */
  request: number
  floor: Zxid | null
  slots: SyncSlots | null
  source: SnapshotSource | null
  /** Whether the learner still needs a snapshot that could not be opened. */
  needsSnapshot: boolean
  /** Up to where the learner has the history; from here on it is brought up. */
  cursorHi: number
  cursorLo: number
}

/** What comes of synchronisations. */
export interface SynchroniserEvents {
  /** The learner has everything committed up to the zxid: from here on it takes part in what is live. */
  synchronised(learner: Learner, zxidHi: number, zxidLo: number): void
  refused(learner: Learner, reason: string): void
}

/**
 * Brings learners up to the leader's history by DIFF, TRUNC or SNAP (quorum-protocol section 8), in slices: the next one is
 * written when the last one has been sent. Whatever is committed meanwhile is not queued for the learner; it comes from the
 * commit log in its turn, or from the stored log when it has left that, until the learner has met the end.
 */
export class Synchroniser {
  readonly #host: LearnerSource
  readonly #settings: SyncSettings
  readonly #history: History
  readonly #events: SynchroniserEvents
  readonly #snapSlots: SyncSlots
  readonly #diffSlots: SyncSlots
  readonly #syncs = new Map<Learner, Sync>()
  readonly #requests = new Map<number, Sync>()
  #lastRequest = 0

  constructor(host: LearnerSource, settings: SyncSettings, history: History, events: SynchroniserEvents) {
    this.#host = host
    this.#settings = settings
    this.#history = history
    this.#events = events
    this.#snapSlots = new SyncSlots(settings.maxConcurrentSnapSyncs)
    this.#diffSlots = new SyncSlots(settings.maxConcurrentDiffSyncs)
  }

  /** Starts with a learner whose log ends at its `lastLogged`. `end` is needed when it has acknowledged or is gone. */
  begin(learner: Learner): void {
    const last = { hi: learner.lastLoggedHi, lo: learner.lastLoggedLo }
    const sync: Sync = {
      learner,
      last,
      waiting: 'nothing',
      request: 0,
      floor: null,
      slots: null,
      source: null,
      needsSnapshot: false,
      cursorHi: last.hi,
      cursorLo: last.lo
    }
    this.#syncs.set(learner, sync)
    this.#follow(sync, decideFromMemory(last, this.#history, this.#settings))
  }

  /** The learner has acknowledged NEWLEADER, or is gone. */
  end(learner: Learner): void {
    const sync = this.#syncs.get(learner)
    if (sync === undefined) return
    this.#syncs.delete(learner)
    this.#requests.delete(sync.request)
    this.#release(sync)
    sync.source?.close()
    sync.source = null
  }

  logFound(request: number, zxid: Zxid | null): void {
    const sync = this.#answered(request)
    if (sync === null) return
    sync.floor = zxid
    if (zxid === null || isHere(sync.last, zxid)) {
      this.#follow(sync, decideFromLog(sync.last, zxid, null, this.#history))
    } else {
      this.#read(sync, 'next', sync.last.hi, sync.last.lo, 1)
    }
  }

  logRead(request: number, slice: LogSlice | null): void {
    const sync = this.#answered(request)
    if (sync === null) return
    if (sync.waiting === 'next') {
      const next = slice === null ? null : firstZxid(slice)
      this.#follow(sync, decideFromLog(sync.last, sync.floor, next, this.#history))
    } else if (slice !== null && this.#writeStored(sync, slice)) {
      this.#catchUp(sync)
    } else {
      // What is missing is committed, but not yet in this server's own log: it comes, or the learner's time runs out.
      sync.waiting = 'tick'
    }
  }

  /** @returns whether the learner was waiting for it: it makes progress */
  drained(learner: Learner): boolean {
    const sync = this.#syncs.get(learner)
    if (sync === undefined || sync.waiting !== 'drain') return false
    this.#goOn(sync)
    return true
  }

  /** Tries again what could not be done before. */
  tick(): void {
    for (const sync of [...this.#syncs.values()]) {
      if (sync.waiting === 'tick') this.#goOn(sync)
    }
  }

  #goOn(sync: Sync): void {
    if (sync.needsSnapshot) this.#openSnapshot(sync)
    else if (sync.source !== null) this.#streamSnapshot(sync, sync.source)
    else this.#catchUp(sync)
  }

  #answered(request: number): Sync | null {
    const sync = this.#requests.get(request) ?? null
    this.#requests.delete(request)
    return sync
  }

  #follow(sync: Sync, decision: SyncDecision): void {
    const { learner } = sync
    switch (decision.kind) {
      case 'diff':
        if (!this.#take(sync, this.#diffSlots)) return
        learner.send(PacketType.diff, decision.zxid.hi, decision.zxid.lo, null)
        this.#catchUp(sync)
        return
      case 'trunc':
        if (!this.#take(sync, this.#diffSlots)) return
        learner.send(PacketType.trunc, decision.zxid.hi, decision.zxid.lo, null)
        sync.cursorHi = decision.zxid.hi
        sync.cursorLo = decision.zxid.lo
        this.#catchUp(sync)
        return
      case 'snap':
        if (this.#take(sync, this.#snapSlots)) this.#openSnapshot(sync)
        return
      case 'log':
        sync.waiting = 'find'
        sync.request = ++this.#lastRequest
        this.#requests.set(sync.request, sync)
        this.#host.findInLog(sync.request, sync.last.hi, sync.last.lo)
        return
      default:
        decision satisfies never
    }
  }

  #take(sync: Sync, slots: SyncSlots): boolean {
    if (!slots.take(!sync.learner.isObserver)) {
      this.#events.refused(sync.learner, 'too many observers are being synchronised')
      return false
    }
    sync.slots = slots
    this.#host.meter?.syncsChanged(this.#wayOf(slots), slots.count, true)
    return true
  }

  #release({ slots }: Sync): void {
    if (slots === null) return
    slots.release()
    this.#host.meter?.syncsChanged(this.#wayOf(slots), slots.count, false)
  }

  #wayOf(slots: SyncSlots): 'snap' | 'diff' {
    return slots === this.#snapSlots ? 'snap' : 'diff'
  }

  #openSnapshot(sync: Sync): void {
    const source = this.#host.openSnapshot()
    // What the tree does not hold yet must follow from memory: the stored log may not have it.
    if (source === null || !this.#history.isCovered(source.zxidHi, source.zxidLo)) {
      source?.close()
      sync.needsSnapshot = true
      sync.waiting = 'tick'
      return
    }
    sync.needsSnapshot = false
    sync.source = source
    sync.cursorHi = source.zxidHi
    sync.cursorLo = source.zxidLo
    sync.learner.send(PacketType.snap, source.zxidHi, source.zxidLo, null)
    this.#host.log('info', `sending a snapshot to ${sync.learner.name}`)
    this.#streamSnapshot(sync, source)
  }

  #streamSnapshot(sync: Sync, source: SnapshotSource): void {
    let hasMore = true
    while (hasMore) {
      if (this.#isSliceUnsent(sync)) return
      const writer = this.#host.linkWriter(sync.learner.link)
      const start = writer.offset
      hasMore = source.next(writer, SYNC_SLICE_BYTES)
      if (!hasMore) writer.writeString(SNAPSHOT_SIGNATURE)
      sync.learner.wrote(writer.offset - start)
    }
    source.close()
    sync.source = null
    this.#catchUp(sync)
  }

  /** Writes what is committed after the cursor, as far as the last slices have been sent. */
  #catchUp(sync: Sync): void {
    while (!this.#history.isAtEnd(sync.cursorHi, sync.cursorLo)) {
      if (this.#isSliceUnsent(sync)) return
      if (!this.#history.isCovered(sync.cursorHi, sync.cursorLo)) {
        this.#read(sync, 'slice', sync.cursorHi, sync.cursorLo, SYNC_SLICE_BYTES)
        return
      }
      this.#writeFromMemory(sync)
    }
    sync.waiting = 'nothing'
    this.#events.synchronised(sync.learner, sync.cursorHi, sync.cursorLo)
  }

  /** Writes a slice of what is in memory. @throws Error if nothing is there after the cursor: our own mistake */
  #writeFromMemory(sync: Sync): void {
    const { cursorHi, cursorLo } = sync
    this.#history.commitLog.forEachAfter(cursorHi, cursorLo, (zxidHi, zxidLo, bytes) => {
      this.#writeCommitted(sync, zxidHi, zxidLo, bytes)
      return sync.learner.unsentBytes < SYNC_SLICE_BYTES
    })
    if (sync.cursorHi === cursorHi && sync.cursorLo === cursorLo) {
      throw new Error(`the commit log ends at 0x${toHex(cursorHi, cursorLo)}, before what is committed`)
    }
  }

  #isSliceUnsent(sync: Sync): boolean {
    if (sync.learner.unsentBytes < SYNC_SLICE_BYTES) return false
    sync.waiting = 'drain'
    sync.learner.awaitDrained()
    return true
  }

  #read(sync: Sync, waiting: Waiting, afterHi: number, afterLo: number, bytesMax: number): void {
    sync.waiting = waiting
    sync.request = ++this.#lastRequest
    this.#requests.set(sync.request, sync)
    this.#host.readLog(sync.request, afterHi, afterLo, bytesMax)
  }

  /** @returns whether there was something for the learner. What is stored and not committed is left out. */
  #writeStored(sync: Sync, slice: LogSlice): boolean {
    const { cursorHi, cursorLo } = sync
    const reader = sliceReader(slice)
    while (reader.remaining > 0 && !this.#history.isAtEnd(sync.cursorHi, sync.cursorLo)) {
      const txn = reader.readBuffer('LogSlice.body')
      if (txn === null) throw new Error('a slice of the log holds no transaction where one should be')
      const { hi, lo } = zxidOf(txn)
      if (compareInt64(hi, lo, sync.cursorHi, sync.cursorLo) <= 0) continue
      if (compareInt64(hi, lo, this.#history.endHi, this.#history.endLo) > 0) break
      this.#writeCommitted(sync, hi, lo, txn)
    }
    return sync.cursorHi !== cursorHi || sync.cursorLo !== cursorLo
  }

  /** Observers get the pair too while they are brought up. */
  #writeCommitted(sync: Sync, zxidHi: number, zxidLo: number, bytes: Uint8Array): void {
    sync.learner.send(PacketType.proposal, zxidHi, zxidLo, bytes)
    sync.learner.send(PacketType.commit, zxidHi, zxidLo, null)
    sync.cursorHi = zxidHi
    sync.cursorLo = zxidLo
  }
}

function firstZxid(slice: LogSlice): Zxid | null {
  const reader = sliceReader(slice)
  const txn = reader.remaining > 0 ? reader.readBuffer('LogSlice.body') : null
  return txn === null ? null : zxidOf(txn)
}

function sliceReader(slice: LogSlice): JuteReader {
  const { body } = slice
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  return new JuteReader(bytes, bytes.length)
}

function zxidOf(txn: Uint8Array): Zxid {
  const view = Buffer.from(txn.buffer, txn.byteOffset, txn.length)
  return { hi: view.readInt32BE(TXN_ZXID_OFFSET), lo: view.readInt32BE(TXN_ZXID_OFFSET + 4) }
}
