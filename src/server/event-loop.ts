import { InputBatch } from '../core/input-batch.ts'

/** How late a tick must be before its lateness is credited to deadlines. */
const LATE_MS = 50

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
  #gathering = new InputBatch()
  #running = new InputBatch()
  readonly #runStep: (inputs: InputBatch) => void
  readonly #tickMs: number
  #timer: NodeJS.Timeout | null = null
  #immediate: NodeJS.Immediate | null = null
  #isTickDue = false
  #lastTickMs = monotonicNowMs()

  /**
   * @param tickMs  distance of ticks, ms
   * @param runStep takes the inputs of one turn; its exceptions are the process's end
   */
  constructor(tickMs: number, runStep: (inputs: InputBatch) => void) {
    this.#tickMs = tickMs
    this.#runStep = runStep
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

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    if (this.#immediate !== null) clearImmediate(this.#immediate)
    this.#timer = null
    this.#immediate = null
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
    inputs.monotonicMs = monotonicNowMs()
    inputs.wallMs = Date.now()
    inputs.lateMs = 0
    if (this.#isTickDue) {
      this.#isTickDue = false
      const lateMs = inputs.monotonicMs - this.#lastTickMs - this.#tickMs
      this.#lastTickMs = inputs.monotonicMs
      inputs.lateMs = lateMs > LATE_MS ? lateMs : 0
      inputs.pushTick()
    }
    this.#runStep(inputs)
    inputs.clear()
  }
}
