import { readSync } from 'node:fs'

const STDIN = 0
const NEWLINE = 0x0a

/** The next line of standard input, without its end; null when there are no more. Blocks until it is there. */
export function readLine(): string | null {
  const byte = Buffer.alloc(1)
  const bytes: number[] = []
  while (readSync(STDIN, byte) > 0) {
    const [value = 0] = byte
    if (value === NEWLINE) return Buffer.from(bytes).toString()
    bytes.push(value)
  }
  return bytes.length === 0 ? null : Buffer.from(bytes).toString()
}
