import { Fifo } from '../../../collections/fifo.ts'
import type { StatPersisted } from '../../../protocol/generated/data.ts'
import { compareInt64 } from '../../../protocol/int64.ts'
import { Int64Map } from '../../../protocol/int64-map.ts'
import { type DataTree, NO_NODE } from '../../tree/data-tree.ts'
import { emptyStat } from '../../tree/empty-stat.ts'
import type { ChangeRecord } from './change-record.ts'
import { PendingRecords } from './pending-records.ts'

/** The root has two names upstream ("" and "/"); here it has one key. */
function keyOf(path: string): string {
  return path === '/' ? '' : path
}

/**
 * Changes of transactions that are prepared but not yet applied, laid over the tree: what the next request must be
 * checked against. (What `ZooKeeperServer.outstandingChanges` is upstream.)
 */
export class OutstandingChanges {
  readonly #tree: DataTree
  readonly #latest = new PendingRecords()
  readonly #order = new Fifo<ChangeRecord>()
  /** session → path of an ephemeral → the newest pending change that creates or deletes it. */
  readonly #ephemerals = new Int64Map<Map<string, ChangeRecord>>()
  #undo: ChangeUndo[] | null = null
  readonly #ephemeralUndo: EphemeralUndo[] = []

  constructor(tree: DataTree) {
    this.#tree = tree
  }

  /** Number of pending changes. */
  get size(): number {
    return this.#order.size
  }

  /**
   * The newest state of a znode, pending changes included, as a copy that the caller may change and `add`; null if it
   * does not exist then.
   */
  recordFor(path: string): ChangeRecord | null {
    const key = keyOf(path)
    const hash = this.#tree.pathHash(key)
    const pending = this.#latest.get(key, hash)
    if (pending !== undefined) return pending.exists ? copyOfRecord(pending) : null
    const node = this.#tree.find(key)
    if (node === NO_NODE) return null
    const stat = emptyStat()
    this.#tree.readStat(node, stat)
    return {
      path: key,
      zxidHi: 0,
      zxidLo: 0,
      exists: true,
      stat,
      childCount: this.#tree.childCount(node),
      acl: this.#tree.acl(node),
      pathCrc: this.#tree.pathCrc(node),
      prefixCrc: this.#tree.keptPrefixCrc(node),
      digest: this.#tree.nodeDigest(node),
      hash,
      chained: null
    }
  }

  /** Whether a change of the znode, or of its children, is prepared and not applied yet. */
  isPending(path: string): boolean {
    const key = keyOf(path)
    return this.#latest.get(key, this.#tree.pathHash(key)) !== undefined
  }

  /** Whether a znode will exist. */
  exists(path: string): boolean {
    const key = keyOf(path)
    const pending = this.#latest.get(key, this.#tree.pathHash(key))
    return pending !== undefined ? pending.exists : this.#tree.find(key) !== NO_NODE
  }

  /** Makes `record` the newest state of its path. */
  add(record: ChangeRecord): void {
    const previous = this.#latest.set(record)
    this.#undo?.push({ record, previous })
    this.#order.push(record)
  }

  /** The same for a change that creates or deletes an ephemeral of the session that its stat names. */
  addEphemeral(record: ChangeRecord): void {
    this.add(record)
    const { ephemeralOwnerHi: hi, ephemeralOwnerLo: lo } = record.stat
    let changes = this.#ephemerals.get(hi, lo)
    if (changes === undefined) {
      changes = new Map()
      this.#ephemerals.set(hi, lo, changes)
    }
    if (this.#undo !== null)
      this.#ephemeralUndo.push({ changes, path: record.path, previous: changes.get(record.path) })
    changes.set(record.path, record)
  }

  /** Paths of a session's ephemerals once everything pending has been applied. */
  ephemeralsOf(sessionHi: number, sessionLo: number): string[] {
    const changes = this.#ephemerals.get(sessionHi, sessionLo)
    const paths: string[] = []
    for (const path of this.#tree.ephemeralsOf(sessionHi, sessionLo)) if (!changes?.has(path)) paths.push(path)
    if (changes !== undefined) for (const [path, change] of changes) if (change.exists) paths.push(path)
    return paths
  }

  /** From here on changes can be taken back: the operations of one multi. */
  beginMulti(): void {
    this.#undo = []
  }

  commitMulti(): void {
    this.#undo = null
    this.#ephemeralUndo.length = 0
  }

  /** Takes back all changes since `beginMulti`. */
  rollbackMulti(): void {
    const undo = this.#undo ?? []
    this.#undo = null
    // The records stay in the order, where they are harmless: dropping one compares identities.
    for (let entry = undo.pop(); entry !== undefined; entry = undo.pop()) {
      if (entry.previous === undefined) this.#latest.deleteIf(entry.record)
      else this.#latest.set(entry.previous)
    }
    for (let entry = this.#ephemeralUndo.pop(); entry !== undefined; entry = this.#ephemeralUndo.pop()) {
      if (entry.previous === undefined) entry.changes.delete(entry.path)
      else entry.changes.set(entry.path, entry.previous)
    }
  }

  /** Drops what transactions up to this zxid did: the tree shows it now. */
  applied(zxidHi: number, zxidLo: number): void {
    for (let record = this.#order.peek(); record !== undefined; record = this.#order.peek()) {
      if (compareInt64(record.zxidHi, record.zxidLo, zxidHi, zxidLo) > 0) break
      this.#order.shift()
      this.#latest.deleteIf(record)
      this.#forgetEphemeral(record)
    }
  }

  #forgetEphemeral(record: ChangeRecord): void {
    const { ephemeralOwnerHi: hi, ephemeralOwnerLo: lo } = record.stat
    if (hi === 0 && lo === 0) return
    const changes = this.#ephemerals.get(hi, lo)
    if (changes === undefined) return
    if (changes.get(record.path) === record) changes.delete(record.path)
    if (changes.size === 0) this.#ephemerals.delete(hi, lo)
  }
}

/** A change, and what was pending for its path before. */
interface ChangeUndo {
  readonly record: ChangeRecord
  readonly previous: ChangeRecord | undefined
}

/** What a session's changes were to an ephemeral before a change. */
interface EphemeralUndo {
  readonly changes: Map<string, ChangeRecord>
  readonly path: string
  readonly previous: ChangeRecord | undefined
}

/** perf: field by field, since to spread an object takes ten times as long; bench/load, create. */
function copyOfRecord(record: ChangeRecord): ChangeRecord {
  const { path, zxidHi, zxidLo, exists, childCount, acl, pathCrc, prefixCrc, digest, hash } = record
  const stat = copyOfStat(record.stat)
  return { path, zxidHi, zxidLo, exists, stat, childCount, acl, pathCrc, prefixCrc, digest, hash, chained: null }
}

function copyOfStat(stat: StatPersisted): StatPersisted {
  return {
    czxidHi: stat.czxidHi,
    czxidLo: stat.czxidLo,
    mzxidHi: stat.mzxidHi,
    mzxidLo: stat.mzxidLo,
    ctimeHi: stat.ctimeHi,
    ctimeLo: stat.ctimeLo,
    mtimeHi: stat.mtimeHi,
    mtimeLo: stat.mtimeLo,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwnerHi: stat.ephemeralOwnerHi,
    ephemeralOwnerLo: stat.ephemeralOwnerLo,
    pzxidHi: stat.pzxidHi,
    pzxidLo: stat.pzxidLo
  }
}
