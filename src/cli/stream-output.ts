import type { Writable } from 'node:stream'
import type { Output } from './command.ts'

/** The shell's text on two streams. */
export function streamOutput(stdout: Writable, stderr: Writable): Output {
  return {
    out: (line) => stdout.write(`${line}\n`),
    err: (line) => stderr.write(`${line}\n`),
    outRaw: (text) => stdout.write(text)
  }
}
