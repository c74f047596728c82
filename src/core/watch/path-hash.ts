/**
 * Hash of paths, built up from left to right, so that the hashes of all ancestors come with that of the path.
 *
 * Clients choose paths: both the start and the multiplier depend on a seed that they don't know, so that they cannot
 * choose paths which collide.
 */
export class PathHash {
  /** Of the empty path. */
  readonly start: number
  readonly #multiplier: number

  /** @param seed any number; a server takes a random one */
  constructor(seed: number) {
    this.start = Math.imul(seed, 0x9e3779b1) ^ 0x2545f491
    // Odd, and large whatever the seed.
    this.#multiplier = (0x5bd1e995 ^ (Math.imul(seed ^ (seed >>> 16), 0x85ebca6b) & 0x0ffffff0)) | 1
  }

  /** The hash of a path. */
  of(path: string): number {
    let hash = this.start
    for (let index = 0; index < path.length; index++) hash = this.next(hash, path.charCodeAt(index))
    return hash
  }

  /** The hash of a path with one more character. */
  next(hash: number, charCode: number): number {
    const mixed = Math.imul(hash ^ charCode, this.#multiplier)
    return mixed ^ (mixed >>> 15)
  }
}
