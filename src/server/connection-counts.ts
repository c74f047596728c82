/** Connections that are open, in all and by client address, and how many there may be. */
export class ConnectionCounts {
  readonly #perAddressMax: number
  readonly #totalMax: number
  #total = 0
  readonly #byAddress = new Map<string, number>()

  /**
   * @param perAddressMax maxClientCnxns; 0 = no limit
   * @param totalMax maxCnxns; 0 = no limit
   */
  constructor(perAddressMax: number, totalMax: number) {
    this.#perAddressMax = perAddressMax
    this.#totalMax = totalMax
  }

  /** Counts a connection. Returns why there is one too many, which is not counted; null if there is not. */
  enter(address: string): string | null {
    const fromAddress = this.#byAddress.get(address) ?? 0
    if (this.#perAddressMax > 0 && fromAddress >= this.#perAddressMax) {
      return `Too many connections from ${address} - max is ${this.#perAddressMax}`
    }
    if (this.#totalMax > 0 && this.#total >= this.#totalMax) return `Too many connections - max is ${this.#totalMax}`
    this.#total++
    this.#byAddress.set(address, fromAddress + 1)
    return null
  }

  /** A connection that was counted is gone. */
  leave(address: string): void {
    this.#total--
    const count = (this.#byAddress.get(address) ?? 1) - 1
    if (count === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, count)
  }
}
