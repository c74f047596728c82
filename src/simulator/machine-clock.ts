/** The clocks of one machine, which go on while its server is down: neither agrees with the world's time. */
export class MachineClock {
  readonly #rate: number
  readonly #startMs: number
  /** By how much its wall clock is ahead of the world's, ms. */
  #wallOffsetMs: number
  /** When it was set last, by the world's time. */
  #setAtMs = 0

  /** @param rate how fast its monotonic clock goes; 1 = as the world's */
  constructor(rate: number, startMs: number, wallOffsetMs: number) {
    this.#rate = rate
    this.#startMs = startMs
    this.#wallOffsetMs = wallOffsetMs
  }

  monotonicMs(worldMs: number): number {
    return this.#startMs + worldMs * this.#rate
  }

  /** How long the world waits while this clock counts so many ms. */
  worldDelayMs(localMs: number): number {
    return localMs / this.#rate
  }

  wallMs(worldMs: number): number {
    return Math.floor(WALL_START_MS + worldMs + this.#wallOffsetMs)
  }

  /** Somebody sets the wall clock. */
  jump(byMs: number, worldMs: number): void {
    this.#wallOffsetMs += byMs
    this.#setAtMs = worldMs
  }

  /** The world's time when the wall clock showed this; null if the clock may have been set since. */
  worldMsAt(wallMs: number): number | null {
    const worldMs = wallMs - WALL_START_MS - this.#wallOffsetMs
    return worldMs > this.#setAtMs ? worldMs : null
  }
}

const WALL_START_MS = 1_700_000_000_000
