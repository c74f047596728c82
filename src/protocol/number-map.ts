import { Int64Map } from './int64-map.ts'

/** Map from a safe integer, not negative, to a value, in no set order; why it is no Map, `Int64Map` says. */
export class NumberMap<V> {
  readonly #table = new Int64Map<V>()

  get size(): number {
    return this.#table.size
  }

  get(key: number): V | undefined {
    return this.#table.get(highWordOf(key), key | 0)
  }

  set(key: number, value: V): void {
    this.#table.set(highWordOf(key), key | 0, value)
  }

  has(key: number): boolean {
    return this.get(key) !== undefined
  }

  delete(key: number): boolean {
    return this.#table.delete(highWordOf(key), key | 0)
  }

  /** The values as they are now, in no set order. */
  values(): V[] {
    return this.#table.values()
  }
}

/** perf: most are small, for which the division would cost more than the search. */
function highWordOf(key: number): number {
  return key <= 0xffffffff ? 0 : Math.floor(key / 0x1_0000_0000) | 0
}
