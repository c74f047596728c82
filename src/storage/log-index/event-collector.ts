import type { Txn } from '../../protocol/txn.ts'
import type { TxnBody } from '../../protocol/txn-body.ts'

/** What the transactions of a segment did to paths, gathered for its index. */

export const EventKind = { create: 1, setData: 2, delete: 3, setACL: 4, closeSession: 5 } as const
export type EventKind = (typeof EventKind)[keyof typeof EventKind]

/** What a session did in a segment. */
export interface SessionTotals {
  readonly idHi: number
  readonly idLo: number
  /** Null where the segment does not have it. */
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

const CAPACITY_FIRST = 4096
const TWO_32 = 2 ** 32

/** Events in the order of the log, as columns: a million of them are some forty megabytes. */
export class EventCollector {
  readonly paths: string[] = []
  readonly sessions: SessionTotals[] = []
  readonly totals: PathTotals[] = []
  eventCount = 0
  txnCount = 0
  pathOf = new Int32Array(CAPACITY_FIRST)
  sessionOf = new Int32Array(CAPACITY_FIRST)
  /** Behind the first zxid of the segment. */
  zxidOffset = new Float64Array(CAPACITY_FIRST)
  timeMs = new Float64Array(CAPACITY_FIRST)
  kind = new Uint8Array(CAPACITY_FIRST)
  bytes = new Int32Array(CAPACITY_FIRST)
  /** That the znode has afterwards: dataVersion, or aclVersion of a setACL. */
  version = new Int32Array(CAPACITY_FIRST)
  readonly #ids = new Map<string, number>()
  readonly #sessionIds = new Map<number, Map<number, number>>()
  readonly #firstHi: number
  readonly #firstLo: number
  #zxid = 0
  #time = 0
  #session = 0

  constructor(firstZxidHi: number, firstZxidLo: number) {
    this.#firstHi = firstZxidHi
    this.#firstLo = firstZxidLo >>> 0
  }

  add({ header, body }: Txn): void {
    this.txnCount++
    this.#zxid = (header.zxidHi - this.#firstHi) * TWO_32 + (header.zxidLo >>> 0) - this.#firstLo
    this.#time = header.timeHi * TWO_32 + (header.timeLo >>> 0)
    this.#session = this.#sessionIndex(header.clientIdHi, header.clientIdLo)
    const totals = this.#totals()
    totals.txnCount++
    totals.lastMs = this.#time
    this.#take(body, totals)
  }

  #take(body: TxnBody, totals: SessionTotals): void {
    switch (body.kind) {
      case 'create': {
        const bytes = body.data?.length ?? 0
        totals.creates++
        totals.bytes += bytes
        return this.#push(body.path, EventKind.create, bytes, 0)
      }
      case 'setData': {
        const bytes = body.data?.length ?? 0
        totals.changes++
        totals.bytes += bytes
        return this.#push(body.path, EventKind.setData, bytes, body.version)
      }
      case 'setACL':
        totals.changes++
        return this.#push(body.path, EventKind.setACL, 0, body.version)
      case 'delete':
        totals.deletes++
        return this.#push(body.path, EventKind.delete, 0, 0)
      case 'closeSession':
        totals.closedMs = this.#time
        for (const path of body.paths ?? []) {
          totals.deletes++
          this.#push(path, EventKind.closeSession, 0, 0)
        }
        return
      case 'createSession':
        totals.createdMs = this.#time
        totals.timeoutMs = body.timeoutMs
        return
      case 'multi':
        return this.#takeMulti(body.operations, totals)
      case 'error':
        totals.errors++
        return
      case 'check':
        return
      default:
        return body
    }
  }

  /** Of one that failed nothing happened. */
  #takeMulti(operations: readonly TxnBody[], totals: SessionTotals): void {
    if (operations.some(({ kind }) => kind === 'error')) totals.errors++
    else for (const operation of operations) this.#take(operation, totals)
  }

  #push(path: string, kind: EventKind, bytes: number, version: number): void {
    if (this.eventCount === this.kind.length) this.#grow()
    const at = this.eventCount++
    const id = this.#pathId(path)
    this.pathOf[at] = id
    this.sessionOf[at] = this.#session
    this.zxidOffset[at] = this.#zxid
    this.timeMs[at] = this.#time
    this.kind[at] = kind
    this.bytes[at] = bytes
    this.version[at] = version
    const totals = this.totals[id]
    if (totals === undefined) return
    totals.writes++
    totals.bytes += bytes
    if (kind === EventKind.create) totals.creates++
    if (kind === EventKind.delete || kind === EventKind.closeSession) totals.deletes++
  }

  #pathId(path: string): number {
    const known = this.#ids.get(path)
    if (known !== undefined) return known
    const id = this.paths.length
    this.#ids.set(path, id)
    this.paths.push(path)
    this.totals.push({ writes: 0, bytes: 0, creates: 0, deletes: 0 })
    return id
  }

  #sessionIndex(hi: number, lo: number): number {
    let byLo = this.#sessionIds.get(hi)
    if (byLo === undefined) {
      byLo = new Map()
      this.#sessionIds.set(hi, byLo)
    }
    const known = byLo.get(lo)
    if (known !== undefined) return known
    const index = this.sessions.length
    byLo.set(lo, index)
    this.sessions.push({
      idHi: hi,
      idLo: lo,
      createdMs: null,
      closedMs: null,
      timeoutMs: null,
      firstMs: this.#time,
      lastMs: this.#time,
      txnCount: 0,
      creates: 0,
      changes: 0,
      deletes: 0,
      errors: 0,
      bytes: 0
    })
    return index
  }

  #totals(): SessionTotals {
    const totals = this.sessions[this.#session]
    if (totals === undefined) throw new Error('a session without an entry')
    return totals
  }

  #grow(): void {
    const size = this.kind.length * 2
    const grown = <A extends { set(other: A): void }>(next: A, old: A): A => {
      next.set(old)
      return next
    }
    this.pathOf = grown(new Int32Array(size), this.pathOf)
    this.sessionOf = grown(new Int32Array(size), this.sessionOf)
    this.zxidOffset = grown(new Float64Array(size), this.zxidOffset)
    this.timeMs = grown(new Float64Array(size), this.timeMs)
    this.kind = grown(new Uint8Array(size), this.kind)
    this.bytes = grown(new Int32Array(size), this.bytes)
    this.version = grown(new Int32Array(size), this.version)
  }
}

/** What happened at and below every path that something happened below, down to a depth; the root is `/`. */
export function subtreeTotals({ paths, totals }: EventCollector, depthMax: number): Map<string, PathTotals> {
  const subtrees = new Map<string, PathTotals>()
  for (const [id, path] of paths.entries()) {
    const own = totals[id]
    if (own === undefined) continue
    for (const ancestor of ancestorsOf(path, depthMax)) addTo(subtrees, ancestor, own)
  }
  // What happened at such a path itself counts, too.
  for (const [id, path] of paths.entries()) {
    const [own, subtree] = [totals[id], subtrees.get(path)]
    if (own !== undefined && subtree !== undefined && path !== '/') add(subtree, own)
  }
  return subtrees
}

export function add(sum: PathTotals, more: PathTotals): void {
  sum.writes += more.writes
  sum.bytes += more.bytes
  sum.creates += more.creates
  sum.deletes += more.deletes
}

function addTo(subtrees: Map<string, PathTotals>, path: string, own: PathTotals): void {
  const sum = subtrees.get(path)
  if (sum === undefined) subtrees.set(path, { ...own })
  else add(sum, own)
}

/** Without itself: `/`, `/a` of `/a/b`. */
function* ancestorsOf(path: string, depthMax: number): Generator<string> {
  yield '/'
  let depth = 0
  for (let slash = path.indexOf('/', 1); slash > 0 && depth < depthMax; slash = path.indexOf('/', slash + 1)) {
    yield path.slice(0, slash)
    depth++
  }
}
