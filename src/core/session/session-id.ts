/**
 * Makes session ids as Apache's servers do, so that ids made by servers of a mixed ensemble never meet: the top byte is
 * the server's id, the next 40 bits are a clock's milliseconds at start, and each session counts one up.
 *
 * The current id is read from `hi` and `lo`.
 */
export class SessionIdSequence {
  /** High word of the id that `next` made last. */
  hi: number
  /** Low word, signed, of the id that `next` made last. */
  lo: number

  /**
   * @param serverId  myid of this server, 1 when standalone; only its low 8 bits count
   * @param elapsedMs a clock that does not go back while sessions of this server live; upstream takes the machine's
   *                  monotonic clock. Its low 40 bits count.
   */
  constructor(serverId: number, elapsedMs: number) {
    const ms = Math.floor(elapsedMs)
    // ((ms << 24) >>> 8) | (serverId << 56) on 64 bits; `next` counts up before it answers, so begin one below.
    this.hi = ((serverId & 0xff) << 24) | (Math.floor(ms / 0x10000) & 0xffffff)
    this.lo = (ms % 0x10000) << 16
    this.#decrement()
  }

  /** Makes the next id; 0 (no session) and 0x8000000000000000 (the owner of container nodes) are never given. */
  next(): void {
    this.#increment()
    if (this.lo === 0 && (this.hi === 0 || this.hi === -0x80000000)) this.#increment()
  }

  #increment(): void {
    this.lo = (this.lo + 1) | 0
    if (this.lo === 0) this.hi = (this.hi + 1) | 0
  }

  #decrement(): void {
    if (this.lo === 0) this.hi = (this.hi - 1) | 0
    this.lo = (this.lo - 1) | 0
  }
}
