import { JuteWriter } from 'jute-ts'
import { digestId } from '../../src/core/acl/digest-provider.ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { writeSessionPassword } from '../../src/core/session/session-password.ts'
import { encodeAuthPacket, encodeSetWatches2 } from '../../src/protocol/generated/proto.ts'
import { highWord, lowWord } from '../../src/protocol/int64.ts'
import { OpCode, Xid } from '../../src/protocol/op-code.ts'
import { testHash } from '../core/peer-harness.ts'
import { Asked, type Greeting, UNKNOWN_TYPES } from './asked.ts'
import type { Dice } from './dice.ts'
import type { JudgedConnection } from './judge.ts'
import { type Aim, DIGEST_USERS, type RandomRequests } from './random-requests.ts'
import { emptyBody, frameOf, type RequestBody } from './request-bodies.ts'
import type { ServerWorld } from './server-world.ts'

/** Bytes on their way to the server. */
interface Sent {
  readonly frame: Buffer
  /** What the judge is told when the peer gets them; null for what can have no answer. */
  readonly asked: Asked | Greeting | null
}

/** What the clients of one simulation share: choices, requests, and xids that no two requests have. */
export interface ClientWorld {
  readonly dice: Dice
  readonly world: ServerWorld
  readonly requests: RandomRequests
  readonly aim: Aim
  nextXid(): number
  /** Sessions that have been given to anybody. */
  readonly sessions: readonly bigint[]
}

/** A client program: connects, resumes, asks in bursts, sometimes breaks off, and sometimes does what no client should. */
export class SimulatedClient {
  readonly #shared: ClientWorld
  readonly #address: string
  #connection: JudgedConnection | null = null
  #unread: Sent[] = []
  #sessionId: bigint | null = null
  #lastZxid = 0
  #isClosingSession = false

  constructor(shared: ClientWorld, address: string) {
    this.#shared = shared
    this.#address = address
  }

  get connection(): JudgedConnection | null {
    return this.#connection
  }

  get unreadCount(): number {
    return this.#unread.length
  }

  /** Does something, or nothing. */
  act(nextId: () => ConnectionId): void {
    this.#learn()
    const { dice } = this.#shared
    if (this.#connection === null) {
      if (dice.chance(0.3)) this.#open(nextId())
      return
    }
    if (dice.chance(0.015)) return this.#disconnect()
    if (this.#connection.phase === 'established' && this.#unread.length < 30) this.#ask()
  }

  /** Lets the server read up to `count` frames. */
  deliver(count: number): void {
    const { world } = this.#shared
    const connection = this.#connection
    if (connection === null || world.outbox.paused.has(connection.id)) return
    for (const { frame, asked } of this.#unread.splice(0, count)) {
      if (asked instanceof Asked) world.judge.given(connection, asked)
      else if (asked !== null) connection.greeting = asked
      if (connection.phase === 'opened') connection.phase = 'connecting'
      world.pushFrame(connection.id, frame)
    }
  }

  /** The server or the network has ended the connection. */
  lost(): void {
    this.#learn()
    this.#connection = null
    this.#unread = []
    if (this.#isClosingSession) this.#forgetSession()
  }

  /** Makes a last request, so that everything before it must have been answered. */
  rest(): void {
    if (this.#connection?.phase === 'established') this.#send(emptyBody(OpCode.ping))
  }

  #learn(): void {
    const connection = this.#connection
    if (connection === null) return
    if (connection.sessionId !== null) this.#sessionId = connection.sessionId
    else if (connection.closedFor === 'SESSION_REOPEN_FAILED') this.#forgetSession()
    if (connection.lastZxid > this.#lastZxid) this.#lastZxid = connection.lastZxid
  }

  #forgetSession(): void {
    this.#sessionId = null
    this.#isClosingSession = false
  }

  #open(id: ConnectionId): void {
    const { dice, world } = this.#shared
    this.#connection = world.judge.opened(id, this.#address)
    world.inputs.pushOpened(id, this.#address)
    if (dice.chance(0.02)) {
      this.#connection.closeReasons.add('INVALID_REQUEST')
      // 28 bytes could be a ConnectRequest.
      this.#unread.push({ frame: Buffer.alloc(Math.min(27, dice.below(30)), dice.below(256)), asked: null })
      return
    }
    this.#greet()
    // Some send requests without waiting for the answer to their ConnectRequest.
    if (dice.chance(0.2)) for (let left = dice.below(5); left > 0; left--) this.#sendRandom()
    else if (this.#lastZxid > 0 && dice.chance(0.4)) this.#sendSetWatches()
  }

  #greet(): void {
    const { dice, world, sessions } = this.#shared
    const isStolen = sessions.length > 0 && dice.chance(0.03)
    const sessionId = isStolen ? dice.pick(sessions) : this.#sessionId
    const isPasswordRight = dice.chance(0.97)
    const hasReadOnlyByte = dice.chance(0.8)
    const askedMs = dice.pick([1, 4000, 6000, 10_000, 100_000])
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = world.settings
    const timeoutMs = Math.min(Math.max(askedMs, minSessionTimeoutMs), maxSessionTimeoutMs)
    const frame = greetingFrame(this.#lastZxid, askedMs, sessionId ?? 0n, isPasswordRight, hasReadOnlyByte)
    this.#unread.push({ frame, asked: { sessionId, isPasswordRight, timeoutMs, hasReadOnlyByte } })
    if (sessionId === null) return
    // Who holds the session is closed, even if the password turns out to be wrong.
    for (const other of world.judge.connections.values()) other.closeReasons.add('CLIENT_RECONNECT')
  }

  #ask(): void {
    const { dice } = this.#shared
    const kind = dice.weighted({ nothing: 30, one: 40, burst: 25, auth: 2, close: 0.7, odd: 0.6 })
    if (kind === 'one') this.#sendRandom()
    else if (kind === 'burst') for (let left = dice.between(2, 12); left > 0; left--) this.#sendRandom()
    else if (kind === 'auth') this.#sendAuth()
    else if (kind === 'close') {
      this.#isClosingSession = true
      this.#send(emptyBody(OpCode.closeSession))
    } else if (kind === 'odd') this.#sendOdd()
  }

  #sendRandom(): void {
    const { requests, aim, dice } = this.#shared
    const request = requests.next(aim)
    const isCut = request.body.length > 0 && dice.chance(0.01)
    const body = isCut ? request.body.subarray(0, dice.below(request.body.length)) : request.body
    this.#send({ type: request.type, body, isWhole: request.isWhole && !isCut })
  }

  #send({ type, body, isWhole }: RequestBody): void {
    const xid = this.#shared.nextXid()
    this.#unread.push({ frame: frameOf(xid, type, body), asked: new Asked(type, xid, body, isWhole) })
  }

  #sendAuth(): void {
    const { dice } = this.#shared
    const isRight = dice.chance(0.9)
    const auth = dice.pick(DIGEST_USERS)
    const writer = new JuteWriter(64)
    encodeAuthPacket(writer, { type: 0, scheme: isRight ? 'digest' : 'nobody', auth: Buffer.from(auth) })
    const body = writer.copyBytes()
    const grants = isRight ? [{ scheme: 'digest', id: digestId(testHash, auth) }] : null
    const asked = new Asked(OpCode.auth, Xid.auth, body, true, grants)
    this.#unread.push({ frame: frameOf(Xid.auth, OpCode.auth, body), asked })
  }

  /** A type that nobody serves, or a frame too short to be a request. */
  #sendOdd(): void {
    const { dice } = this.#shared
    if (dice.chance(0.5))
      return this.#send({ type: dice.pick(UNKNOWN_TYPES), body: Buffer.alloc(dice.below(10)), isWhole: true })
    this.#connection?.closeReasons.add('INVALID_REQUEST')
    this.#unread.push({ frame: Buffer.alloc(dice.below(8)), asked: null })
  }

  /** As clients do after a reconnect, with paths that they may have watched. */
  #sendSetWatches(): void {
    const { dice, aim } = this.#shared
    const some = (): string[] =>
      aim.paths.length === 0 ? [] : Array.from({ length: dice.below(4) }, () => dice.pick(aim.paths))
    const writer = new JuteWriter(128)
    encodeSetWatches2(writer, {
      relativeZxidHi: 0,
      relativeZxidLo: this.#lastZxid,
      dataWatches: [...some(), '/nowhere'],
      existWatches: [...some(), '/nowhere/else'],
      childWatches: some(),
      persistentWatches: some(),
      persistentRecursiveWatches: some()
    })
    const body = writer.copyBytes()
    const asked = new Asked(OpCode.setWatches2, Xid.setWatches, body)
    this.#unread.push({ frame: frameOf(Xid.setWatches, OpCode.setWatches2, body), asked })
  }

  #disconnect(): void {
    const { world } = this.#shared
    const connection = this.#connection
    if (connection === null) return
    world.inputs.pushClosed(connection.id)
    const at = world.outbox.closing.indexOf(connection.id)
    if (at >= 0) world.outbox.closing.splice(at, 1)
    this.lost()
    world.judge.ending(connection.id)
    world.outbox.paused.delete(connection.id)
  }
}

function greetingFrame(
  lastZxid: number,
  timeoutMs: number,
  sessionId: bigint,
  isPasswordRight: boolean,
  hasReadOnlyByte: boolean
): Buffer {
  const password = new Uint8Array(16)
  if (sessionId !== 0n) writeSessionPassword(highWord(sessionId), lowWord(sessionId), password, 0)
  if (!isPasswordRight) password[3] = (password[3] ?? 0) ^ 1
  const writer = new JuteWriter(64)
  writer.writeInt(0)
  writer.writeInt64(0, lastZxid)
  writer.writeInt(timeoutMs)
  writer.writeLong(sessionId)
  writer.writeBuffer(password)
  if (hasReadOnlyByte) writer.writeBool(false)
  return writer.copyBytes()
}
