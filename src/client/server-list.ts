import type { ServerAddress } from './connect-string.ts'

/** The servers of a client in the order in which it tries them, round and round. */
export class ServerList {
  readonly #servers: readonly ServerAddress[]
  #next = 0

  /** @param random gives numbers from 0 to 1 for the shuffling; null leaves the order as it is */
  constructor(servers: readonly ServerAddress[], random: (() => number) | null) {
    this.#servers = random === null ? servers : shuffled(servers, random)
  }

  get count(): number {
    return this.#servers.length
  }

  next(): ServerAddress {
    const server = this.#servers[this.#next]
    if (server === undefined) throw new RangeError('a client needs at least one server')
    this.#next = (this.#next + 1) % this.#servers.length
    return server
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result: T[] = []
  for (const item of items) result.splice(Math.floor(random() * (result.length + 1)), 0, item)
  return result
}
