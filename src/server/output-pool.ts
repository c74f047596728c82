import { JuteWriter } from 'jute-ts'

const INITIAL_BYTES = 4 * 1024
/** Buffers larger than this, which one huge reply made, are not kept. */
const KEPT_BYTES_MAX = 256 * 1024
/** Of all kept buffers: a turn of a thousand connections with small replies finds one for each. */
const KEPT_TOTAL_BYTES_MAX = 4 * 1024 * 1024

/**
 * Output buffers that wait for use. A connection takes one with the first reply of a turn and, if the kernel took all
 * of it at once, gives it back at the end of that turn: idle connections hold none.
 */
export class OutputPool {
  readonly #free: JuteWriter[] = []
  #freeBytes = 0

  take(): JuteWriter {
    const writer = this.#free.pop()
    if (writer === undefined) return new JuteWriter(INITIAL_BYTES)
    this.#freeBytes -= writer.buffer.length
    return writer
  }

  /** The writer's bytes must not be in use any more. */
  giveBack(writer: JuteWriter): void {
    const { length } = writer.buffer
    if (length > KEPT_BYTES_MAX || this.#freeBytes + length > KEPT_TOTAL_BYTES_MAX) return
    this.#freeBytes += length
    this.#free.push(writer.reset())
  }
}
