import { ErrorCode } from '../../protocol/error-code.ts'
import { Int64Map } from '../../protocol/int64-map.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import { Session, type SessionOwner } from './session.ts'

/** A session in a snapshot. */
export interface SessionRecord {
  readonly idHi: number
  readonly idLo: number
  readonly timeoutMs: number
}

/**
 * The sessions that this server knows, and when they expire.
 *
 * A standalone server and a leader expire all sessions; a learner keeps the global ones as the transactions say, without
 * deadlines, and expires only its own local ones. Expiry is in buckets of one tick (see ExpiryQueue).
 *
 * Times are of the monotonic clock, in ms. Not here: ephemeral nodes, connections, the closing transaction.
 * @see SessionTrackerImpl
 */
export class SessionTable {
  readonly #sessions = new Int64Map<Session>()
  readonly #queue: ExpiryQueue<Session>
  #isExpiringGlobal: boolean
  #localCount = 0
  /** On a learner: sessions that gave a sign of life since the last `takeUnreported`. */
  #unreported: Session[] = []

  /** @param isExpiringGlobal false on a learner, until `startExpiring` */
  constructor(tickMs: number, nowMs: number, isExpiringGlobal = true) {
    this.#queue = new ExpiryQueue(tickMs, nowMs)
    this.#isExpiringGlobal = isExpiringGlobal
  }

  /** Number of sessions, local and closing ones included. */
  get size(): number {
    return this.#sessions.size
  }

  /** Whether this server expires global sessions: it is standalone or leads. */
  get isExpiring(): boolean {
    return this.#isExpiringGlobal
  }

  get localCount(): number {
    return this.#localCount
  }

  get(idHi: number, idLo: number): Session | undefined {
    return this.#sessions.get(idHi, idLo)
  }

  /**
   * Begins to track a session with a full timeout, as a createSession transaction says. One that is there already gets
   * this timeout; a local one becomes global, if `isLocal` does not say that it is to stay local.
   */
  create(idHi: number, idLo: number, timeoutMs: number, nowMs: number, isLocal = false): Session {
    const known = this.#sessions.get(idHi, idLo)
    if (known !== undefined) {
      known.createdTimeoutMs = timeoutMs
      if (!isLocal) {
        known.isUpgrading = false
        this.#becomeGlobal(known)
      }
      this.changeTimeout(known, timeoutMs, nowMs)
      return known
    }
    const session = new Session(idHi, idLo, timeoutMs, isLocal, nowMs)
    this.#sessions.set(idHi, idLo, session)
    if (isLocal) this.#localCount++
    this.touch(session, nowMs)
    return session
  }

  /** Tracks the sessions of a snapshot, each with a full timeout. */
  restore(records: Iterable<SessionRecord>, nowMs: number): void {
    for (const record of records) this.create(record.idHi, record.idLo, record.timeoutMs, nowMs)
  }

  /**
   * Notes a sign of life. Any request is one.
   *
   * @returns false if the session is closing, which nothing can stop
   */
  touch(session: Session, nowMs: number): boolean {
    if (session.isClosing) return false
    session.lastSeenMs = nowMs
    if (this.#isExpiringGlobal || session.isLocal) {
      this.#queue.update(session, session.timeoutMs, nowMs)
    } else if (!session.isUnreported) {
      session.isUnreported = true
      this.#unreported.push(session)
    }
    return true
  }

  /** Puts another timeout in force, as a resumed session negotiates it, and touches the session. */
  changeTimeout(session: Session, timeoutMs: number, nowMs: number): boolean {
    if (session.isClosing) return false
    session.timeoutMs = timeoutMs
    return this.touch(session, nowMs)
  }

  /** The closing transaction has been made: the session takes no more requests and does not expire a second time. */
  markClosing(session: Session): void {
    session.isClosing = true
    this.#queue.remove(session)
  }

  /**
   * On a learner: the global sessions that gave a sign of life since the last call, for the next ping's answer to the
   * leader. Sessions that have been removed since may be among them.
   */
  takeUnreported(): Session[] {
    const taken = this.#unreported
    this.#unreported = []
    for (const session of taken) session.isUnreported = false
    return taken
  }

  /** A local session becomes a global one: its createSession transaction is on its way. */
  upgrade(session: Session): void {
    if (session.isLocal) session.isUpgrading = true
    this.#becomeGlobal(session)
  }

  /** Forgets all sessions: those of a leader's snapshot take their place. */
  clear(): void {
    const all: Session[] = []
    this.forEach((session) => {
      all.push(session)
    })
    for (const { idHi, idLo } of all) this.remove(idHi, idLo)
    this.takeUnreported()
  }

  /** Forgets a session: its closing transaction has been applied. @returns the session, if it was known */
  remove(idHi: number, idLo: number): Session | undefined {
    const session = this.#sessions.get(idHi, idLo)
    if (session === undefined) return undefined
    this.#sessions.delete(idHi, idLo)
    this.#queue.remove(session)
    if (session.isLocal) this.#localCount--
    return session
  }

  /**
   * Tells whether a request of the session that came by `owner` is to be taken; the first request settles the owner.
   *
   * @returns OK, UNKNOWNSESSION, SESSIONEXPIRED while closing, or SESSIONMOVED if the session went to another server
   */
  check(idHi: number, idLo: number, owner: SessionOwner): ErrorCode {
    const session = this.#sessions.get(idHi, idLo)
    if (session === undefined) return ErrorCode.UNKNOWNSESSION
    if (session.isClosing) return ErrorCode.SESSIONEXPIRED
    if (session.owner === null) session.owner = owner
    return session.owner === owner ? ErrorCode.OK : ErrorCode.SESSIONMOVED
  }

  /** The session was resumed through `owner`: from now on writes are accepted from there. */
  setOwner(session: Session, owner: SessionOwner): void {
    session.owner = owner
  }

  /**
   * Takes the sessions that are due, and marks them as closing; the caller makes their closing transactions. They stay in
   * the table until `remove`.
   *
   * @param countMax at most so many at once; the others stay due, and a sign of life still saves them
   */
  expired(nowMs: number, countMax?: number): Session[] {
    const due = this.#queue.expired(nowMs, countMax)
    for (const session of due) session.isClosing = true
    return due
  }

  /** When `expired` may next have something to give; Infinity if nothing can expire. */
  get nextExpiryMs(): number {
    return this.#queue.nextExpiryMs
  }

  /** Moves all deadlines by the time for which this process stood still. */
  postpone(deltaMs: number): void {
    this.#queue.postpone(deltaMs)
  }

  /** This server leads: every session gets a full timeout, those whose closing was never committed included. */
  startExpiring(nowMs: number): void {
    this.#isExpiringGlobal = true
    this.takeUnreported()
    this.#forEachGlobal((session) => {
      session.isClosing = false
      session.owner = null
      this.touch(session, nowMs)
    })
  }

  /**
   * This server follows: global sessions have no deadlines here, and none is closing but by a transaction. Those of whose
   * upgrade nothing is known are forgotten: if it is committed after all, its transaction comes.
   */
  stopExpiring(): void {
    this.#isExpiringGlobal = false
    const upgrading: Session[] = []
    this.#forEachGlobal((session) => {
      if (session.isUpgrading) upgrading.push(session)
    })
    for (const { idHi, idLo } of upgrading) this.remove(idHi, idLo)
    this.#forEachGlobal((session) => {
      session.isClosing = false
      session.owner = null
      this.#queue.remove(session)
    })
  }

  /** Visits all sessions, local and closing ones included, in no set order. */
  forEach(visit: (session: Session) => void): void {
    this.#sessions.forEach((_hi, _lo, session) => {
      visit(session)
    })
  }

  /** The sessions that a snapshot holds: the global ones that a transaction has made, each with the timeout that its createSession transaction gave. */
  records(): SessionRecord[] {
    const records: SessionRecord[] = []
    this.#forEachGlobal((session) => {
      if (session.isUpgrading) return
      records.push({ idHi: session.idHi, idLo: session.idLo, timeoutMs: session.createdTimeoutMs })
    })
    return records
  }

  /** Buckets in the expiry queue, emptied ones included until they are due, as `dump` counts them. */
  get bucketCount(): number {
    return this.#queue.bucketCount
  }

  /** Sessions in the expiry queue, as `dump` counts them. */
  get expiringCount(): number {
    return this.#queue.size
  }

  /** Visits the buckets by deadline, for `dump`. */
  forEachBucket(visit: (deadlineMs: number, sessions: readonly Session[]) => void): void {
    this.#queue.forEachBucket(visit)
  }

  #becomeGlobal(session: Session): void {
    if (!session.isLocal) return
    session.isLocal = false
    this.#localCount--
    if (!this.#isExpiringGlobal) this.#queue.remove(session)
  }

  #forEachGlobal(visit: (session: Session) => void): void {
    this.forEach((session) => {
      if (!session.isLocal) visit(session)
    })
  }
}
