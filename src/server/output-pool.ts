import { JuteWriter } from 'jute-ts'

const INITIAL_BYTES = 16 * 1024
/** Buffers larger than this, which one huge reply made, are not kept. */
const KEPT_BYTES_MAX = 256 * 1024
const KEPT_COUNT_MAX = 64

/**
 * Output buffers that wait for use. A connection takes one with the first reply of a turn and, if the kernel took all
 * of it at once, gives it back at the end of that turn: idle connections hold none.
 */
export class OutputPool {
  readonly #free: JuteWriter[] = []

  take(): JuteWriter {
    return this.#free.pop() ?? new JuteWriter(INITIAL_BYTES)
  }

  /** The writer's bytes must not be in use any more. */
  giveBack(writer: JuteWriter): void {
    if (this.#free.length >= KEPT_COUNT_MAX || writer.buffer.length > KEPT_BYTES_MAX) return
    this.#free.push(writer.reset())
  }
}
