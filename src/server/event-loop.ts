import { availableParallelism } from 'node:os'
import { ShortWaits } from '../collections/short-waits.ts'
import { InputBatch } from '../core/input-batch.ts'
import { InputArena } from './net/input-arena.ts'

/** How late a tick must be before its lateness is credited to deadlines. */
const LATE_MS = 50

/** What it takes to fall asleep and be woken is as much as serving a read. */
const SHORT_WAITS = { watchMs: 0.05, shortMs: 0.1 }

/** The machine's monotonic clock in ms, with fractions: it goes on over restarts of this process. */
const bootOffsetMs = Number(process.hrtime.bigint() / 1000n) / 1000 - performance.now()

export function monotonicNowMs(): number {
  return bootOffsetMs + performance.now()
}

/**
 * Gathers inputs as they come from sockets, the log thread and timers, and runs one step over all of them at the end of
 * the turn of Node's event loop: `setImmediate` callbacks run after every socket that was readable has been read.
 *
 * A tick is an input like others and comes last in its batch. After a stall its timer fires before the sockets are
 * read; the step still comes after them, and the lateness is told so that no deadline is missed by the stall alone.
 */
export class EventLoop {
  /** Where the bytes of inputs may lie until the step over them is done. */
  readonly arena = new InputArena()
  #gathering = new InputBatch()
  #running = new InputBatch()
  readonly #runStep: (inputs: InputBatch) => void
  readonly #tickMs: number
  #timer: NodeJS.Timeout | null = null
  #immediate: NodeJS.Immediate | null = null
  /** Null where another thread would have to wait for the processor. */
  readonly #waits = availableParallelism() > 1 ? new ShortWaits(SHORT_WAITS) : null
  #watchUntilMs = 0
  #isWatching = false
  #wakeTimer: NodeJS.Timeout | null = null
  #wakeMs = Number.POSITIVE_INFINITY
  #isTickDue = false
  #lastTickMs = monotonicNowMs()
  readonly #ticked: (lateMs: number) => void

  /**
   * @param tickMs  distance of ticks, ms
   * @param runStep takes the inputs of one turn; its exceptions are the process's end
   * @param ticked  is told with each tick by how much it came late: the turns before it took so long
   */
  constructor(tickMs: number, runStep: (inputs: InputBatch) => void, ticked: (lateMs: number) => void) {
    this.#tickMs = tickMs
    this.#runStep = runStep
    this.#ticked = ticked
  }

  /** Where inputs go; they are taken by the next step, which `schedule` asks for. */
  get inputs(): InputBatch {
    return this.#gathering
  }

  start(): void {
    this.#lastTickMs = monotonicNowMs()
    this.#timer = setInterval(() => {
      this.#isTickDue = true
      this.schedule()
    }, this.#tickMs)
  }

  /** Time stands still for the core from now on: nothing expires any more. */
  stopTicks(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#isTickDue = false
  }

  stop(): void {
    this.stopTicks()
    this.wakeAt(Number.POSITIVE_INFINITY)
    if (this.#immediate !== null) clearImmediate(this.#immediate)
    this.#immediate = null
    this.#watchUntilMs = 0
  }

  /** Whether no step is to come for what has happened so far. */
  get isIdle(): boolean {
    return this.#immediate === null
  }

  /** A step is wanted at this time (monotonic ms), whatever happens; infinite = none is. Only the last call counts. */
  wakeAt(monotonicMs: number): void {
    if (monotonicMs === this.#wakeMs) return
    if (this.#wakeTimer !== null) clearTimeout(this.#wakeTimer)
    this.#wakeTimer = null
    this.#wakeMs = monotonicMs
    if (monotonicMs === Number.POSITIVE_INFINITY) return
    this.#wakeTimer = setTimeout(
      () => {
        this.#wakeTimer = null
        this.#wakeMs = Number.POSITIVE_INFINITY
        this.schedule()
      },
      Math.max(0, Math.ceil(monotonicMs - monotonicNowMs()))
    )
  }

  /** There is an input: a step runs at the end of this turn. */
  schedule(): void {
    this.#immediate ??= setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#immediate = null
    const inputs = this.#gathering
    this.#gathering = this.#running
    this.#running = inputs
    const startMs = monotonicNowMs()
    inputs.monotonicMs = startMs
    this.#waits?.turnBegins(startMs)
    inputs.wallMs = Date.now()
    inputs.lateMs = 0
    if (this.#isTickDue) {
      this.#isTickDue = false
      const lateMs = inputs.monotonicMs - this.#lastTickMs - this.#tickMs
      this.#lastTickMs = inputs.monotonicMs
      inputs.lateMs = lateMs > LATE_MS ? lateMs : 0
      this.#ticked(Math.max(0, lateMs))
      inputs.pushTick()
    }
    this.#runStep(inputs)
    const { count } = inputs
    inputs.clear()
    // Nothing is read while a step runs, so that no bytes are there but those of its inputs.
    this.arena.clear()
    if (this.#waits !== null) this.#watchForMore(this.#waits, count)
  }

  /** While an immediate is due, Node.js asks for input without waiting for it. */
  #watchForMore(waits: ShortWaits, inputCount: number): void {
    const nowMs = monotonicNowMs()
    this.#watchUntilMs = waits.turnEnded(nowMs, inputCount)
    if (this.#watchUntilMs <= nowMs || this.#isWatching) return
    this.#isWatching = true
    setImmediate(this.#watch)
  }

  readonly #watch = (): void => {
    if (monotonicNowMs() < this.#watchUntilMs) setImmediate(this.#watch)
    else this.#isWatching = false
  }
}
