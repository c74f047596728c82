import { writeSync } from 'node:fs'

/** Takes what a tool prints. */
export interface TextOutput {
  write(text: string): void
}

const BUFFERED_LENGTH_MAX = 64 * 1024
const STDOUT = 1
/** Exit code of a program that wrote to a pipe which nobody reads any more, as shells have it. */
const EXIT_BROKEN_PIPE = 141

/**
 * Standard output in large pieces, written before `write` goes on: a dump may have millions of lines, which must not pile
 * up in memory. Ends the process when nobody reads any more.
 */
export class StandardOutput implements TextOutput {
  #parts: string[] = []
  #length = 0

  write(text: string): void {
    this.#parts.push(text)
    this.#length += text.length
    if (this.#length >= BUFFERED_LENGTH_MAX) this.flush()
  }

  flush(): void {
    const bytes = Buffer.from(this.#parts.join(''))
    this.#parts = []
    this.#length = 0
    for (let at = 0; at < bytes.length; ) at += writeSome(bytes.subarray(at))
  }
}

function writeSome(bytes: Buffer): number {
  try {
    return writeSync(STDOUT, bytes)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException // the file system throws nothing else
    if (code === 'EPIPE') process.exit(EXIT_BROKEN_PIPE)
    // A pipe that is full, and that somebody has made non-blocking.
    if (code === 'EAGAIN') return 0
    throw error
  }
}
