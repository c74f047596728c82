/**
 * The first names, by UTF-16 unit, of all that it is given: as many as are wanted, and never more than twice as many are held.
 * Giving one costs O(log) of that, in portions: the dearest takes about as long as sorting twice as many.
 */
export class FirstNames {
  readonly #countMax: number
  #names: string[] = []
  /** Names behind it are not among the first. */
  #last: string | null = null

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  offer(name: string): void {
    if (this.#last !== null && name > this.#last) return
    this.#names.push(name)
    if (this.#names.length >= 2 * this.#countMax) this.#cut()
  }

  /** In order. To be called once, at the end. */
  take(): { readonly names: readonly string[]; readonly isAll: boolean } {
    this.#cut()
    return { names: this.#names, isAll: this.#last === null }
  }

  #cut(): void {
    this.#names.sort()
    if (this.#names.length <= this.#countMax) return
    this.#names.length = this.#countMax
    this.#last = this.#names.at(-1) ?? null
  }
}
