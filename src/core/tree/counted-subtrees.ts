/** Of a subtree, its top included. */
interface Totals {
  count: number
  /** Of data. */
  bytes: number
}

/**
 * Totals of subtrees that the configuration names, beside the tree: no transaction and no snapshot has them. Whoever has the
 * same tree has the same totals. A subtree need not exist.
 */
export class CountedSubtrees {
  readonly #totals = new Map<string, Totals>()

  /** What is counted below, itself included; undefined where the path is not counted. */
  totals(path: string): Readonly<Totals> | undefined {
    return this.#totals.get(path)
  }

  /**
   * Counts these subtrees, and no others.
   *
   * @param totalsOf what there is of a subtree; asked unless they are counted already
   */
  configure(paths: readonly string[], totalsOf: (path: string) => Totals): void {
    if (paths.length === this.#totals.size && paths.every((path) => this.#totals.has(path))) return
    this.#totals.clear()
    for (const path of paths) this.#totals.set(path, totalsOf(path))
  }

  /** Takes all totals anew. */
  recount(totalsOf: (path: string) => Totals): void {
    for (const path of this.#totals.keys()) this.#totals.set(path, totalsOf(path))
  }

  /** A node has come, gone or got other data. O(1) while nothing is counted, else O(depth). */
  changed(path: string, countDiff: number, bytesDiff: number): void {
    if (this.#totals.size === 0) return
    for (const totals of enclosing(this.#totals, path)) {
      totals.count += countDiff
      totals.bytes += bytesDiff
    }
  }

  /** The tree is empty. */
  clear(): void {
    for (const totals of this.#totals.values()) totals.count = totals.bytes = 0
  }
}

/** What a map has for a path and its ancestors but the root, the innermost first. O(depth). */
export function* enclosing<T>(byPath: ReadonlyMap<string, T>, path: string): Generator<T> {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const found = byPath.get(path.slice(0, end))
    if (found !== undefined) yield found
  }
}
