/** Room for a turn of a thousand connections with small requests. */
const PAGE_BYTES = 256 * 1024

/**
 * Memory for what is read in one turn: frames lie there until the step over them is done, and then it is used again.
 * A turn that reads more than a page gets further pages, which are not kept.
 */
export class InputArena {
  readonly #first = Buffer.allocUnsafeSlow(PAGE_BYTES)
  #page = this.#first
  #used = 0

  /** The page on which the bytes kept last are. */
  get page(): Buffer {
    return this.#page
  }

  /**
   * Copies the first bytes of a buffer.
   *
   * @returns where they begin in `page`
   */
  keep(source: Buffer, length: number): number {
    if (this.#used + length > this.#page.length) {
      this.#page = Buffer.allocUnsafeSlow(Math.max(PAGE_BYTES, length))
      this.#used = 0
    }
    const start = this.#used
    copyBytes(source, this.#page, start, length)
    this.#used = start + length
    return start
  }

  /** Nothing of what was kept is in use any more. */
  clear(): void {
    this.#page = this.#first
    this.#used = 0
  }
}

/** perf: up to this length a loop is faster than the call of native code; a small request has 40 bytes. */
const LOOP_BYTES_MAX = 64

function copyBytes(source: Buffer, target: Buffer, targetStart: number, length: number): void {
  if (length > LOOP_BYTES_MAX) {
    source.copy(target, targetStart, 0, length)
    return
  }
  for (let index = 0; index < length; index++) target[targetStart + index] = source[index] as number
}
