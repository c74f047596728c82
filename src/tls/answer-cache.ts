interface Entry<T> {
  readonly atMs: number
  readonly answer: Promise<T>
}

/** Answers that are used for a while before they are asked for again. Failures are not kept: the next one asks again. */
export class AnswerCache<T> {
  readonly #refreshMs: number
  readonly #countMax: number
  readonly #entries = new Map<string, Entry<T>>()

  /** @param countMax when there are more, all are forgotten */
  constructor(refreshMs: number, countMax: number) {
    this.#refreshMs = refreshMs
    this.#countMax = countMax
  }

  /** The answer that is kept under a key, or the one that `ask` brings; who comes meanwhile waits for the same one. */
  get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key)
    if (known !== undefined && performance.now() - known.atMs < this.#refreshMs) return known.answer
    if (this.#entries.size >= this.#countMax) this.#entries.clear()
    const answer = ask()
    this.#entries.set(key, { atMs: performance.now(), answer })
    answer.catch(() => this.#failed(key, known))
    return answer
  }

  #failed(key: string, before: Entry<T> | undefined): void {
    if (before === undefined) this.#entries.delete(key)
    else this.#entries.set(key, before)
  }
}
