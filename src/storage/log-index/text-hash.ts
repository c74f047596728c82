/** Two hashes of a text that goes on: a path's is made from that of the path above. */
export interface TextHash {
  readonly hi: number
  readonly lo: number
}

export const EMPTY_TEXT_HASH: TextHash = { hi: 0x811c9dc5 | 0, lo: 0x2545f491 }

/** The hash of a text with a part of another one behind it, from one UTF-16 unit to before another. */
export function hashOn({ hi, lo }: TextHash, text: string, start: number, end: number): TextHash {
  let [high, low] = [hi, lo]
  for (let index = start; index < end; index++) {
    const unit = text.charCodeAt(index)
    high = Math.imul(high ^ unit, 0x01000193) // FNV-1a
    // As the rounds of MurmurHash3: of another kind, so that two texts with the same half differ in the other one.
    const mixed = Math.imul(unit + 1, 0xcc9e2d51)
    low ^= Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
    low = (Math.imul((low << 13) | (low >>> 19), 5) + 0xe6546b64) | 0
  }
  return { hi: high, lo: low }
}

/** The 64 bits by which texts are told apart: all units have a part in all of them. */
export function finished({ hi, lo }: TextHash): TextHash {
  const high = Math.imul(hi ^ (hi >>> 16), 0x85ebca6b)
  const low = Math.imul(lo ^ (lo >>> 16), 0xc2b2ae35)
  return { hi: high ^ (high >>> 13), lo: low ^ (low >>> 15) }
}
