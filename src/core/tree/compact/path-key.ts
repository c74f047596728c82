const SLASH = 0x2f
const SCRATCH_BYTES = 256

/**
 * A path taken apart for look-up: its UTF-8 bytes, its hash, and the same of its parent.
 *
 * Hashes are built up from left to right, so that of the parent comes by the way. Clients choose paths: start and
 * multiplier depend on a seed that they don't know, so that they cannot choose paths which collide.
 */
export class PathKey {
  bytes: Buffer = Buffer.alloc(SCRATCH_BYTES)
  start = 0
  end = 0
  hash = 0
  /** Index of the last slash in `bytes`; -1 if there is none. */
  slash = -1
  parentHash = 0
  readonly #start: number
  readonly #multiplier: number
  #scratch = this.bytes
  /** perf: bench/tree.ts; a create looks up the parent and the path, and enters the path. */
  #text: string | null = null

  constructor(seed: number) {
    this.#start = Math.imul(seed, 0x9e3779b1) ^ 0x2545f491
    // Odd, and large whatever the seed.
    this.#multiplier = (0x5bd1e995 ^ (Math.imul(seed ^ (seed >>> 16), 0x85ebca6b) & 0x0ffffff0)) | 1
  }

  ofText(text: string): void {
    if (this.#text !== null && text === this.#text) return
    const { length } = text
    if (this.#scratch.length < 3 * length) this.#scratch = Buffer.alloc(4 * length)
    const bytes = this.#scratch
    const multiplier = this.#multiplier
    let hash = this.#start
    let slash = -1
    let parentHash = 0
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit === SLASH) {
        slash = index
        parentHash = hash
      } else if (unit > 0x7f) {
        this.ofBytes(bytes, 0, bytes.write(text))
        this.#text = text
        return
      }
      bytes[index] = unit
      const mixed = Math.imul(hash ^ unit, multiplier)
      hash = mixed ^ (mixed >>> 15)
    }
    this.#set(bytes, 0, length, hash, slash, parentHash)
    this.#text = text
  }

  /** The bytes are kept, not copied: the key is good until they change. */
  ofBytes(bytes: Buffer, start: number, end: number): void {
    const multiplier = this.#multiplier
    let hash = this.#start
    let slash = -1
    let parentHash = 0
    for (let index = start; index < end; index++) {
      const byte = bytes[index] as number // in range
      if (byte === SLASH) {
        slash = index
        parentHash = hash
      }
      const mixed = Math.imul(hash ^ byte, multiplier)
      hash = mixed ^ (mixed >>> 15)
    }
    this.#set(bytes, start, end, hash, slash, parentHash)
    this.#text = null
  }

  #set(bytes: Buffer, start: number, end: number, hash: number, slash: number, parentHash: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.hash = hash
    this.slash = slash
    this.parentHash = parentHash
  }
}
