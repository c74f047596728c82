import { JuteWriter } from 'jute-ts'
import { encodeTxn, type Txn } from '../../protocol/txn.ts'
import type { Metrics } from '../metrics.ts'
import type { Outbox } from '../outbox.ts'
import type { CoreSettings } from './core-settings.ts'
import type { SlowRequests } from './slow-requests.ts'

/**
 * Batches handed to the log and not yet durable; while there are so many, or so many bytes of them, the next one gathers.
 * The log puts a commit off while it sees that more is coming, so a batch is not kept from it without need.
 */
const IN_FLIGHT_BATCHES_MAX = 32
const IN_FLIGHT_BYTES_MAX = 2 * 1024 * 1024
/** A batch is closed before its body would exceed this size; a larger transaction has one for itself. */
const BATCH_BYTES_MAX = 1024 * 1024
/** A body buffer that one huge transaction made larger than this is let go afterwards. */
const KEPT_BUFFER_BYTES_MAX = 4 * BATCH_BYTES_MAX
/** Before each transaction of a batch. */
const LENGTH_BYTES = 4
const SENT_FIELDS = 5
const SENT_AT = 3

/**
 * Gathers transactions into batches for the log: group commit without a timer. A batch goes out at the end of the
 * step, or waits, still gathering, while the log is busy with those before it.
 *
 * With `flushDelay` a batch that is not full also waits until the last one is that old, or until no transaction has come
 * for `maxWriteQueuePollTime`.
 * @see `SyncRequestProcessor`
 */
export class LogBatcher {
  readonly #settings: CoreSettings
  readonly #metrics: Metrics
  readonly #ready: Batch[] = []
  #open: Batch
  #sequence = 1
  #persistedSequence = 0
  #sentSequence = 0
  #lastZxidHi = 0
  #lastZxidLo = 0
  #persistedZxidHi = 0
  #persistedZxidLo = 0
  /** Of each batch under way: sequence, last zxid, when it was sent and its bytes, five numbers a batch. */
  readonly #sent: number[] = []
  #sentBytes = 0
  #spare: JuteWriter | null = null
  /** Where the transaction added last is: its batch may be closed already. */
  #lastBody: JuteWriter
  #lastStart = 0
  readonly #slow: SlowRequests | null
  #lastFlushMs = Number.NEGATIVE_INFINITY
  #lastAddMs = 0

  /** @param slow is told when each batch went to the log, and when it was durable */
  constructor(settings: CoreSettings, metrics: Metrics, slow: SlowRequests | null = null) {
    this.#slow = slow
    this.#settings = settings
    this.#metrics = metrics
    this.#open = new Batch(this.#sequence)
    this.#lastBody = this.#open.body
  }

  /** Bytes of the transaction added last. Valid until the next one is added, or batches are sent. */
  get lastEncoded(): Uint8Array {
    const { buffer, offset } = this.#lastBody
    return buffer.subarray(this.#lastStart + LENGTH_BYTES, offset)
  }

  /** Zxid up to which everything is durable; zero before the first batch is. */
  get persistedZxidHi(): number {
    return this.#persistedZxidHi
  }

  get persistedZxidLo(): number {
    return this.#persistedZxidLo
  }

  /** Zxid of the newest transaction added, or set by `moveTo`. */
  get lastZxidHi(): number {
    return this.#lastZxidHi
  }

  get lastZxidLo(): number {
    return this.#lastZxidLo
  }

  /** What is stored ends at this zxid now: at the start, after a truncation or with a leader's snapshot. */
  moveTo(zxidHi: number, zxidLo: number): void {
    this.#lastZxidHi = zxidHi
    this.#lastZxidLo = zxidLo
  }

  /** When the batch was handed to the log that has been on its way longest; infinite if none is. */
  get oldestSentMs(): number {
    return this.#sent[SENT_AT] ?? Number.POSITIVE_INFINITY
  }

  /** The process stood still for so long, which is no fault of the disk. */
  postpone(deltaMs: number): void {
    for (let index = SENT_AT; index < this.#sent.length; index += SENT_FIELDS) {
      this.#sent[index] = (this.#sent[index] as number) + deltaMs
    }
  }

  /** Whether everything added is durable. */
  get isQuiet(): boolean {
    return this.#open.txnCount === 0 && this.#ready.length === 0 && this.#sentSequence === this.#persistedSequence
  }

  /** Sequence of the newest transaction taken: what a mark in the order of writes waits for. */
  get lastSequence(): number {
    return this.#open.txnCount > 0 ? this.#open.sequence : this.#open.sequence - 1
  }

  /** Newest sequence known to be durable. */
  get persistedSequence(): number {
    return this.#persistedSequence
  }

  /** When the open batch may go; infinite while it is empty, or the log is busy. */
  get nextFlushMs(): number {
    if (this.#open.txnCount === 0 || this.#isLogBusy) return Number.POSITIVE_INFINITY
    const { flushDelayMs, maxWriteQueuePollTimeMs } = this.#settings
    return Math.min(this.#lastFlushMs + flushDelayMs, this.#lastAddMs + maxWriteQueuePollTimeMs)
  }

  /** Adds a transaction and returns the sequence that will be durable with it. */
  add(txn: Txn, nowMs: number): number {
    const { body, endOffset } = this.#open
    body.offset = endOffset // what could not be encoded is written over
    body.writeInt(0)
    encodeTxn(body, txn)
    body.buffer.writeInt32BE(body.offset - endOffset - LENGTH_BYTES, endOffset)
    return this.#added(txn.header.zxidHi, txn.header.zxidLo, nowMs)
  }

  /** The same for a transaction as a leader sent it. */
  addEncoded(zxidHi: number, zxidLo: number, bytes: Uint8Array, nowMs: number): number {
    const { body, endOffset } = this.#open
    body.offset = endOffset
    body.writeInt(bytes.length)
    body.writeBytes(bytes)
    return this.#added(zxidHi, zxidLo, nowMs)
  }

  /** Counts the transaction at the end of the open batch's body, which goes to the next batch if it is too much for this one. */
  #added(zxidHi: number, zxidLo: number, nowMs: number): number {
    const { body, endOffset, txnCount } = this.#open
    if (txnCount > 0 && body.offset > BATCH_BYTES_MAX) {
      const moved = body.buffer.subarray(endOffset, body.offset)
      body.offset = endOffset
      this.#close()
      this.#open.body.writeBytes(moved)
    }
    const batch = this.#open
    this.#lastBody = batch.body
    this.#lastStart = batch.endOffset
    if (batch.txnCount === 0) batch.openedMs = nowMs
    this.#lastAddMs = nowMs
    this.#lastZxidHi = zxidHi
    this.#lastZxidLo = zxidLo
    batch.added(zxidHi, zxidLo)
    if (batch.txnCount >= this.#settings.maxBatchSize) this.#close()
    return batch.sequence
  }

  /** Sends what may be sent. Returns its bytes. */
  flush(out: Outbox, nowMs: number): number {
    return this.#send(out, nowMs, false)
  }

  /** Sends everything, so that what the storage is asked for next comes behind all that was added. Returns its bytes. */
  handOver(out: Outbox, nowMs: number): number {
    return this.#send(out, nowMs, true)
  }

  #send(out: Outbox, nowMs: number, isAll: boolean): number {
    let bytes = 0
    while (isAll || !this.#isLogBusy) {
      if (this.#ready.length === 0) {
        const mayWait = !isAll && this.#settings.flushDelayMs > 0
        if (this.#open.txnCount === 0 || (mayWait && nowMs < this.nextFlushMs)) break
        this.#close()
      }
      const batch = this.#ready.shift()
      if (batch === undefined) break
      bytes += batch.body.offset
      this.#lastFlushMs = nowMs
      this.#sentSequence = batch.sequence
      this.#sent.push(batch.sequence, batch.lastZxidHi, batch.lastZxidLo, nowMs, batch.body.offset)
      this.#sentBytes += batch.body.offset
      this.#metrics.proposalProcessTime.addMany(Math.floor(nowMs) - Math.floor(batch.openedMs), batch.txnCount)
      this.#slow?.handed(batch.sequence, batch.openedMs, nowMs)
      out.persist(batch.sequence, {
        firstZxidHi: batch.firstZxidHi,
        firstZxidLo: batch.firstZxidLo,
        lastZxidHi: batch.lastZxidHi,
        lastZxidLo: batch.lastZxidLo,
        txnCount: batch.txnCount,
        body: batch.body.bytes()
      })
      this.#recycle(batch)
    }
    return bytes
  }

  get #isLogBusy(): boolean {
    if (this.#sentSequence - this.#persistedSequence >= IN_FLIGHT_BATCHES_MAX) return true
    return this.#sentBytes >= IN_FLIGHT_BYTES_MAX
  }

  /** @param nowMs monotonic clock; for measurements only */
  persisted(sequence: number, nowMs: number): void {
    if (sequence <= this.#persistedSequence) return
    this.#slow?.persisted(sequence, nowMs)
    this.#persistedSequence = sequence
    while (this.#sent.length > 0 && (this.#sent[0] as number) <= sequence) {
      const [, zxidHi, zxidLo, , bytes] = this.#sent.splice(0, SENT_FIELDS)
      this.#persistedZxidHi = zxidHi as number
      this.#persistedZxidLo = zxidLo as number
      this.#sentBytes -= bytes as number
    }
  }

  #close(): void {
    this.#open.body.offset = this.#open.endOffset
    this.#ready.push(this.#open)
    this.#open = new Batch(++this.#sequence, this.#spare ?? new JuteWriter(4096))
    this.#spare = null
  }

  #recycle(batch: Batch): void {
    if (batch.body.buffer.length <= KEPT_BUFFER_BYTES_MAX) this.#spare = batch.body.reset()
  }
}

class Batch {
  readonly sequence: number
  readonly body: JuteWriter
  /** Where the transactions in the body end. */
  endOffset = 0
  txnCount = 0
  /** Clock of the step that added the first transaction. */
  openedMs = 0
  firstZxidHi = 0
  firstZxidLo = 0
  lastZxidHi = 0
  lastZxidLo = 0

  constructor(sequence: number, body: JuteWriter = new JuteWriter(4096)) {
    this.sequence = sequence
    this.body = body
  }

  /** Counts what has been written behind `endOffset`: a transaction, its length before it. */
  added(zxidHi: number, zxidLo: number): void {
    if (this.txnCount++ === 0) {
      this.firstZxidHi = zxidHi
      this.firstZxidLo = zxidLo
    }
    this.lastZxidHi = zxidHi
    this.lastZxidLo = zxidLo
    this.endOffset = this.body.offset
  }
}
