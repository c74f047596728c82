import { JuteReader, JuteWriter } from 'jute-ts'
import { writeSessionPassword } from '../core/session/session-password.ts'
import { encodeSetWatches2 } from '../protocol/generated/proto.ts'
import { highWordOfNumber, lowWordOfNumber, toHex } from '../protocol/int64.ts'
import type { EventType } from '../protocol/op-code.ts'
import { OpCode, Xid } from '../protocol/op-code.ts'
import { type Asked, SessionChecker } from './checkers/session-checker.ts'
import { ClientConnection, type ClientEnd } from './client-connection.ts'
import { type Operation, opCodeOf, writeOperation } from './client-operation.ts'
import type { Place } from './network.ts'
import type { RandomOperations } from './random-operations.ts'
import { demand } from './violation.ts'
import type { World } from './world.ts'
import { showZxid, zxidOf } from './zxid.ts'

const OUTSTANDING_MAX = 12
const PASSWORD_BYTES = 16
const HEADER_BYTES = 16

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
  readonly #operations: RandomOperations
  readonly #timeoutMs: number
  #session: OwnSession | null = null
  #connection: ClientConnection | null = null
  #isEstablished = false
  #asked: Asked[] = []
  #lastXid = 0
  #heardMs = 0
  #sentMs = 0
  /** It does nothing until then, not even pings. */
  #silentUntilMs = 0
  #replies = 0
  #events = 0
  #sessions = 0

  constructor(world: World, place: Place, operations: RandomOperations) {
    this.#world = world
    this.place = place
    this.#operations = operations
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
    this.#connection = null
    this.#isEstablished = false
    this.#asked = []
    if (isClosing) this.#session = null
  }

  // ---- connecting ---------------------------------------------------------------------------------------------------

  #open(): void {
    const { dice, network, servers, agenda } = this.#world
    const server = dice.pick(servers)
    const process = server.process
    if (process === null || !network.canConnect(this.place, server.sid)) return
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
    writer.writeBool(false)
    return writer.copyBytes()
  }

  #greeted(frame: Buffer): void {
    const timeoutMs = frame.readInt32BE(4)
    const idHi = frame.readInt32BE(8)
    const idLo = frame.readInt32BE(12)
    const known = this.#session
    const { history } = this.#world
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
    } else demand(known.checker.id === id, 'sessions', () => `session ${known.checker.id} is resumed as ${id}`)
    this.#world.note(() => `client ${this.place} has session ${id} at server ${this.#connection?.process.sid}`)
    this.#isEstablished = true
    const checker = this.#session?.checker
    checker?.connected()
    if (checker?.watches.isEmpty === false) this.#setWatches(checker)
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
    if (asked.operation.kind === 'closeSession') {
      this.#session = null
      this.#drop(true)
    }
  }
}

function withoutBytes(key: string, value: unknown): unknown {
  return key === 'data' ? undefined : value
}
