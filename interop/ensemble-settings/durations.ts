import { setTimeout as delay } from 'node:timers/promises'
import { type TcpSocket, tcpSockets } from './tcp-table.ts'

const SAMPLE_MS = 20

/**
 * Looks at the machine's sockets until `count` of those that are meant have come and gone, and tells for how long each was there.
 *
 * @throws Error after `timeoutMs`
 */
export async function lifetimesMs(
  isMeant: (socket: TcpSocket) => boolean,
  count: number,
  timeoutMs: number
): Promise<number[]> {
  const endMs = performance.now() + timeoutMs
  const firstSeenMs = new Map<string, number>()
  const lifetimes: number[] = []
  while (lifetimes.length < count) {
    const nowMs = performance.now()
    if (nowMs > endMs) throw new Error(`${lifetimes.length} sockets of ${count} have come and gone in ${timeoutMs} ms`)
    const there = new Set(tcpSockets().filter(isMeant).map(keyOf))
    for (const key of there) if (!firstSeenMs.has(key)) firstSeenMs.set(key, nowMs)
    for (const [key, sinceMs] of firstSeenMs) {
      if (there.has(key)) continue
      firstSeenMs.delete(key)
      lifetimes.push(nowMs - sinceMs)
    }
    await delay(SAMPLE_MS)
  }
  return lifetimes
}

/**
 * Whether something took as long as a setting says, seen from outside on a busy machine.
 *
 * @returns a text that is the same for all that did
 */
export function asLongAs(lifetimes: readonly number[], settingMs: number): string {
  // The longest: others may have been cut short by something else.
  const longestMs = Math.max(...lifetimes)
  const isRight = longestMs > settingMs * 0.7 && longestMs < settingMs * 2 + 1_000
  return isRight ? `about ${settingMs} ms` : `${Math.round(longestMs)} ms, not about ${settingMs}`
}

function keyOf({ localHost, localPort, remotePort, inode, state }: TcpSocket): string {
  // A socket that is not connected yet belongs to its process, and a port that is listened on may be another socket each time.
  return state === 'listening' ? inode : `${localHost} ${localPort} ${remotePort}`
}
