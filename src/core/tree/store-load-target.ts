import type { ACL, StatPersisted } from '../../protocol/generated/data.ts'
import { CONFIG_PATH, ZOOKEEPER_PATH } from '../../protocol/path.ts'
import { addConfigNode } from './built-in-nodes.ts'
import type { NodeStore } from './node-store.ts'
import type { LoadTarget } from './plain-loader.ts'
import { copyStat } from './plain-node.ts'
import { rebuildQuotas } from './quota-upkeep.ts'
import { SnapshotFormatError } from './snapshot.ts'

/** Fills an empty store with what a snapshot has; empties it again if the snapshot is refused. */
export class StoreLoadTarget implements LoadTarget {
  readonly #store: NodeStore

  constructor(store: NodeStore) {
    this.#store = store
  }

  loadAcl(key: number, list: readonly ACL[]): void {
    this.#store.acls.load(key, list)
  }

  loadNode(path: string, data: Uint8Array | null, aclKey: number, stat: StatPersisted): void {
    const store = this.#store
    const parent = store.parentOf(path)
    if (parent === null && path !== '') throw refused(`the node '${path}' before its parent`)
    const countBefore = store.nodeCount
    const node = store.insert(parent, path, data, store.acls.use(aclKey))
    if (store.nodeCount === countBefore) throw refused(`the node '${path}' twice`)
    copyStat(stat, node)
    if (!store.inserted(node)) throw refused(`the node '${path}' with an unknown kind of ephemeralOwner`)
  }

  loaded(): void {
    const store = this.#store
    if (store.nodeCount === 0) throw refused('no nodes')
    store.acls.dropUnused()
    // compat: versions before 3.5 had no such node
    if (store.get(CONFIG_PATH) === undefined && store.get(ZOOKEEPER_PATH) !== undefined) addConfigNode(store)
    rebuildQuotas(store)
  }

  failed(): void {
    this.#store.clear()
  }
}

function refused(what: string): SnapshotFormatError {
  return new SnapshotFormatError(`a snapshot has ${what}`)
}
