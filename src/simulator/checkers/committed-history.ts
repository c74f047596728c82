import { JuteReader } from 'jute-ts'
import { toHex } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import { decodeTxn, type Txn, type TxnBody } from '../../protocol/txn.ts'
import type { Features } from '../features.ts'
import { demand } from '../violation.ts'
import { counterOf, epochOf, showZxid, zxidOf } from '../zxid.ts'
import type { ConfigurationChecker } from './configuration-checker.ts'
import { type ModelEvent, VersionedTree } from './versioned-tree.ts'

/** A transaction, and the tree's digest after it. */
export interface Applied {
  readonly zxid: number
  readonly bytes: Buffer
  readonly digest: string
}

/** A committed transaction. */
export interface Committed extends Applied {
  readonly txn: Txn
  /** Its session in hexadecimal. */
  readonly session: string
  readonly events: readonly ModelEvent[]
}

interface SessionLife {
  readonly createdAt: number
  readonly timeoutMs: number
  closedAt: number
  /** Cxid of its newest write. */
  lastCxid: number
}

const NEVER = Number.POSITIVE_INFINITY

/** All committed transactions of the ensemble, in their one order, and the tree at each point of it. */
export class CommittedHistory {
  readonly entries: Committed[] = []
  readonly tree = new VersionedTree()
  readonly #sessions = new Map<string, SessionLife>()
  readonly #byCall = new Map<string, number>()
  readonly configs: ConfigurationChecker
  readonly features: Features
  /** Cxid of the newest write of sessions that were never created: local ones. */
  readonly #localCxids = new Map<string, number>()
  /** Zxid before the first transaction. */
  readonly baseZxid: number
  /** Counter of the first transaction of an epoch. */
  readonly firstCounter: number

  constructor(configs: ConfigurationChecker, features: Features, baseZxid: number, firstCounter: number) {
    this.firstCounter = firstCounter
    this.configs = configs
    this.features = features
    this.baseZxid = baseZxid
  }

  get length(): number {
    return this.entries.length
  }

  get lastZxid(): number {
    return this.entries.at(-1)?.zxid ?? this.baseZxid
  }

  /** Zxid of the last one of the first `count` transactions. */
  zxidAfter(count: number): number {
    return this.entries[count - 1]?.zxid ?? this.baseZxid
  }

  /** How many transactions have a zxid that is not greater. */
  countUpTo(zxid: number): number {
    let low = 0
    let high = this.entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.entries[middle] as Committed).zxid <= zxid) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The next transaction is committed: checks its place in the order. */
  append(applied: Applied): Committed {
    const txn = decodeTxn(new JuteReader(applied.bytes, applied.bytes.length))
    const { clientIdHi, clientIdLo, cxid } = txn.header
    const session = toHex(clientIdHi, clientIdLo)
    this.#checkOrder(applied.zxid, zxidOf(txn.header.zxidHi, txn.header.zxidLo))
    this.#checkSession(txn, session, applied.zxid)
    if (cxid > 0) {
      const call = `${session} ${cxid}`
      const other = this.#byCall.get(call)
      demand(
        other === undefined,
        'a write happens once',
        () =>
          `request ${call} is ${showZxid(applied.zxid)} as well as ${showZxid(this.entries[other ?? 0]?.zxid ?? -1)}`
      )
      this.#byCall.set(call, this.length)
    }
    const committed = { ...applied, txn, session, events: this.tree.apply(txn, session) }
    this.entries.push(committed)
    return committed
  }

  /** Whether the session exists after the first `count` transactions. */
  isAlive(session: string, count: number): boolean {
    const life = this.#sessions.get(session)
    return life !== undefined && life.createdAt < count && life.closedAt >= count
  }

  /** Whether it has ever been created: local sessions are not. */
  isCreated(session: string): boolean {
    return this.#sessions.has(session)
  }

  /** Whether it has ended. */
  isClosed(session: string): boolean {
    return (this.#sessions.get(session)?.closedAt ?? NEVER) < NEVER
  }

  aliveSessions(): Map<string, number> {
    const alive = new Map<string, number>()
    for (const [session, life] of this.#sessions) if (life.closedAt === NEVER) alive.set(session, life.timeoutMs)
    return alive
  }

  #checkOrder(zxid: number, inHeader: number): void {
    const last = this.lastZxid
    demand(zxid === inHeader, 'zxids', () => `${showZxid(inHeader)} is applied as ${showZxid(zxid)}`)
    const isFirst = counterOf(zxid) === this.firstCounter
    const isNext = epochOf(zxid) === epochOf(last) ? zxid === last + 1 : zxid > last && isFirst
    demand(isNext, 'primary order', () => `${showZxid(zxid)} is committed after ${showZxid(last)}`)
  }

  #checkSession({ header, body }: Txn, session: string, zxid: number): void {
    const life = this.#sessions.get(session)
    if (body.kind === 'createSession') {
      demand(life === undefined, 'session ids are unique', () => `${session} is created again by ${showZxid(zxid)}`)
      const createdAt = this.length
      const lastCxid = this.#localCxids.get(session) ?? 0
      this.#sessions.set(session, { createdAt, closedAt: NEVER, timeoutMs: body.timeoutMs, lastCxid })
      return
    }
    if (body.kind === 'error' || (body.kind === 'multi' && body.operations.some(({ kind }) => kind === 'error'))) return
    if (body.kind === 'delete' && body.type === OpCode.deleteContainer) return
    if (this.#isLocalWrite(life, body)) return this.#checkLocal(session, header.cxid, zxid)
    demand(
      life !== undefined,
      'writes belong to a session',
      () => `${showZxid(zxid)} is of ${session}, which was never created`
    )
    if (body.kind === 'closeSession') {
      life.closedAt = Math.min(life.closedAt, this.length)
      return
    }
    demand(
      life.closedAt === NEVER,
      'writes belong to a session',
      () => `${showZxid(zxid)} is of ${session}, which has ended`
    )
    demand(
      header.cxid > life.lastCxid,
      'FIFO of a session',
      () => `request ${header.cxid} of ${session} is committed after ${life.lastCxid}`
    )
    life.lastCxid = header.cxid
  }

  /**
   * A session that was never created may be a local one, which must not have ephemeral nodes. The leader takes a session that
   * has ended for one, too, as upstream's does.
   */
  #isLocalWrite(life: SessionLife | undefined, body: TxnBody): boolean {
    if (this.features.localSessions === 'no' || body.kind === 'closeSession') return false
    return (life === undefined || life.closedAt < NEVER) && !hasEphemeral(body)
  }

  #checkLocal(session: string, cxid: number, zxid: number): void {
    const before = this.#localCxids.get(session) ?? 0
    demand(
      cxid > before,
      'FIFO of a session',
      () => `${showZxid(zxid)} is request ${cxid} of ${session}, after ${before}`
    )
    this.#localCxids.set(session, cxid)
  }
}

function hasEphemeral(body: TxnBody): boolean {
  if (body.kind === 'multi') return body.operations.some(hasEphemeral)
  return body.kind === 'create' && body.mode === 'ephemeral'
}
