import { connectPayload, decodeConnectReply, type KnownSession } from './connect-frames.ts'
import {
  decodeEvent,
  decodeReply,
  type Event,
  isEventFrame,
  type Plain,
  type Reply,
  type ReplyContext,
  type SeenStat
} from './replies.ts'
import { encodeRequest, type Request } from './requests.ts'
import type { ConnectStep, ExpireStep, RequestStep, Step } from './steps.ts'
import { RawConnection } from './wire/raw-connection.ts'
import { frame } from './wire/wire-writer.ts'

const PING: Request = { op: 11, xid: -2 }
const REPLY_TIMEOUT_MS = 30_000
const SETTLE_TIMEOUT_MS = 2000
const CLOSE_WAIT_MS = 500
const EXPIRY_TIMEOUT_MS = 60_000

/** What one connection showed during a step, and since the last time it was looked at. */
export interface Observation {
  readonly slot: number
  readonly seen: readonly (Reply | Event | { readonly kind: 'connected'; readonly reply: Plain })[]
  /** Present where the step waited long enough to know. */
  readonly end?: 'closed' | 'open' | 'no answer'
}

interface Slot {
  readonly connection: RawConnection
  readonly session: number
  /** Types of the requests that have no answer yet, oldest first. */
  readonly unanswered: number[]
  nextXid: number
}

/**
 * One server under comparison with the connections to it: carries steps out and tells what was seen, in a form that
 * is the same for any two servers which behave the same.
 */
export class Side implements ReplyContext {
  readonly name: string
  readonly port: number
  /** Broken promises of this server by itself, such as two times for one zxid. */
  readonly violations: string[] = []
  /** Transactions that remove several ephemeral nodes, whose events have no defined order. */
  readonly unorderedZxids = new Set<number>()
  readonly #slots = new Map<number, Slot>()
  readonly #sessions = new Map<number, KnownSession>()
  readonly #sessionNames = new Map<bigint, string>()
  readonly #timeOfZxid = new Map<bigint, bigint>([[0n, 0n]])
  #firstSessionId: bigint | null = null
  #lastZxid = 0n

  constructor(name: string, port: number) {
    this.name = name
    this.port = port
  }

  get lastZxid(): bigint {
    return this.#lastZxid
  }

  /** Carries the step out. A server that cannot be reached shows as a violation, whatever the other side does. */
  async run(step: Step): Promise<Observation[]> {
    try {
      return await this.#run(step)
    } catch (error) {
      this.violations.push(`unreachable: ${String(error)}`)
      return []
    }
  }

  async #run(step: Step): Promise<Observation[]> {
    switch (step.kind) {
      case 'connect':
        return await this.#connect(step)
      case 'drop':
        return this.#drop(step.slot)
      case 'requests':
        return await this.#requests(step)
      case 'raw':
        return await this.#raw(step.slot, Buffer.from(step.hex, 'hex'))
      case 'barrier':
        return await Promise.all([...this.#slots.keys()].map((slot) => this.#ping(slot)))
      case 'expire':
        return await this.#expire(step)
      case 'restart':
        return this.#restarted()
    }
  }

  /** Closes all connections; sessions stay. */
  dropAll(): void {
    for (const { connection } of this.#slots.values()) connection.drop()
    this.#slots.clear()
  }

  sessionName(id: bigint): string | null {
    return this.#sessionNames.get(id) ?? null
  }

  stat(stat: SeenStat): void {
    this.#checkTime(stat.czxid, stat.ctime)
    this.#checkTime(stat.mzxid, stat.mtime)
  }

  #checkTime(zxid: bigint, time: bigint): void {
    const known = this.#timeOfZxid.get(zxid)
    if (known === undefined) this.#timeOfZxid.set(zxid, time)
    else if (known !== time) this.violations.push(`zxid ${zxid} has the times ${known} and ${time}`)
  }

  /** The server has been started again: no connection is left, and session ids count from a new one. */
  #restarted(): Observation[] {
    const slots = [...this.#slots.keys()]
    this.dropAll()
    this.#firstSessionId = null
    return slots.map((slot) => ({ slot, seen: [], end: 'closed' }))
  }

  async #connect(step: ConnectStep): Promise<Observation[]> {
    this.#drop(step.slot)
    const known = this.#sessions.get(step.session)
    const holder = step.resume ? this.#holderOf(step.session) : null
    const connection = await RawConnection.open(this.port)
    const early = (step.early ?? []).map((request, at) => this.#frame(request, at + 1))
    connection.send(Buffer.concat([frame(connectPayload(step, known, this.#lastZxid)), ...early]))
    await connection.waitUntil((frames) => frames.length > 0, REPLY_TIMEOUT_MS)
    const observations = [await this.#connected(step, connection)]
    if (holder !== null) observations.push(await this.#settle(holder, 0))
    return observations
  }

  async #connected(step: ConnectStep, connection: RawConnection): Promise<Observation> {
    const payload = connection.takeFrame()
    if (payload === undefined) {
      const end = connection.closed ? 'closed' : 'no answer'
      connection.drop()
      return { slot: step.slot, seen: [], end }
    }
    const { plain, session } = decodeConnectReply(payload, (id) => this.#nameNew(step, id))
    const seen = [{ kind: 'connected' as const, reply: plain }]
    if (session === null) {
      const result = await connection.waitUntil(() => false, REPLY_TIMEOUT_MS)
      connection.drop()
      return { slot: step.slot, seen, end: result === 'closed' ? 'closed' : 'open' }
    }
    this.#sessions.set(step.session, session)
    const early = step.early ?? []
    const unanswered = early.map((request) => request.op)
    const slot = { connection, session: step.session, unanswered, nextXid: early.length + 1 }
    this.#slots.set(step.slot, slot)
    if (early.length === 0) return { slot: step.slot, seen }
    const answered = await this.#awaitReplies(step.slot, slot)
    return { ...answered, seen: [...seen, ...answered.seen] }
  }

  /** Gives a new session its name in the run; ids are compared by their distance from the run's first. */
  #nameNew(step: ConnectStep, id: bigint): string {
    const known = this.#sessionNames.get(id)
    if (known !== undefined) return known
    this.#firstSessionId ??= id
    const name = `S${step.session} (id ${id - this.#firstSessionId})`
    this.#sessionNames.set(id, name)
    return name
  }

  #holderOf(session: number): number | null {
    for (const [number, slot] of this.#slots) if (slot.session === session) return number
    return null
  }

  #drop(slot: number): Observation[] {
    this.#slots.get(slot)?.connection.drop()
    this.#slots.delete(slot)
    return []
  }

  async #requests(step: RequestStep): Promise<Observation[]> {
    const slot = this.#slots.get(step.slot)
    if (slot === undefined) return []
    this.#send(slot, step.requests)
    if (step.settle) return [await this.#settle(step.slot, step.requests.length)]
    return [await this.#awaitReplies(step.slot, slot)]
  }

  #send(slot: Slot, requests: readonly Request[]): void {
    const frames = requests.map((request) => {
      slot.unanswered.push(request.op)
      return this.#frame(request, request.xid === undefined ? slot.nextXid++ : request.xid)
    })
    slot.connection.send(frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames))
  }

  #frame(request: Request, xid: number): Buffer {
    return frame(encodeRequest(request, request.xid ?? xid, { lastZxid: this.#lastZxid }))
  }

  async #awaitReplies(number: number, slot: Slot): Promise<Observation> {
    const wanted = slot.unanswered.length
    const result = await slot.connection.waitUntil((frames) => answers(frames) >= wanted, REPLY_TIMEOUT_MS)
    const seen = this.#take(slot)
    if (result === 'frames') return { slot: number, seen }
    this.#drop(number)
    if (result === 'timeout') this.violations.push(`no answer within ${REPLY_TIMEOUT_MS} ms`)
    return { slot: number, seen, end: result === 'closed' ? 'closed' : 'no answer' }
  }

  /**
   * Finds out whether the connection stays open after `wanted` answers at most: by its close, or by a ping's answer.
   * The close is given time, as a server may answer a ping between the answer that says so and the close itself.
   */
  async #settle(number: number, wanted: number): Promise<Observation> {
    const slot = this.#slots.get(number)
    if (slot === undefined) return { slot: number, seen: [] }
    if (wanted > 0) await slot.connection.waitUntil((frames) => answers(frames) >= wanted, SETTLE_TIMEOUT_MS)
    const result = await slot.connection.waitUntil(() => false, CLOSE_WAIT_MS)
    if (result === 'closed') {
      const seen = this.#take(slot)
      this.#drop(number)
      return { slot: number, seen, end: 'closed' }
    }
    const observation = await this.#ping(number)
    return observation.end === undefined ? { ...observation, end: 'open' } : observation
  }

  async #ping(number: number): Promise<Observation> {
    const slot = this.#slots.get(number)
    if (slot === undefined) return { slot: number, seen: [] }
    this.#send(slot, [PING])
    return await this.#awaitReplies(number, slot)
  }

  async #raw(number: number, bytes: Buffer): Promise<Observation[]> {
    const slot = this.#slots.get(number)
    if (slot !== undefined) {
      slot.connection.send(bytes)
      return [await this.#settle(number, 0)]
    }
    const connection = await RawConnection.open(this.port)
    connection.send(bytes)
    const result = await connection.waitUntil((frames) => frames.length > 0, 2000)
    connection.drop()
    return [{ slot: number, seen: [], end: result === 'closed' ? 'closed' : 'open' }]
  }

  async #expire(step: ExpireStep): Promise<Observation[]> {
    const witness = this.#slots.keys().next().value
    if (witness === undefined) return []
    const slot = -1
    const opened = await this.#connect({
      kind: 'connect',
      slot,
      session: step.session,
      resume: false,
      password: 'right',
      timeoutMs: 1,
      zxidsAhead: null,
      readOnly: false,
      protocolVersion: 0
    })
    const worked = await this.#requests({ kind: 'requests', slot, requests: step.requests, settle: false })
    this.#drop(slot)
    const expected = this.#lastZxid + 1n
    const deadline = performance.now() + EXPIRY_TIMEOUT_MS
    const pings: Observation[] = []
    while (this.#lastZxid < expected && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      pings.push(await this.#ping(witness))
    }
    this.unorderedZxids.add(Number(this.#lastZxid))
    return [...opened, ...worked, mergePings(witness, pings)]
  }

  #take(slot: Slot): (Reply | Event)[] {
    return slot.connection.takeFrames().map((payload) => {
      if (isEventFrame(payload)) return decodeEvent(payload)
      const op = slot.unanswered.shift() ?? 0
      const reply = decodeReply(op, payload, this)
      if (BigInt(reply.zxid) > this.#lastZxid) this.#lastZxid = BigInt(reply.zxid)
      if (op === -11) this.unorderedZxids.add(reply.zxid)
      return reply
    })
  }
}

function answers(frames: readonly Buffer[]): number {
  let count = 0
  for (const payload of frames) if (!isEventFrame(payload)) count++
  return count
}

/** The pings that waited for an expiry differ in number: events stay, and the last answer. */
function mergePings(slot: number, pings: readonly Observation[]): Observation {
  const all = pings.flatMap((ping) => ping.seen)
  const last = all.filter((seen) => seen.kind === 'reply').at(-1)
  return { slot, seen: [...all.filter((seen) => seen.kind === 'event'), ...(last === undefined ? [] : [last])] }
}
