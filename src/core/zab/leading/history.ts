import { compareInt64 } from '../../../protocol/int64.ts'
import type { CommitLog, Zxid } from '../commit-log.ts'

/** The committed history of a leader, or of a follower that serves observers: where it ends, and how much of it is in memory. */
export class History {
  readonly commitLog: CommitLog
  /** Last committed transaction: how far the log, in memory and stored, is to be sent to a learner. */
  endHi: number
  endLo: number
  /** Last zxid applied to the tree: the end, or the new epoch with counter 0 before its first transaction. */
  lastProcessedHi: number
  lastProcessedLo: number

  /** @param commitLog is made to end where the history does */
  constructor(commitLog: CommitLog, lastLoggedHi: number, lastLoggedLo: number) {
    commitLog.endAt(lastLoggedHi, lastLoggedLo)
    this.commitLog = commitLog
    this.endHi = lastLoggedHi
    this.endLo = lastLoggedLo
    this.lastProcessedHi = lastLoggedHi
    this.lastProcessedLo = lastLoggedLo
  }

  /** The leader serves: nothing has been committed in this epoch. */
  startEpoch(epoch: number): void {
    this.lastProcessedHi = epoch
    this.lastProcessedLo = 0
  }

  commit(zxidHi: number, zxidLo: number, bytes: Uint8Array): void {
    this.commitLog.add(zxidHi, zxidLo, bytes)
    this.committed(zxidHi, zxidLo)
  }

  /** Something has been committed that the commit log has already. */
  committed(zxidHi: number, zxidLo: number): void {
    this.endHi = this.lastProcessedHi = zxidHi
    this.endLo = this.lastProcessedLo = zxidLo
  }

  /** Zxid that a DIFF promises: the newest committed one. */
  get newest(): Zxid {
    if (this.commitLog.isEmpty) return { hi: this.endHi, lo: this.endLo }
    return { hi: this.commitLog.maxHi, lo: this.commitLog.maxLo }
  }

  /** Whether nothing is committed after this zxid. */
  isAtEnd(zxidHi: number, zxidLo: number): boolean {
    return compareInt64(zxidHi, zxidLo, this.endHi, this.endLo) >= 0
  }

  /** Whether everything committed after this zxid is in memory. */
  isCovered(zxidHi: number, zxidLo: number): boolean {
    if (this.isAtEnd(zxidHi, zxidLo)) return true
    const { minHi, minLo } = this.commitLog
    if (this.commitLog.isEmpty) return false
    // The predecessor of the oldest entry will do too, where its zxid shows that nothing lies between.
    return compareInt64(zxidHi, zxidLo, minHi, minLo) >= 0 || (zxidHi === minHi && zxidLo === ((minLo - 1) | 0))
  }
}
