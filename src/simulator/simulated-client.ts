import { JuteReader, JuteWriter } from 'jute-ts'
import { writeSessionPassword } from '../core/session/session-password.ts'
import { memberOf } from '../core/zab/membership/member-of.ts'
import { ErrorCode } from '../protocol/error-code.ts'
import { encodeSetWatches2 } from '../protocol/generated/proto.ts'
import { highWordOfNumber, lowWordOfNumber, toHex } from '../protocol/int64.ts'
import type { EventType } from '../protocol/op-code.ts'
import { OpCode, Xid } from '../protocol/op-code.ts'
import { ReadOnlyChecker } from './checkers/read-only-checker.ts'
import { type Asked, SessionChecker } from './checkers/session-checker.ts'
import { ClientConnection, type ClientEnd } from './client-connection.ts'
import { type Operation, opCodeOf, type ReconfigOperation, writeOperation } from './client-operation.ts'
import type { Place } from './network.ts'
import { demand } from './violation.ts'
import type { World } from './world.ts'
import { showZxid, zxidOf } from './zxid.ts'

const OUTSTANDING_MAX = 12
const PASSWORD_BYTES = 16
const HEADER_BYTES = 16
/** What a server without a leader sends to one who wants a session that it cannot give: a header, and no answer to that. */
const REFUSAL_BYTES = 16

/** What a client asks for next. */
export interface OperationSource {
  next(): Operation
}

/** Session of a client, as its library keeps it. */
interface OwnSession {
  readonly idHi: number
  readonly idLo: number
  readonly timeoutMs: number
  readonly checker: SessionChecker
}

/**
 * A client program with its library: connects to any server, resumes its session at another one, sends pings, sets its
 * watches again, asks for this and that. Sometimes it breaks off, keeps silent until its session expires, or closes it.
 */
export class SimulatedClient implements ClientEnd {
  readonly place: Place
  readonly #world: World
  readonly #operations: OperationSource
  readonly #timeoutMs: number
  #session: OwnSession | null = null
  #connection: ClientConnection | null = null
  #isEstablished = false
  /** It can do with a server that serves reads only. */
  readonly #mayBeReadOnly: boolean
  /** Of a connection with such a server; null for all others. */
  #readOnly: ReadOnlyChecker | null = null
  /** Server that its session was last at. */
  #lastSid = 0
  #asked: Asked[] = []
  #lastXid = 0
  #heardMs = 0
  #sentMs = 0
  /** It does nothing until then, not even pings. */
  #silentUntilMs = 0
  #replies = 0
  #events = 0
  #sessions = 0

  constructor(world: World, place: Place, operations: OperationSource) {
    this.#world = world
    this.place = place
    this.#operations = operations
    this.#mayBeReadOnly = world.scenario.features.readOnly && world.dice.chance(0.6)
    this.#timeoutMs = world.dice.pick([400, 800, 2000])
    world.agenda.after(world.dice.below(300), () => this.#live())
  }

  get figures() {
    return { replies: this.#replies, events: this.#events, sessions: this.#sessions }
  }

  get connection(): ClientConnection | null {
    return this.#connection
  }

  /** Has a session and a server, and nothing outstanding. */
  get isAtRest(): boolean {
    return this.#isEstablished && this.#asked.length === 0
  }

  // ---- its life -----------------------------------------------------------------------------------------------------

  #live(): void {
    const { agenda, dice, scenario } = this.#world
    agenda.after(Math.min(dice.exponential(scenario.thinkMs), 1000), () => this.#live())
    if (agenda.nowMs < this.#silentUntilMs) return
    if (this.#connection === null) return this.#open()
    if (agenda.nowMs - this.#heardMs > (this.#timeoutMs * 2) / 3) return this.#drop(false)
    if (!this.#isEstablished) return
    if (this.#world.isResting) return this.#rest()
    this.#ask()
    if (this.#world.isChaotic && dice.chance(0.02)) this.#misbehave()
  }

  /** Only what keeps the session, and what shows where its server is. */
  #rest(): void {
    if (this.#world.agenda.nowMs - this.#sentMs > this.#timeoutMs / 4) this.#request({ kind: 'ping' })
  }

  #ask(): void {
    const { agenda, dice } = this.#world
    if (dice.chance(0.8)) {
      for (
        let left = dice.weighted({ 1: 6, 2: 2, 5: 1 } as Record<string, number>) as unknown as number;
        left > 0;
        left--
      ) {
        if (this.#asked.length < OUTSTANDING_MAX) this.#request(this.#operations.next())
      }
    }
    if (agenda.nowMs - this.#sentMs > this.#timeoutMs / 3) this.#request({ kind: 'ping' })
  }

  #misbehave(): void {
    const { agenda, dice } = this.#world
    const how = dice.weighted({ drop: 5, leave: 8, silence: 2, close: 2 })
    if (how === 'close') this.#request({ kind: 'closeSession' })
    else if (how === 'silence') {
      this.#silentUntilMs = agenda.nowMs + this.#timeoutMs * (0.5 + dice.next() * 2)
      if (dice.chance(0.5)) this.#drop(false)
    } else {
      this.#drop(how === 'leave')
      if (dice.chance(0.7)) this.#open()
    }
  }

  #drop(isOrderly: boolean): void {
    const connection = this.#connection
    if (connection === null) return
    connection.close(isOrderly)
    this.#lost()
  }

  #lost(): void {
    const isClosing = this.#asked.some(({ operation }) => operation.kind === 'closeSession')
    if (this.#isEstablished) this.#session?.checker.disconnected()
    if (this.#connection !== null) this.#connection.session = null
    this.#connection = null
    this.#isEstablished = false
    this.#asked = []
    this.#readOnly = null
    if (isClosing) this.#session = null
  }

  // ---- connecting ---------------------------------------------------------------------------------------------------

  #open(): void {
    const { dice, network, servers, agenda, scenario } = this.#world
    // Where members come and go, clients are told who is there.
    const running = scenario.features.reconfig ? servers.filter(({ isUp }) => isUp) : servers
    if (running.length === 0) return
    const server = dice.pick(running)
    const process = server.process
    if (process === null || !network.canConnect(this.place, server.sid)) return
    // Without a session it may be served by one without a leader.
    if (this.#mayBeReadOnly && process.isReadOnly && dice.chance(0.7)) this.#session = null
    this.#heardMs = agenda.nowMs
    this.#isEstablished = false
    this.#connection = new ClientConnection(network, this, process)
    this.#connection.send([this.#greeting()])
  }

  #greeting(): Buffer {
    const session = this.#session
    const password = new Uint8Array(PASSWORD_BYTES)
    if (session !== null) writeSessionPassword(session.idHi, session.idLo, password, 0)
    const seen = session?.checker.lastZxid ?? 0
    const writer = new JuteWriter(64)
    writer.writeInt(0)
    writer.writeInt64(highWordOfNumber(seen), lowWordOfNumber(seen))
    writer.writeInt(this.#timeoutMs)
    writer.writeInt64(session?.idHi ?? 0, session?.idLo ?? 0)
    writer.writeBuffer(password)
    writer.writeBool(this.#mayBeReadOnly)
    return writer.copyBytes()
  }

  #greeted(frame: Buffer): void {
    if (frame.length === REFUSAL_BYTES) {
      this.#world.count('readOnlyRefusals')
      return this.#drop(true)
    }
    if (frame[frame.length - 1] === 1) return this.#greetedReadOnly()
    const timeoutMs = frame.readInt32BE(4)
    const idHi = frame.readInt32BE(8)
    const idLo = frame.readInt32BE(12)
    const known = this.#session
    const { history, scenario } = this.#world
    if (timeoutMs === 0) {
      const id = known?.checker.id ?? 'none'
      this.#world.note(() => `client ${this.place} hears that session ${id} is gone`)
      this.#world.sessionRefused(id)
      this.#session = null
      return this.#drop(true)
    }
    const id = toHex(idHi, idLo)
    if (known === null) {
      this.#session = { idHi, idLo, timeoutMs, checker: new SessionChecker(id, history) }
      this.#sessions++
      if (scenario.features.localSessions !== 'no' && !history.isCreated(id)) this.#world.count('localSessions')
    } else demand(known.checker.id === id, 'sessions', () => `session ${known.checker.id} is resumed as ${id}`)
    this.#world.note(() => `client ${this.place} has session ${id} at server ${this.#connection?.process.sid}`)
    this.#isEstablished = true
    const sid = this.#connection?.process.sid ?? 0
    if (known !== null && sid !== this.#lastSid) this.#world.count('sessionsMoved')
    this.#lastSid = sid
    if (this.#connection !== null) this.#connection.session = id
    const checker = this.#session?.checker
    checker?.connected()
    if (checker?.watches.isEmpty === false) this.#setWatches(checker)
  }

  /** It has no session that others would know, and forgets it with the connection. */
  #greetedReadOnly(): void {
    const sid = this.#connection?.process.sid
    this.#world.note(() => `client ${this.place} reads at server ${sid}, which has no leader`)
    demand(
      this.#mayBeReadOnly && this.#session === null,
      'read-only mode',
      () => `server ${sid} gives what is not asked for`
    )
    this.#isEstablished = true
    this.#readOnly = new ReadOnlyChecker(this.#world.history)
  }

  // ---- requests -----------------------------------------------------------------------------------------------------

  #request(operation: Operation): void {
    const writer = new JuteWriter(128)
    const xid = operation.kind === 'ping' ? Xid.ping : ++this.#lastXid
    writer.writeInt(xid)
    writer.writeInt(opCodeOf(operation))
    writeOperation(writer, operation)
    this.#send(xid, operation, writer.bytes())
  }

  #setWatches({ watches, lastZxid }: SessionChecker): void {
    const writer = new JuteWriter(256)
    writer.writeInt(Xid.setWatches)
    writer.writeInt(OpCode.setWatches2)
    encodeSetWatches2(writer, {
      relativeZxidHi: highWordOfNumber(lastZxid),
      relativeZxidLo: lowWordOfNumber(lastZxid),
      dataWatches: [...watches.data],
      existWatches: [...watches.exist],
      childWatches: [...watches.child],
      persistentWatches: [...watches.persistent],
      persistentRecursiveWatches: [...watches.recursive]
    })
    this.#send(Xid.setWatches, { kind: 'setWatches' }, writer.bytes())
  }

  #send(xid: number, operation: Operation, frame: Buffer): void {
    const { agenda, history } = this.#world
    this.#sentMs = agenda.nowMs
    const seenZxid = this.#session?.checker.lastZxid ?? 0
    this.#asked.push({ xid, operation, committedCount: history.length, seenZxid })
    this.#world.note(() => `client ${this.place} asks ${xid}: ${JSON.stringify(operation, withoutBytes)}`)
    this.#connection?.send([frame])
  }

  // ---- ClientEnd ----------------------------------------------------------------------------------------------------

  frames(connection: ClientConnection, frames: readonly Buffer[]): void {
    for (const frame of frames) {
      if (connection !== this.#connection) return
      this.#heardMs = this.#world.agenda.nowMs
      if (!this.#isEstablished) this.#greeted(frame)
      else this.#take(connection, frame)
    }
  }

  closed(connection: ClientConnection): void {
    if (connection === this.#connection) this.#lost()
  }

  #take(connection: ClientConnection, frame: Buffer): void {
    if (this.#readOnly !== null) return this.#takeReadOnly(this.#readOnly, frame)
    const checker = this.#session?.checker
    if (checker === undefined) return
    const xid = frame.readInt32BE(0)
    const zxid = zxidOf(frame.readInt32BE(4), frame.readInt32BE(8))
    const err = frame.readInt32BE(12)
    const reader = new JuteReader(frame, frame.length)
    reader.offset = HEADER_BYTES
    if (xid === Xid.notification) {
      const type = reader.readInt() as EventType
      reader.readInt()
      this.#events++
      const path = reader.readString() ?? ''
      this.#world.note(() => `client ${this.place} is told ${type} of ${path}, zxid ${showZxid(zxid)}`)
      checker.told({ type, path, zxid: zxid < 0 ? -1 : zxid })
      return
    }
    this.#world.note(() => `client ${this.place} gets ${xid}: error ${err}, zxid ${showZxid(zxid)}`)
    const asked = this.#asked.shift()
    demand(asked?.xid === xid, 'FIFO of a session', () => `${checker.id} is answered ${xid} instead of ${asked?.xid}`)
    this.#replies++
    checker.answered(asked, zxid, err, reader, connection.epoch)
    if (err === ErrorCode.EPHEMERALONLOCALSESSION) this.#world.count('localRefusals')
    if (asked.operation.kind === 'reconfig') this.#countReconfig(asked.operation, err)
    if (asked.operation.kind === 'closeSession') {
      this.#session = null
      this.#drop(true)
    }
  }

  #takeReadOnly(checker: ReadOnlyChecker, frame: Buffer): void {
    const xid = frame.readInt32BE(0)
    if (xid === Xid.notification) return
    const asked = this.#asked.shift()
    demand(
      asked?.xid === xid,
      'FIFO of a session',
      () => `a read-only session is answered ${xid} instead of ${asked?.xid}`
    )
    const reader = new JuteReader(frame, frame.length)
    reader.offset = HEADER_BYTES
    const zxid = zxidOf(frame.readInt32BE(4), frame.readInt32BE(8))
    const err = frame.readInt32BE(12)
    this.#world.note(
      () => `client ${this.place} gets ${xid} of a server without a leader: error ${err}, ${showZxid(zxid)}`
    )
    checker.answered(asked.operation, zxid, err, reader)
    this.#world.count('readOnlyReads')
    if (asked.operation.kind === 'closeSession') this.#drop(true)
  }

  #countReconfig({ joining, leaving, list, version }: ReconfigOperation, err: number): void {
    const { configs, coverage } = this.#world
    if (err !== ErrorCode.OK) {
      coverage.reconfigsRefused++
      return
    }
    coverage.reconfigs++
    if (version !== -1) coverage.reconfigVersioned++
    if (list !== null) coverage.reconfigLists++
    if ((list?.groups.length ?? 0) > 0) coverage.reconfigGroups++
    if (leaving.length > 0) coverage.reconfigLeaves++
    for (const { id, role, addresses } of joining) {
      const before = memberOf(configs.previous, id)
      if (before === undefined) coverage.reconfigJoins++
      else if (before.role !== role) coverage.reconfigRoles++
      else if (before.addresses[0]?.quorumPort !== addresses[0]?.quorumPort) coverage.reconfigAddresses++
    }
  }
}

function withoutBytes(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Map) return Object.fromEntries(value)
  return key === 'data' ? undefined : value
}
