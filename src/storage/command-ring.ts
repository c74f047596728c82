import type { MessagePort } from 'node:worker_threads'
import { receiveMessageOnPort } from 'node:worker_threads'
import type { SharedMemory } from './shared-memory.ts'
import { ControlWord } from './shared-memory.ts'

/**
 * The ordered ring of commands from the main thread to the log thread. The log thread sleeps in Atomics.wait, where it
 * hears no messages; so everything for it goes through here, in order. One writer, one reader, neither waits for the
 * other to look at it.
 *
 * A record is laid out at a multiple of 8 and never wraps; `pad` records fill the end of the ring.
 *
 * | offset | size | field       |                                                               |
 * |--------|------|-------------|---------------------------------------------------------------|
 * | 0      | 4    | kind        | `RecordKind`                                                  |
 * | 4      | 4    | bodyBytes   | of the body, wherever it is                                   |
 * | 8      | 8    | sequence    | float64: a batch's sequence, a request's id                   |
 * | 16     | 16   | zxids       | first hi, first lo, last hi, last lo (int32); batches only    |
 * | 32     | 4    | txnCount    | batches only                                                  |
 * | 36     | 4    | isLarge     | 1: the body is not here, it went ahead on the message port    |
 * | 40     | n    | body        | padded to 8                                                   |
 */

/** `done` is a request that was taken out of turn. */
export const RecordKind = { pad: 0, batch: 1, request: 2, done: 3 } as const

const HEADER_BYTES = 40
/**
 * Larger bodies, and those of more than an eighth of the ring, go through the message port: they would take the ring
 * from all others, or never fit.
 */
const INLINE_BODY_BYTES_MAX = 256 * 1024
/** Most bytes of large bodies on their way, unless there is only one. */
export const LARGE_BODY_BYTES_MAX = 64 * 1024 * 1024
/** Kept free by batches, so that requests (purge, close) still get in when the ring is full of batches. */
const RESERVED_FOR_REQUESTS_BYTES = 16 * 1024

const EMPTY = new Uint8Array(0)

function recordBytes(bodyBytes: number): number {
  return (HEADER_BYTES + bodyBytes + 7) & ~7
}

/** The main thread's end. */
export class RingWriter {
  readonly #memory: SharedMemory
  readonly #largeBodies: MessagePort
  #head = 0
  #largeBytesSent = 0
  readonly #inlineBytesMax: number

  constructor(memory: SharedMemory, largeBodies: MessagePort) {
    this.#memory = memory
    this.#inlineBytesMax = Math.min(INLINE_BODY_BYTES_MAX, memory.ringBytes / 8)
    this.#largeBodies = largeBodies
  }

  /** Puts a batch; copies its body. Returns false, and does nothing, when there is no room. */
  putBatch(
    sequence: number,
    firstHi: number,
    firstLo: number,
    lastHi: number,
    lastLo: number,
    txnCount: number,
    body: Uint8Array
  ): boolean {
    const isLarge = body.length > this.#inlineBytesMax
    if (isLarge && !this.#hasRoomForLarge(body.length)) return false
    const at = this.#claim(recordBytes(isLarge ? 0 : body.length), RESERVED_FOR_REQUESTS_BYTES)
    if (at === -1) return false
    if (isLarge) this.#sendLarge(body)
    const { view } = this.#memory
    view.setInt32(at, RecordKind.batch, true)
    view.setInt32(at + 4, body.length, true)
    view.setFloat64(at + 8, sequence, true)
    view.setInt32(at + 16, firstHi, true)
    view.setInt32(at + 20, firstLo, true)
    view.setInt32(at + 24, lastHi, true)
    view.setInt32(at + 28, lastLo, true)
    view.setInt32(at + 32, txnCount, true)
    view.setInt32(at + 36, isLarge ? 1 : 0, true)
    if (!isLarge) this.#memory.bytes.set(body, at + HEADER_BYTES)
    Atomics.add(this.#memory.control, ControlWord.txns, txnCount)
    this.#publish(recordBytes(isLarge ? 0 : body.length))
    return true
  }

  /** Puts a request (its text in UTF-8, at most a few KiB). Returns false, and does nothing, when there is no room. */
  putRequest(id: number, body: Uint8Array): boolean {
    const at = this.#claim(recordBytes(body.length), 0)
    if (at === -1) return false
    const { view } = this.#memory
    view.setInt32(at, RecordKind.request, true)
    view.setInt32(at + 4, body.length, true)
    view.setFloat64(at + 8, id, true)
    view.setInt32(at + 36, 0, true)
    this.#memory.bytes.set(body, at + HEADER_BYTES)
    this.#publish(recordBytes(body.length))
    return true
  }

  /** Offset for a record of `bytes`, after padding if it would wrap; -1 when that leaves less than `reserve` free. */
  #claim(bytes: number, reserve: number): number {
    const { ringBytes, control, view } = this.#memory
    const free = ringBytes - ((this.#head - Atomics.load(control, ControlWord.tail)) >>> 0)
    const at = this.#head & (ringBytes - 1)
    const untilEnd = ringBytes - at
    if (bytes <= untilEnd) return bytes + reserve <= free ? at : -1
    if (untilEnd + bytes + reserve > free) return -1
    view.setInt32(at, RecordKind.pad, true)
    this.#head = (this.#head + untilEnd) >>> 0
    return 0
  }

  #publish(bytes: number): void {
    this.#head = (this.#head + bytes) >>> 0
    Atomics.store(this.#memory.control, ControlWord.head, this.#head | 0)
    Atomics.notify(this.#memory.control, ControlWord.head)
  }

  #hasRoomForLarge(bytes: number): boolean {
    const onTheWay = (this.#largeBytesSent - Atomics.load(this.#memory.control, ControlWord.largeBytesDone)) >>> 0
    return onTheWay === 0 || onTheWay + bytes <= LARGE_BODY_BYTES_MAX
  }

  #sendLarge(body: Uint8Array): void {
    const copy = new Uint8Array(body.length)
    copy.set(body)
    this.#largeBodies.postMessage(copy, [copy.buffer])
    this.#largeBytesSent = (this.#largeBytesSent + body.length) >>> 0
  }
}

/**
 * The log thread's end: a cursor that goes over the records that are there, and a tail that follows when they are done.
 * The fields tell about the record at the cursor after `next()` returned true.
 */
export class RingReader {
  readonly #memory: SharedMemory
  readonly #largeBodies: MessagePort
  /** Large bodies received and not yet released, oldest first; the cursor may pass them more than once. */
  readonly #received: Uint8Array[] = []
  #tail = 0
  #cursor = 0
  #largePassed = 0
  /** Transactions passed by the cursor since the last release, and all before that (modulo 2^32). */
  #txnsPassed = 0
  #txnsReleased = 0
  #at = 0

  kind: number = RecordKind.pad
  sequence = 0
  firstHi = 0
  firstLo = 0
  lastHi = 0
  lastLo = 0
  txnCount = 0
  body: Uint8Array = EMPTY

  constructor(memory: SharedMemory, largeBodies: MessagePort) {
    this.#memory = memory
    this.#largeBodies = largeBodies
  }

  /** Tells whether nothing is left behind the cursor. */
  isEmpty(): boolean {
    return Atomics.load(this.#memory.control, ControlWord.head) >>> 0 === this.#cursor
  }

  /** Sleeps until there is a record behind the cursor, at most `timeoutMs`. */
  wait(timeoutMs = Number.POSITIVE_INFINITY): void {
    Atomics.wait(this.#memory.control, ControlWord.head, this.#cursor | 0, timeoutMs)
  }

  /** What `waitForMore` compares with: to be read before what decides whether to wait. */
  get mark(): number {
    return Atomics.load(this.#memory.control, ControlWord.head)
  }

  /** Transactions of the batches behind the cursor; one that is just being put may be among them. */
  get queuedTxns(): number {
    return (Atomics.load(this.#memory.control, ControlWord.txns) - this.#txnsReleased - this.#txnsPassed) | 0
  }

  /** Sleeps until a record has been put since `mark` was read, at most `timeoutMs`. */
  waitForMore(mark: number, timeoutMs: number): void {
    Atomics.wait(this.#memory.control, ControlWord.head, mark, timeoutMs)
  }

  /** The kind of the record that `next` would step onto; -1 when there is none. */
  peekKind(): number {
    const { view, ringBytes, control } = this.#memory
    if (this.#cursor === Atomics.load(control, ControlWord.head) >>> 0) return -1
    const kind = view.getInt32(this.#cursor & (ringBytes - 1), true)
    return kind === RecordKind.pad ? view.getInt32(0, true) : kind
  }

  /** Steps onto the next record; false when there is none. */
  next(): boolean {
    const { view, ringBytes, control } = this.#memory
    if (this.#cursor === Atomics.load(control, ControlWord.head) >>> 0) return false
    let at = this.#cursor & (ringBytes - 1)
    if (view.getInt32(at, true) === RecordKind.pad) {
      this.#cursor = (this.#cursor + ringBytes - at) >>> 0
      at = 0
    }
    this.#read(at)
    return true
  }

  /**
   * Shows every request behind the cursor to `take`, in order; those for which it returns true count as done and will
   * not come again. The cursor stays where it is.
   */
  takeRequestsAhead(take: (id: number, body: Uint8Array) => boolean): void {
    const cursor = this.#cursor
    const largePassed = this.#largePassed
    const txnsPassed = this.#txnsPassed
    try {
      while (this.next()) {
        if (this.kind !== RecordKind.request || !take(this.sequence, this.body)) continue
        this.#memory.view.setInt32(this.#at, RecordKind.done, true)
      }
    } finally {
      this.#cursor = cursor
      this.#largePassed = largePassed
      this.#txnsPassed = txnsPassed
    }
  }

  /** Puts the cursor back to the oldest record that was not released. */
  rewind(): void {
    this.#cursor = this.#tail
    this.#largePassed = 0
    this.#txnsPassed = 0
  }

  /** Frees everything before the cursor for the writer. */
  release(): void {
    let largeBytes = 0
    for (const body of this.#received.splice(0, this.#largePassed)) largeBytes += body.length
    this.#largePassed = 0
    this.#txnsReleased = (this.#txnsReleased + this.#txnsPassed) | 0
    this.#txnsPassed = 0
    this.body = EMPTY
    this.#tail = this.#cursor
    if (largeBytes > 0) Atomics.add(this.#memory.control, ControlWord.largeBytesDone, largeBytes)
    Atomics.store(this.#memory.control, ControlWord.tail, this.#tail | 0)
  }

  #read(at: number): void {
    const { view, bytes } = this.#memory
    const bodyBytes = view.getInt32(at + 4, true)
    const isLarge = view.getInt32(at + 36, true) === 1
    this.#at = at
    this.kind = view.getInt32(at, true)
    this.sequence = view.getFloat64(at + 8, true)
    this.firstHi = view.getInt32(at + 16, true)
    this.firstLo = view.getInt32(at + 20, true)
    this.lastHi = view.getInt32(at + 24, true)
    this.lastLo = view.getInt32(at + 28, true)
    this.txnCount = view.getInt32(at + 32, true)
    if (this.kind === RecordKind.batch) this.#txnsPassed += this.txnCount
    this.body = isLarge ? this.#large() : bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + bodyBytes)
    this.#cursor = (this.#cursor + recordBytes(isLarge ? 0 : bodyBytes)) >>> 0
  }

  #large(): Uint8Array {
    if (this.#largePassed === this.#received.length) {
      const message: unknown = receiveMessageOnPort(this.#largeBodies)?.message
      if (!(message instanceof Uint8Array)) throw new Error('a large body announced in the ring did not come')
      this.#received.push(message)
    }
    const body = this.#received[this.#largePassed++]
    if (body === undefined) throw new Error('a large body is missing')
    return body
  }
}
