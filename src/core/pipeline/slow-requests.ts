import { toHex } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { ClientConnection, Proposal } from '../client-connection.ts'

/**
 * Where the time of a request goes:
 *
 * - `queue`: from its last byte to the step that made a transaction of it; for a read, until it was answered
 * - `prepare`: until its batch went to the log, which takes so many at once
 * - `log`: until this server's own disk had it
 * - `quorum`: until enough others had it; on a learner, until the leader's commit came
 * - `apply`: in the step that applied and answered it
 * - `send`: it waited because its client had not taken earlier replies
 */
export const SLOW_STAGES = ['queue', 'prepare', 'log', 'quorum', 'apply', 'send'] as const
export type SlowStage = (typeof SLOW_STAGES)[number]

/** A request that took longer than it should. */
export interface SlowRequest {
  /** When it was answered, wall clock. */
  readonly wallMs: number
  readonly sessionHi: number
  readonly sessionLo: number
  readonly address: string
  readonly type: number
  readonly xid: number
  /** Of a write; null for a read, whose path is not kept, and for a multi. */
  readonly path: string | null
  /** Of a write; 0 for a read. */
  readonly zxidHi: number
  readonly zxidLo: number
  readonly totalMs: number
  readonly stagesMs: Readonly<Record<SlowStage, number>>
  /** The longest of them. */
  readonly stage: SlowStage
  /** Whose acknowledgement completed the quorum; on a learner, its leader. Null where nobody else was waited for. */
  readonly peer: number | null
}

/** What has been seen of slow requests. */
export interface SlowRequestsView {
  readonly thresholdMs: number
  /** Since the start; those that are not listed, too. */
  readonly count: number
  /** Newest first. */
  readonly newest: readonly SlowRequest[]
}

/** Who is told of requests, of slow ones and of a sample of the others. */
export interface RequestTrace {
  /** One in so many of those that are not slow; 0 = none. */
  readonly every: number
  /** The step is over that has answered it. It is kept by nobody else unless it was slow. */
  answered(request: SlowRequest): void
  /** So many more would have been told, had there not been too many in one step. */
  left(count: number): void
}

type Draft = { -readonly [K in keyof SlowRequest]: SlowRequest[K] } & {
  readonly connection: ClientConnection
  isSlow: boolean
}

const KEPT_COUNT_MAX = 200
/** When a disk stalls, all that waited is slow: the oldest ones say as much as all. */
const LISTED_PER_STEP_MAX = 20
/** Of a sample. */
const TRACED_PER_STEP_MAX = 200
const LINES_PER_SECOND_MAX = 10
/** Batches of the log whose times are kept: more than can be on their way. */
const BATCH_COUNT = 1024
const NO_TIME = -1

/**
 * Finds requests that take longer than a threshold, and says where their time went.
 *
 * perf: a request costs one comparison, a batch of the log three stores; the rest is done for slow ones only (bench/load, set).
 */
export class SlowRequests {
  readonly thresholdMs: number
  /** On a leader: whose acknowledgement has completed the newest quorum. On a learner: its leader. */
  peer: number | null = null
  /** The write that is being committed: what was held behind it is answered with it. */
  committing: Proposal | null = null
  readonly #sequences = new Float64Array(BATCH_COUNT).fill(NO_TIME)
  readonly #openedMs = new Float64Array(BATCH_COUNT)
  readonly #handedMs = new Float64Array(BATCH_COUNT)
  readonly #persistedMs = new Float64Array(BATCH_COUNT)
  #persistedSequence = 0
  #drafts: Draft[] = []
  readonly #kept: SlowRequest[] = []
  #count = 0
  #secondMs = 0
  #lineCount = 0
  #unwrittenCount = 0
  readonly #trace: RequestTrace | null
  readonly #sampleEvery: number
  #untilSample: number
  #sampledCount = 0
  #untracedCount = 0

  /** @param thresholdMs Infinity: no request is slow, and only a sample is told to `trace` */
  constructor(thresholdMs: number, trace: RequestTrace | null = null) {
    this.thresholdMs = thresholdMs
    this.#trace = trace
    this.#sampleEvery = trace?.every ?? 0
    this.#untilSample = this.#sampleEvery
  }

  /** Whether the request that is being answered is one of the sample. */
  isSampled(): boolean {
    if (this.#sampleEvery === 0 || --this.#untilSample > 0) return false
    this.#untilSample = this.#sampleEvery
    return true
  }

  get view(): SlowRequestsView {
    return { thresholdMs: this.thresholdMs, count: this.#count, newest: this.#kept.toReversed() }
  }

  /** A batch goes to the log. @param openedMs clock of the step that began it */
  handed(sequence: number, openedMs: number, nowMs: number): void {
    const place = sequence % BATCH_COUNT
    this.#sequences[place] = sequence
    this.#openedMs[place] = openedMs
    this.#handedMs[place] = nowMs
    this.#persistedMs[place] = NO_TIME
  }

  /** All batches up to this one are durable. */
  persisted(sequence: number, nowMs: number): void {
    const first = Math.max(this.#persistedSequence + 1, sequence - BATCH_COUNT + 1)
    for (let each = first; each <= sequence; each++) this.#persistedMs[each % BATCH_COUNT] = nowMs
    this.#persistedSequence = sequence
  }

  /** A request is answered that has waited longer than the threshold, or is one of the sample. */
  answered(connection: ClientConnection, type: number, xid: number, receivedMs: number, nowMs: number): void {
    const isSlow = nowMs - receivedMs >= this.thresholdMs
    if (isSlow) this.#count++
    this.#draft(connection, type, xid, receivedMs, nowMs, isSlow)
  }

  #draft(
    connection: ClientConnection,
    type: number,
    xid: number,
    receivedMs: number,
    nowMs: number,
    isSlow: boolean
  ): void {
    const isTooMuch = isSlow
      ? this.#drafts.length - this.#sampledCount >= LISTED_PER_STEP_MAX
      : this.#sampledCount >= TRACED_PER_STEP_MAX
    if (isTooMuch) {
      this.#untracedCount++
      return
    }
    if (!isSlow) this.#sampledCount++
    const proposal = this.committing
    const isWrite =
      proposal !== null && proposal.connection === connection && proposal.xid === xid && proposal.txn !== null
    const txn = isWrite ? (proposal.txn as Proposal['txn']) : null
    const body = txn?.body
    this.#drafts.push({
      connection,
      wallMs: 0,
      sessionHi: connection.session?.idHi ?? 0,
      sessionLo: connection.session?.idLo ?? 0,
      address: connection.address,
      type,
      xid,
      path: body !== undefined && 'path' in body && typeof body.path === 'string' ? body.path : null,
      zxidHi: txn?.header.zxidHi ?? 0,
      zxidLo: txn?.header.zxidLo ?? 0,
      totalMs: 0,
      stagesMs: this.#stagesOf(connection, proposal, receivedMs, nowMs),
      stage: 'apply',
      peer: this.#waitedFor(proposal),
      isSlow
    })
  }

  /** Requests of a connection were answered in a step that itself took longer than the threshold, or nearly. */
  answeredInSlowStep(connection: ClientConnection, receivedMs: number, beginMs: number, requestCount: number): void {
    const known = this.#drafts.findLast((draft) => draft.connection === connection)
    if (known?.isSlow === true) return
    this.#count += requestCount
    if (known === undefined) {
      this.#draft(connection, connection.answeredType, connection.lastXid, receivedMs, beginMs, true)
    } else {
      known.isSlow = true
      this.#sampledCount--
    }
  }

  /**
   * The step is over.
   *
   * @param beginMs monotonic clock at its beginning, and
   * @param endMs   when its replies had been written
   * @param warn    gets a line for a slow request; not for each when there are many
   */
  settle(beginMs: number, endMs: number, wallMs: number, warn: (message: string) => void): void {
    if (this.#drafts.length === 0) return
    const applyMs = Math.max(0, Math.round(endMs - beginMs))
    for (const { connection: _, isSlow, ...draft } of this.#drafts) {
      const stagesMs = { ...draft.stagesMs, apply: applyMs }
      const stage = SLOW_STAGES.reduce((longest, each) => (stagesMs[each] > stagesMs[longest] ? each : longest))
      const totalMs = SLOW_STAGES.reduce((sum, each) => sum + stagesMs[each], 0)
      const request = { ...draft, stagesMs, stage, totalMs, wallMs }
      this.#trace?.answered(request)
      if (!isSlow) continue
      if (this.#kept.push(request) > KEPT_COUNT_MAX) this.#kept.shift()
      this.#write(request, endMs, warn)
    }
    if (this.#untracedCount > 0) this.#trace?.left(this.#untracedCount)
    this.#drafts = []
    this.#sampledCount = 0
    this.#untracedCount = 0
  }

  #write(request: SlowRequest, nowMs: number, warn: (message: string) => void): void {
    if (nowMs - this.#secondMs >= 1000) {
      if (this.#unwrittenCount > 0) warn(`slow requests: ${this.#unwrittenCount} more than were written here`)
      this.#secondMs = nowMs
      this.#lineCount = 0
      this.#unwrittenCount = 0
    }
    if (this.#lineCount++ < LINES_PER_SECOND_MAX) warn(describeSlowRequest(request))
    else this.#unwrittenCount++
  }

  /** Their sum is the time from its coming to the beginning of this step. */
  #stagesOf(
    { unblockedMs }: ClientConnection,
    proposal: Proposal | null,
    receivedMs: number,
    nowMs: number
  ): SlowRequest['stagesMs'] {
    const endMs = Math.floor(nowMs)
    const sentMs = Math.min(endMs, Math.max(receivedMs, Math.floor(unblockedMs)))
    const none = { queue: 0, prepare: 0, log: 0, quorum: 0, apply: 0, send: sentMs - receivedMs }
    if (proposal === null) return { ...none, queue: endMs - sentMs }
    const { sequence } = proposal
    // What a learner has forwarded is in none of its batches when it is asked for.
    if (sequence === 0) return { ...none, quorum: endMs - sentMs }
    const place = sequence % BATCH_COUNT
    if (this.#sequences[place] !== sequence) return { ...none, queue: endMs - sentMs }
    const times = [this.#openedMs[place], this.#handedMs[place]].map((time) => clamp(time ?? 0, sentMs, endMs))
    const [openedMs = sentMs, handedMs = sentMs] = times
    const stored = this.#persistedMs[place] ?? NO_TIME
    const isAlone = this.peer === null
    // Others may be a quorum before this server's own disk has it.
    const persistedMs = stored !== NO_TIME ? clamp(stored, handedMs, endMs) : isAlone ? endMs : handedMs
    return {
      ...none,
      queue: openedMs - sentMs,
      prepare: handedMs - openedMs,
      log: persistedMs - handedMs,
      quorum: endMs - persistedMs
    }
  }

  #waitedFor(proposal: Proposal | null): number | null {
    return proposal === null ? null : this.peer
  }
}

/** One line for the log. */
export function describeSlowRequest(request: SlowRequest): string {
  const { type, path, sessionHi, sessionLo, address, xid, zxidHi, zxidLo, totalMs, stagesMs, peer } = request
  const stages = SLOW_STAGES.filter((stage) => stagesMs[stage] > 0).map((stage) => {
    const by = stage === 'quorum' && peer !== null ? ` by server ${peer}` : ''
    return `${stage} ${stagesMs[stage]}${by}`
  })
  const zxid = zxidHi === 0 && zxidLo === 0 ? '' : `, zxid 0x${toHex(zxidHi, zxidLo)}`
  return (
    `slow request: ${operationName(type)}${path === null ? '' : ` of ${printable(path)}`} took ${totalMs} ms: ${stages.join(', ')} ` +
    `(session 0x${toHex(sessionHi, sessionLo)} at ${address}, xid ${xid}${zxid})`
  )
}

const NAMES = new Map<number, string>(Object.entries(OpCode).map(([name, code]) => [code, name]))

/** Of an op code; its number where there is no such operation. */
export function operationName(type: number): string {
  return NAMES.get(type) ?? `operation ${type}`
}

/** A path is the client's text, up to the bytes that a line can take. */
function printable(path: string): string {
  const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path
  return shown.replace(/\p{C}/gu, (unit) => `\\u${(unit.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

function clamp(value: number, least: number, most: number): number {
  return Math.floor(Math.min(most, Math.max(least, value)))
}
