import { JuteWriter } from 'jute-ts'
import type { SnapshotCursor } from '../tree/snapshot.ts'
import type { PeerState } from './peer-state.ts'

/** Bytes of the snapshot that one step may produce: well under a millisecond's work. */
const SLICE_BYTES_MAX = 64 * 1024

/** What it looks at; `out` is that of the present step. */
export type SnapshotterState = Pick<PeerState, 'tree' | 'sessions' | 'settings' | 'out'>

/** How much of the log has been replayed behind a snapshot. */
export interface ReplayedLog {
  readonly txnCount: number
  /** Of transactions as stored. */
  readonly bytes: number
}

/**
 * Decides when a snapshot is due and produces it, slice by slice, as the shell asks for more. One at a time.
 *
 * A snapshot is due after snapCount/2 + random(snapCount/2) transactions, or after so many log bytes; random, so that
 * the servers of an ensemble do not all write at once. What a start had to replay counts too, and more than half of the
 * interval is a reason for a snapshot at once: so the next start is never much longer than that.
 */
export class Snapshotter {
  readonly #state: SnapshotterState
  readonly #random: () => number
  readonly #writer = new JuteWriter(SLICE_BYTES_MAX * 2)
  #cursor: SnapshotCursor | null = null
  #sessionCount = 0
  #isWriting = false
  #txnCount = 0
  #logBytes = 0
  #dueTxns = 0
  #dueBytes = 0
  #isAsked = false

  /** @param random gives numbers in [0, 1) */
  constructor(state: SnapshotterState, random: () => number, replayed: ReplayedLog) {
    this.#state = state
    this.#random = random
    this.#schedule()
    this.#txnCount = replayed.txnCount
    this.#logBytes = replayed.bytes
    const { snapCount, snapSizeLimitBytes } = state.settings
    const isMuch = snapSizeLimitBytes > 0 && replayed.bytes > snapSizeLimitBytes / 2
    this.#isAsked = isMuch || replayed.txnCount > snapCount / 2
  }

  /** Whether one is being written. */
  get isWriting(): boolean {
    return this.#isWriting
  }

  /** Counts applied transactions. */
  applied(txnCount: number): void {
    this.#txnCount += txnCount
  }

  /** Counts bytes handed to the log. */
  logged(bytes: number): void {
    this.#logBytes += bytes
  }

  /** Makes one due. */
  ask(): void {
    this.#isAsked = true
  }

  /** Begins one if it is due. */
  check(): void {
    if (this.#isWriting) return
    if (this.#isAsked) return this.#begin()
    if (this.#txnCount < this.#dueTxns && (this.#dueBytes === 0 || this.#logBytes < this.#dueBytes)) return
    this.#begin()
  }

  /** Writes the tree as it is in place of everything stored, at once (`EnsembleOutbox.installBegin`). */
  install(installBegin: (zxidHi: number, zxidLo: number) => void): void {
    this.#open(installBegin)
  }

  /** Gives up the snapshot under way: the tree is about to become another. */
  abandon(): void {
    if (!this.#isWriting) return
    this.done()
    this.#state.out.snapshotAbandon()
  }

  #begin(): void {
    this.#open((zxidHi, zxidLo) => this.#state.out.snapshotBegin(zxidHi, zxidLo))
  }

  #open(begin: (zxidHi: number, zxidLo: number) => void): void {
    const { tree, sessions } = this.#state
    const records = sessions.records()
    this.#isAsked = false
    this.#isWriting = true
    this.#sessionCount = records.length
    this.#schedule()
    begin(tree.lastZxidHi, tree.lastZxidLo)
    this.#cursor = tree.openSnapshot(records)
  }

  /** The shell has room for more bytes. */
  pull(bytesMax: number): void {
    const cursor = this.#cursor
    if (cursor === null) return
    const hasMore = cursor.next(this.#writer.reset(), Math.min(bytesMax, SLICE_BYTES_MAX))
    this.#state.out.snapshotChunk(this.#writer.bytes())
    if (hasMore) return
    const { zxidHi, zxidLo, digestHi, digestLo, nodeCount } = cursor
    const sessionCount = this.#sessionCount
    this.#state.out.snapshotEnd({ zxidHi, zxidLo, digestHi, digestLo, nodeCount, sessionCount })
    this.#closeCursor()
  }

  /** The shell has written it, or could not. */
  done(): void {
    this.#closeCursor()
    this.#isWriting = false
  }

  #closeCursor(): void {
    this.#cursor?.close()
    this.#cursor = null
  }

  #schedule(): void {
    const { snapCount, snapSizeLimitBytes } = this.#state.settings
    this.#txnCount = 0
    this.#logBytes = 0
    this.#dueTxns = Math.floor(snapCount / 2 + this.#random() * (snapCount / 2)) + 1
    this.#dueBytes = Math.floor(snapSizeLimitBytes / 2 + this.#random() * (snapSizeLimitBytes / 2))
  }
}
