const SLASH = 0x2f
const SCRATCH_BYTES = 256

/**
 * A path taken apart for look-up: its UTF-8 bytes, its hash, and the same of its parent.
 *
 * Hashes are built up from left to right, so that of the parent comes by the way; each is mixed at its end only. Clients
 * choose paths: start and multiplier depend on a seed that they don't know, so that they cannot choose paths which collide.
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
  /** The text that this is the key of. perf: bench/tree.ts; a create looks up the parent and the path, and enters the path. */
  #text = ''
  /** Its last character; -1 if it is not known. perf: bench/tree.ts; to compare whole texts is as dear as to hash one. */
  #lastUnit = -1

  constructor(seed: number) {
    this.#start = Math.imul(seed, 0x9e3779b1) ^ 0x2545f491
    // Odd, and large whatever the seed.
    this.#multiplier = (0x5bd1e995 ^ (Math.imul(seed ^ (seed >>> 16), 0x85ebca6b) & 0x0ffffff0)) | 1
  }

  ofText(text: string): void {
    const { length } = text
    const lastUnit = length === 0 ? 0 : text.charCodeAt(length - 1)
    if (lastUnit === this.#lastUnit && text === this.#text) return
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
        this.#lastUnit = lastUnit
        return
      }
      bytes[index] = unit
      hash = Math.imul(hash ^ unit, multiplier)
    }
    this.#set(bytes, 0, length, hash, slash, parentHash)
    this.#text = text
    this.#lastUnit = lastUnit
  }

  /** What a hash has come to behind these bytes, which begin a path; for `hashBelow`. */
  stateAfter(bytes: Buffer, start: number, end: number): number {
    let hash = this.#start
    for (let index = start; index < end; index++) hash = Math.imul(hash ^ (bytes[index] as number), this.#multiplier)
    return hash
  }

  /** The hash of a path that goes on with these bytes, and ends. */
  hashBelow(state: number, bytes: Buffer, start: number, end: number): number {
    const multiplier = this.#multiplier
    let hash = state
    for (let index = start; index < end; index++) hash = Math.imul(hash ^ (bytes[index] as number), multiplier)
    return mixed(hash)
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
      hash = Math.imul(hash ^ byte, multiplier)
    }
    this.#set(bytes, start, end, hash, slash, parentHash)
    this.#lastUnit = -1
  }

  #set(bytes: Buffer, start: number, end: number, hash: number, slash: number, parentHash: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.hash = mixed(hash)
    this.slash = slash
    this.parentHash = mixed(parentHash)
  }
}

/** So that all bits of a hash tell in its lowest ones, by which buckets are chosen. */
function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return half ^ (half >>> 15)
}
