/** What was written in a part of the log, added up by session and by subtree. */

/** What a session did. */
export interface SessionTotals {
  readonly idHi: number
  readonly idLo: number
  /** Null where this part of the log does not have it. */
  createdMs: number | null
  closedMs: number | null
  timeoutMs: number | null
  firstMs: number
  lastMs: number
  txnCount: number
  creates: number
  changes: number
  deletes: number
  errors: number
  /** Of data that was written. */
  bytes: number
}

/** What happened at a path, or below it. */
export interface PathTotals {
  writes: number
  bytes: number
  creates: number
  deletes: number
}

/** Totals of sessions by their id; each has a number, in the order of arrival. */
export class SessionTable {
  readonly all: SessionTotals[] = []
  readonly #numbers = new Map<number, Map<number, number>>()

  /** The number of a session; a new one begins with `timeMs`. */
  numberOf(idHi: number, idLo: number, timeMs: number): number {
    const known = this.#numbers.get(idHi)?.get(idLo)
    if (known !== undefined) return known
    return this.#enter({
      idHi,
      idLo,
      createdMs: null,
      closedMs: null,
      timeoutMs: null,
      firstMs: timeMs,
      lastMs: timeMs,
      txnCount: 0,
      creates: 0,
      changes: 0,
      deletes: 0,
      errors: 0,
      bytes: 0
    })
  }

  /** Adds what a session did later than all that is here of it. The table keeps the object, and changes it. */
  add(later: SessionTotals): void {
    const sum = this.all[this.#numbers.get(later.idHi)?.get(later.idLo) ?? -1]
    if (sum === undefined) {
      this.#enter(later)
      return
    }
    sum.createdMs ??= later.createdMs
    sum.closedMs = later.closedMs ?? sum.closedMs
    sum.timeoutMs ??= later.timeoutMs
    sum.firstMs = Math.min(sum.firstMs, later.firstMs)
    sum.lastMs = Math.max(sum.lastMs, later.lastMs)
    sum.txnCount += later.txnCount
    sum.creates += later.creates
    sum.changes += later.changes
    sum.deletes += later.deletes
    sum.errors += later.errors
    sum.bytes += later.bytes
  }

  #enter(totals: SessionTotals): number {
    const number = this.all.push(totals) - 1
    const byLo = this.#numbers.get(totals.idHi)
    if (byLo === undefined) this.#numbers.set(totals.idHi, new Map([[totals.idLo, number]]))
    else byLo.set(totals.idLo, number)
    return number
  }
}

export function addPathTotals(sum: PathTotals, more: PathTotals): void {
  sum.writes += more.writes
  sum.bytes += more.bytes
  sum.creates += more.creates
  sum.deletes += more.deletes
}

/** Levels below the root, which has 0. */
export function depthOf(path: string): number {
  if (path === '/') return 0
  let depth = 0
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) depth++
  return depth
}
