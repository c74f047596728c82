/** How many learners are brought up in one way at a time (upstream's LearnerSyncThrottler). */
export class SyncSlots {
  readonly #countMax: number
  #count = 0

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  /** Slots that are taken. */
  get count(): number {
    return this.#count
  }

  /**
   * Takes a slot, which `release` gives back.
   *
   * @param isExempt followers are: the ensemble lives on them. They count all the same
   * @returns false if there is none
   */
  take(isExempt: boolean): boolean {
    if (!isExempt && this.#count >= this.#countMax) return false
    this.#count++
    return true
  }

  release(): void {
    this.#count--
  }
}
