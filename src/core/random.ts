/**
 * A small seeded generator (xorshift32) for what must be spread but need not be secret: snapshot times, back-off.
 *
 * @param seed any number; 0 counts as 1
 * @returns a function that gives numbers in [0, 1)
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}
