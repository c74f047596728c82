import type { Duplex } from 'node:stream'
import { type Chunk, inSlices } from '../slices.ts'

/** A client that takes nothing of a long answer for so long is cut off. */
const IDLE_MS = 30_000

/**
 * Sends a text whose pieces are made as they are needed, in slices, no faster than its client takes it, and ends the
 * connection. The first slice is made before this returns. A client that goes away ends it.
 *
 * @param idleMs after which a client that takes nothing is cut off
 */
export function sendText(socket: Duplex, pieces: Iterable<string>, idleMs: number = IDLE_MS): void {
  const chunks = inSlices(pieces)
  const goOn = (): void => {
    while (!socket.destroyed && !socket.writableEnded) {
      const next = chunks.next()
      if (next.done === true) socket.end()
      else if (!sendOne(socket, next.value, idleMs, goOn)) return
    }
    chunks.return(undefined)
  }
  goOn()
}

/** @returns false if `goOn` will be called for the next one, or the connection has gone */
function sendOne(socket: Duplex, { text, isSliceOver }: Chunk, idleMs: number, goOn: () => void): boolean {
  const isTaken = text === '' || socket.write(text, 'utf8')
  if (isTaken && !isSliceOver) return true
  if (isTaken) setImmediate(goOn)
  else awaitDrained(socket, idleMs, goOn)
  return false
}

function awaitDrained(socket: Duplex, idleMs: number, goOn: () => void): void {
  const settle = (): void => {
    clearTimeout(timer)
    socket.removeListener('drain', settle)
    socket.removeListener('close', settle)
    // In a turn of its own: what was sent may have been the answer's slice before.
    setImmediate(goOn)
  }
  const timer = setTimeout(() => socket.destroy(), idleMs)
  socket.once('drain', settle)
  socket.once('close', settle)
}
