import { JuteReader } from 'jute-ts'
import { OpCode } from '../../protocol/op-code.ts'
import { decodeTxn, type Txn } from '../../protocol/txn.ts'
import type { TxnBody } from '../../protocol/txn-body.ts'
import { type PathTotals, SessionTable, type SessionTotals } from './totals.ts'

/** What the transactions of a segment did to paths, gathered for its index. */

export const EventKind = { create: 1, setData: 2, delete: 3, setACL: 4, closeSession: 5 } as const
export type EventKind = (typeof EventKind)[keyof typeof EventKind]

const CAPACITY_FIRST = 4096
const TWO_32 = 2 ** 32
const LENGTH_BYTES = 4
/** Of TxnHeader: client id, cxid, zxid, time, type. */
const HEADER_BYTES = 32
const ZXID_OFFSET = 12
const TIME_OFFSET = 20
const TYPE_OFFSET = 28

/** Events in the order of the log, as columns: a million of them are some forty megabytes. */
export class EventCollector {
  readonly paths: string[] = []
  readonly totals: PathTotals[] = []
  eventCount = 0
  txnCount = 0
  /** Of transactions; the first is greater than the last where there are none. */
  firstMs = Number.POSITIVE_INFINITY
  lastMs = Number.NEGATIVE_INFINITY
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
  readonly #sessions = new SessionTable()
  readonly #reader = new JuteReader(undefined, Number.MAX_SAFE_INTEGER)
  readonly #firstHi: number
  readonly #firstLo: number
  #zxid = 0
  #time = 0
  #session = 0

  constructor(firstZxidHi: number, firstZxidLo: number) {
    this.#firstHi = firstZxidHi
    this.#firstLo = firstZxidLo >>> 0
  }

  get sessions(): readonly SessionTotals[] {
    return this.#sessions.all
  }

  /**
   * Takes a row of the log: transactions, each behind its length.
   *
   * @throws JuteError, TxnFormatError where they are none
   */
  addRow(row: Buffer): void {
    for (let at = 0; at < row.length; ) {
      const start = at + LENGTH_BYTES
      const end = start + row.readInt32BE(at)
      if (!this.#addSimple(row, start, end)) this.add(decodeTxn(this.#reader.reset(row, start, end)))
      at = end
    }
  }

  add({ header, body }: Txn): void {
    const { clientIdHi, clientIdLo, zxidHi, zxidLo, timeHi, timeLo } = header
    this.#take(body, this.#begin(clientIdHi, clientIdLo, zxidHi, zxidLo, timeHi, timeLo))
  }

  /**
   * Takes a transaction on one path, reading no more of it than is kept; false for others.
   * perf: decoding all of a transaction, with its ACL, takes three times as long.
   */
  #addSimple(row: Buffer, start: number, end: number): boolean {
    if (end - start < HEADER_BYTES) return false
    const type = row.readInt32BE(start + TYPE_OFFSET)
    const kind = kindOfSimple(type)
    if (kind === null) return false
    const reader = this.#reader.reset(row, start + HEADER_BYTES, end)
    const path = reader.readString('path')
    if (path === null) return false
    const totals = this.#begin(
      row.readInt32BE(start),
      row.readInt32BE(start + 4),
      row.readInt32BE(start + ZXID_OFFSET),
      row.readInt32BE(start + ZXID_OFFSET + 4),
      row.readInt32BE(start + TIME_OFFSET),
      row.readInt32BE(start + TIME_OFFSET + 4)
    )
    if (kind === EventKind.delete) {
      totals.deletes++
      this.#push(path, kind, 0, 0)
      return true
    }
    const bytes = Math.max(0, reader.readInt('data'))
    totals.bytes += bytes
    if (kind === EventKind.create) {
      totals.creates++
      this.#push(path, kind, bytes, 0)
      return true
    }
    totals.changes++
    reader.offset += bytes
    this.#push(path, kind, bytes, reader.readInt('version'))
    return true
  }

  #begin(idHi: number, idLo: number, zxidHi: number, zxidLo: number, timeHi: number, timeLo: number): SessionTotals {
    this.txnCount++
    this.#zxid = (zxidHi - this.#firstHi) * TWO_32 + (zxidLo >>> 0) - this.#firstLo
    this.#time = timeHi * TWO_32 + (timeLo >>> 0)
    this.firstMs = Math.min(this.firstMs, this.#time)
    this.lastMs = Math.max(this.lastMs, this.#time)
    this.#session = this.#sessions.numberOf(idHi, idLo, this.#time)
    const totals = this.#sessions.all[this.#session]
    if (totals === undefined) throw new Error('a session without an entry')
    totals.txnCount++
    totals.lastMs = this.#time
    return totals
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

/** Of transactions that begin with a path; what is created or set follows it. */
function kindOfSimple(type: number): EventKind | null {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return EventKind.create
    case OpCode.setData:
    case OpCode.reconfig:
      return EventKind.setData
    case OpCode.delete:
    case OpCode.deleteContainer:
      return EventKind.delete
    default:
      return null
  }
}
