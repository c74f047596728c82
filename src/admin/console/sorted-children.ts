import type { Stat } from '../../client/stat.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'

interface Entry {
  readonly client: ZooKeeper
  readonly path: string
  readonly stat: Stat
  readonly names: readonly string[]
}

const ENTRIES_MAX = 8

/**
 * Names of the children of a few znodes, by UTF-16 unit, as Apache's shell sorts them: who scrolls through many of them asks
 * for page after page, and reading and sorting a hundred thousand names each time would keep the server's clients waiting.
 * Each client has its own: another one may not be allowed to see them.
 */
export class SortedChildren {
  /** The one used last is the last. */
  #entries: Entry[] = []

  /**
   * @param stat of the znode as it is now, as this client was allowed to see it
   * @throws ZkError
   */
  async namesOf(client: ZooKeeper, path: string, stat: Stat): Promise<readonly string[]> {
    const known = this.#entries.find((entry) => entry.client === client && entry.path === path)
    const isFresh = known !== undefined && isSame(known.stat, stat)
    const entry = isFresh ? known : await read(client, path)
    this.#entries = this.#entries.filter((one) => one !== known && (one.client !== client || one.path !== path))
    this.#entries.push(entry)
    if (this.#entries.length > ENTRIES_MAX) this.#entries.shift()
    return entry.names
  }
}

async function read(client: ZooKeeper, path: string): Promise<Entry> {
  const { children, stat } = await client.getChildren2(path)
  return { client, path, stat, names: children.sort() }
}

/** No child has come or gone since, the ACL is the same, and it is the same znode. */
function isSame(a: Stat, b: Stat): boolean {
  return a.czxid === b.czxid && a.pzxid === b.pzxid && a.cversion === b.cversion && a.aversion === b.aversion
}
