/** perf: bench/tree.ts; below this a loop is faster than native code and the view that it needs. */
const LOOP_LENGTH_MAX = 32

/** Copies `length` bytes between memories that do not overlap. */
export function copyBytes(from: Buffer, start: number, to: Buffer, toStart: number, length: number): void {
  if (length > LOOP_LENGTH_MAX) {
    to.set(new Uint8Array(from.buffer, from.byteOffset + start, length), toStart)
    return
  }
  for (let index = 0; index < length; index++) to[toStart + index] = from[start + index] as number // in range
}
