import { Fifo } from '../collections/fifo.ts'
import type { ZkError } from './errors.ts'
import type { Outstanding } from './request.ts'

/** A request that waits for a connection, with its frame. */
export interface WaitingRequest {
  readonly outstanding: Outstanding
  readonly frame: Buffer
}

/**
 * The requests of a client that have no answer yet: those sent, in the order of their answers, and those that wait for a
 * connection. Its count and bytes are bounded by who adds to it.
 */
export class RequestQueue {
  readonly #sent = new Fifo<Outstanding>()
  readonly #waiting = new Fifo<WaitingRequest>()
  /** All of them in the order of their deadlines; settled ones leave when they come to the front. */
  readonly #byDeadline = new Fifo<Outstanding>()
  #sizeBytes = 0

  /** Count of requests, sent and waiting. */
  get count(): number {
    return this.#sent.size + this.#waiting.size
  }

  /** Bytes of their frames. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get isAnyWaiting(): boolean {
    return this.#waiting.size > 0
  }

  /** Adds one that has been written to the connection. */
  addSent(outstanding: Outstanding): void {
    this.#add(outstanding)
    this.#sent.push(outstanding)
  }

  /** Adds one for the next connection. */
  addWaiting(outstanding: Outstanding, frame: Buffer): void {
    this.#add(outstanding)
    this.#waiting.push({ outstanding, frame })
  }

  /** Turns the waiting ones into sent ones and gives out their frames, but for those that have timed out. */
  *send(): IterableIterator<Buffer> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.outstanding.isSettled) {
        this.#sizeBytes -= next.outstanding.sizeBytes
        continue
      }
      this.#sent.push(next.outstanding)
      yield next.frame
    }
  }

  /** The sent request whose answer comes next, taken out. */
  takeAnswered(): Outstanding | undefined {
    const outstanding = this.#sent.shift()
    if (outstanding !== undefined) this.#sizeBytes -= outstanding.sizeBytes
    return outstanding
  }

  /** Fails those that have been sent: their outcome is unknown. */
  failSent(errorOf: (path: string | null) => ZkError): void {
    for (let next = this.takeAnswered(); next !== undefined; next = this.takeAnswered()) next.fail(errorOf(next.path))
    this.#forgetSettled()
  }

  /** Fails those that wait: they have not been sent. */
  failWaiting(errorOf: (path: string | null) => ZkError): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#sizeBytes -= next.outstanding.sizeBytes
      next.outstanding.fail(errorOf(next.outstanding.path))
    }
    this.#forgetSettled()
  }

  /**
   * Fails what is overdue. What has been sent stays until its answer comes, so that answers keep finding their requests.
   *
   * @returns the next deadline, Infinity for none
   */
  failOverdue(nowMs: number, errorOf: (path: string | null) => ZkError): number {
    for (let next = this.#nextByDeadline(); next !== undefined; next = this.#nextByDeadline()) {
      if (next.deadlineMs > nowMs) return next.deadlineMs
      next.fail(errorOf(next.path))
    }
    return Number.POSITIVE_INFINITY
  }

  #add(outstanding: Outstanding): void {
    this.#sizeBytes += outstanding.sizeBytes
    if (outstanding.deadlineMs === Number.POSITIVE_INFINITY) return
    this.#forgetSettled()
    this.#byDeadline.push(outstanding)
  }

  #nextByDeadline(): Outstanding | undefined {
    this.#forgetSettled()
    return this.#byDeadline.peek()
  }

  #forgetSettled(): void {
    while (this.#byDeadline.peek()?.isSettled === true) this.#byDeadline.shift()
  }
}
