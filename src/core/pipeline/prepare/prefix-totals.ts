import { Fifo } from '../../../collections/fifo.ts'
import { compareInt64 } from '../../../protocol/int64.ts'
import type { TxnBody } from '../../../protocol/txn.ts'
import { enclosing } from '../../tree/counted-subtrees.ts'
import { type DataTree, NO_NODE } from '../../tree/data-tree.ts'
import type { PrefixLimitSettings } from '../prefix-limit.ts'

/** A limit that a write would exceed. */
export interface PrefixBreach {
  readonly limit: PrefixLimitSettings
  readonly what: 'znodes' | 'bytes'
  readonly max: number
  readonly wouldBe: number
}

/** A prefix, and what is prepared below it and not applied. */
interface LimitedPrefix {
  readonly limit: PrefixLimitSettings
  count: number
  bytes: number
}

/** What a prepared operation does to a znode. */
interface PendingChange {
  readonly path: string
  readonly zxidHi: number
  readonly zxidLo: number
  /** Of its data afterwards; null once it is deleted. */
  readonly length: number | null
  readonly countDiff: number
  readonly bytesDiff: number
  /** The change of the same znode before. */
  readonly previous: PendingChange | undefined
}

/**
 * Limits on znodes and bytes by prefix (`prefixLimit.NAME`), held against the tree as it will be when all that is prepared
 * has been applied. The applied totals are the tree's (`CountedSubtrees`), what is under way is added here.
 *
 * Every prefix at or above a znode counts. The limits are those of the server that orders the writes; what it refuses is an
 * error in the log, so the others need not know why.
 */
export class PrefixTotals {
  readonly #tree: DataTree
  readonly #prefixes: ReadonlyMap<string, LimitedPrefix>
  readonly #exceeded: (breach: PrefixBreach) => void
  readonly #order = new Fifo<PendingChange>()
  /** The newest change of each znode. */
  readonly #latest = new Map<string, PendingChange>()
  /** Changes of the multi that is being prepared. */
  #multi: PendingChange[] | null = null

  /**
   * @param limits   those with a limit on znodes or bytes
   * @param exceeded is told of each write that is refused
   */
  constructor(tree: DataTree, limits: readonly PrefixLimitSettings[], exceeded: (breach: PrefixBreach) => void) {
    this.#tree = tree
    this.#prefixes = new Map(limits.map((limit) => [limit.path, { limit, count: 0, bytes: 0 }]))
    this.#exceeded = exceeded
    tree.countSubtrees(limits.map(({ path }) => path))
  }

  /** Whether creating a znode with so many bytes would exceed a limit. */
  refusesCreate(path: string, bytes: number): boolean {
    return this.#refuses(path, 1, bytes)
  }

  /** Whether giving a znode so many bytes would exceed a limit: never if it has as many. */
  refusesSet(path: string, bytes: number): boolean {
    return this.#refuses(path, 0, bytes - (this.#lengthOf(path) ?? 0))
  }

  /** The operations of a multi follow, each prepared with those before it. */
  beginMulti(): void {
    this.#dropApplied()
    this.#multi = []
  }

  /** An operation of the multi is prepared. */
  preparedInMulti(body: TxnBody, zxidHi: number, zxidLo: number): void {
    this.#take(body, zxidHi, zxidLo)
  }

  /** Forgets the operations of the multi: it comes as a whole, if it comes. */
  endMulti(): void {
    const changes = this.#multi ?? []
    this.#multi = null
    for (let change = changes.pop(); change !== undefined; change = changes.pop()) {
      this.#add(change, -1)
      if (change.previous === undefined) this.#latest.delete(change.path)
      else this.#latest.set(change.path, change.previous)
    }
  }

  /** A transaction has got its place in the order. */
  proposed(body: TxnBody, zxidHi: number, zxidLo: number): void {
    this.#dropApplied()
    this.#take(body, zxidHi, zxidLo)
  }

  #refuses(path: string, countDiff: number, bytesDiff: number): boolean {
    this.#dropApplied()
    for (const { limit, count, bytes } of enclosing(this.#prefixes, path)) {
      const applied = this.#tree.countedTotals(limit.path)
      const znodes = (applied?.count ?? 0) + count + countDiff
      const total = (applied?.bytes ?? 0) + bytes + bytesDiff
      if (this.#isOver(limit, 'znodes', limit.znodesMax, znodes, countDiff)) return true
      if (this.#isOver(limit, 'bytes', limit.bytesMax, total, bytesDiff)) return true
    }
    return false
  }

  #isOver(
    limit: PrefixLimitSettings,
    what: PrefixBreach['what'],
    max: number | null,
    wouldBe: number,
    diff: number
  ): boolean {
    if (max === null || diff <= 0 || wouldBe <= max) return false
    this.#exceeded({ limit, what, max, wouldBe })
    return true
  }

  #take(body: TxnBody, zxidHi: number, zxidLo: number): void {
    switch (body.kind) {
      case 'create':
      case 'setData':
        return this.#change(body.path, body.data?.length ?? 0, zxidHi, zxidLo)
      case 'delete':
        return this.#change(body.path, null, zxidHi, zxidLo)
      case 'closeSession':
        for (const path of body.paths ?? []) this.#change(path, null, zxidHi, zxidLo)
        return
      case 'multi':
        if (body.operations.some(({ kind }) => kind === 'error')) return
        for (const operation of body.operations) this.#take(operation, zxidHi, zxidLo)
        return
      default:
    }
  }

  #change(path: string, length: number | null, zxidHi: number, zxidLo: number): void {
    if (enclosing(this.#prefixes, path).next().done) return
    const before = this.#lengthOf(path)
    const countDiff = (length === null ? 0 : 1) - (before === null ? 0 : 1)
    const bytesDiff = (length ?? 0) - (before ?? 0)
    const previous = this.#latest.get(path)
    const change = {
      path,
      zxidHi,
      zxidLo,
      length,
      countDiff,
      bytesDiff,
      previous: this.#multi === null ? undefined : previous
    }
    this.#latest.set(path, change)
    this.#add(change, 1)
    if (this.#multi === null) this.#order.push(change)
    else this.#multi.push(change)
  }

  #add({ path, countDiff, bytesDiff }: PendingChange, sign: 1 | -1): void {
    for (const prefix of enclosing(this.#prefixes, path)) {
      prefix.count += sign * countDiff
      prefix.bytes += sign * bytesDiff
    }
  }

  /** Bytes that a znode will have; null where there will be none. */
  #lengthOf(path: string): number | null {
    const pending = this.#latest.get(path)
    if (pending !== undefined) return pending.length
    const node = this.#tree.find(path)
    return node === NO_NODE ? null : this.#tree.dataLength(node)
  }

  /** What the tree shows is in its totals. */
  #dropApplied(): void {
    const { lastZxidHi, lastZxidLo } = this.#tree
    for (let change = this.#order.peek(); change !== undefined; change = this.#order.peek()) {
      if (compareInt64(change.zxidHi, change.zxidLo, lastZxidHi, lastZxidLo) > 0) return
      this.#order.shift()
      this.#add(change, -1)
      if (this.#latest.get(change.path) === change) this.#latest.delete(change.path)
    }
  }
}
