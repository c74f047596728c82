import type { ZooKeeper } from '../../../src/client/index.ts'

/** Requests in flight at once while the folder is read. */
const READ_COUNT_MAX = 500

/**
 * Sequential nodes that all writers make in one folder: every name that was acknowledged exists, with the data of the one
 * who got it, and no two got the same.
 */
export class SharedNames {
  readonly folder = '/shared'
  readonly #sent = new Set<string>()
  /** Data by name. */
  readonly #acknowledged = new Map<string, string>()
  /** Names found at a verification: they can never go again. */
  readonly #found = new Map<string, string>()

  get acknowledgedCount(): number {
    return this.#acknowledged.size
  }

  send(token: string): string {
    this.#sent.add(token)
    return token
  }

  /** @returns false if the name was given before */
  acknowledge(token: string, path: string): boolean {
    const name = path.slice(this.folder.length + 1)
    if (this.#acknowledged.has(name)) return false
    this.#acknowledged.set(name, token)
    return true
  }

  /**
   * Reads the folder, after a start.
   *
   * @returns what is wrong, or null
   * @throws ZkError if the server is gone again
   */
  async verify(client: ZooKeeper): Promise<string | null> {
    const names = await client.getChildren(this.folder)
    const numbers = new Set(names.map((name) => name.slice(-10)))
    if (numbers.size !== names.length)
      return `${names.length - numbers.size} numbers were given twice in ${this.folder}`
    const there = new Set(names)
    for (const name of [...this.#acknowledged.keys(), ...this.#found.keys()]) {
      if (!there.has(name)) return `${name} was acknowledged, or seen, and is gone`
    }
    // What was compared once cannot change: nobody sets it.
    const fresh = names.filter((name) => !this.#found.has(name))
    for (let at = 0; at < fresh.length; at += READ_COUNT_MAX) {
      const some = fresh.slice(at, at + READ_COUNT_MAX)
      const nodes = await Promise.all(some.map((name) => client.getData(`${this.folder}/${name}`)))
      for (const [index, name] of some.entries()) {
        const problem = this.#compare(name, nodes[index]?.data?.toString() ?? '')
        if (problem !== null) return problem
      }
    }
    return null
  }

  #compare(name: string, data: string): string | null {
    const expected = this.#acknowledged.get(name) ?? data
    if (data !== expected) return `${name} has the data ${data}, its owner wrote ${expected}`
    if (!this.#sent.has(data)) return `${name} has the data ${data}, which nobody sent`
    this.#found.set(name, data)
    return null
  }
}
