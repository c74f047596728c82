import { randomFillSync } from 'node:crypto'
import type { NewId } from './request-spans.ts'

const POOL_BYTES = 4096

/** Ids of random bytes in hex. perf: random bytes are asked for in bulk, as each call for them takes longer than all else about a span. */
export function randomIds(): NewId {
  const pool = Buffer.alloc(POOL_BYTES)
  let hex = ''
  let next = 0
  return (bytes) => {
    const length = 2 * bytes
    if (next + length > hex.length) {
      hex = randomFillSync(pool).toString('hex')
      next = 0
    }
    next += length
    return hex.slice(next - length, next)
  }
}
