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

/** Adds to what is at the path; a new entry is a copy. */
export function addAt(sums: Map<string, PathTotals>, path: string, more: PathTotals): void {
  const sum = sums.get(path)
  // perf: spread takes several times as long.
  if (sum === undefined) {
    const { writes, bytes, creates, deletes } = more
    sums.set(path, { writes, bytes, creates, deletes })
    return
  }
  addPathTotals(sum, more)
}

/** What happened at and below every path that something happened below, down to a depth; the root is `/`. */
export function subtreeTotals(
  paths: readonly string[],
  totals: readonly PathTotals[],
  depthMax: number
): Map<string, PathTotals> {
  const below = new Map<string, PathTotals>()
  for (const [id, path] of paths.entries()) {
    const own = totals[id]
    if (own !== undefined) addAt(below, ancestorWithin(path, depthMax), own)
  }
  const subtrees = sumsUpwards(below)
  // What happened at such a path itself counts, too.
  for (const [id, path] of paths.entries()) {
    const [own, subtree] = [totals[id], subtrees.get(path)]
    if (own !== undefined && subtree !== undefined && path !== '/') addPathTotals(subtree, own)
  }
  return subtrees
}

/** The root is its own. */
function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash > 0 ? path.slice(0, slash) : '/'
}

/** The parent, or what is above it where that lies deeper; the root's is the root. */
function ancestorWithin(path: string, depthMax: number): string {
  let end = 0
  let depth = 0
  for (let slash = path.indexOf('/', 1); slash > 0 && depth < depthMax; slash = path.indexOf('/', slash + 1)) {
    end = slash
    depth++
  }
  return end === 0 ? '/' : path.slice(0, end)
}

/**
 * Adds what happened below each path to all paths above it.
 * perf: level by level, each path to its parent only, since many have the same.
 */
function sumsUpwards(below: ReadonlyMap<string, PathTotals>): Map<string, PathTotals> {
  const levels: Map<string, PathTotals>[] = []
  for (const [path, sum] of below) addAt(levelOf(levels, depthOf(path)), path, sum)
  for (let depth = levels.length - 1; depth > 0; depth--) {
    const above = levelOf(levels, depth - 1)
    for (const [path, sum] of levelOf(levels, depth)) addAt(above, parentOf(path), sum)
  }
  return new Map(levels.flatMap((level) => [...level]))
}

function levelOf(levels: Map<string, PathTotals>[], depth: number): Map<string, PathTotals> {
  while (levels.length <= depth) levels.push(new Map())
  return levels[depth] ?? new Map()
}

/** Levels below the root, which has 0. */
export function depthOf(path: string): number {
  if (path === '/') return 0
  let depth = 0
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) depth++
  return depth
}
