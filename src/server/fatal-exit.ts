import { writeSync } from 'node:fs'

const STDERR = 2

/**
 * Ends the process at once, with one line that says why. `process.exit` would join worker threads, and so can hang
 * behind a native call for seconds; a server that cannot go on must not linger.
 */
export function exitAtOnce(message: string): never {
  try {
    writeSync(STDERR, `zoonode: FATAL: ${message.replaceAll('\n', ' ')}\n`)
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
  throw new Error(message)
}
