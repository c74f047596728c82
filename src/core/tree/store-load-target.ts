import type { ACL, StatPersisted } from '../../protocol/generated/data.ts'
import { CONFIG_PATH, parentOf, ZOOKEEPER_PATH } from '../../protocol/path.ts'
import { addConfigNode } from './built-in-nodes.ts'
import type { NodeStore } from './node-store.ts'
import type { LoadTarget } from './plain-loader.ts'
import { copyStat, type PlainNode } from './plain-node.ts'
import { rebuildQuotas } from './quota-upkeep.ts'
import { SnapshotFormatError } from './snapshot.ts'

/** Fills an empty store with what a snapshot has; empties it again if the snapshot cannot be. */
export class StoreLoadTarget implements LoadTarget {
  readonly #store: NodeStore
  /** perf: bench/tree.ts; most nodes of a stream are siblings of the one before. */
  #lastParent: PlainNode | null = null

  constructor(store: NodeStore) {
    this.#store = store
  }

  loadAcl(key: number, list: readonly ACL[]): void {
    this.#store.acls.load(key, list)
  }

  loadNode(path: string, data: Uint8Array | null, aclKey: number, stat: StatPersisted): void {
    const store = this.#store
    const parent = this.#parentOf(path)
    if (parent === null && path !== '') throw this.#refused(`the node '${path}' before its parent`)
    const countBefore = store.nodeCount
    const node = store.insert(parent, path, data, store.acls.use(aclKey))
    if (store.nodeCount === countBefore) throw this.#refused(`the node '${path}' twice`)
    copyStat(stat, node)
    if (!store.inserted(node)) throw this.#refused(`the node '${path}' with an unknown kind of ephemeralOwner`)
  }

  #parentOf(path: string): PlainNode | null {
    const last = this.#lastParent
    if (last !== null && path.lastIndexOf('/') === last.path.length && path.startsWith(last.path)) return last
    const parentPath = parentOf(path)
    this.#lastParent = parentPath === null ? null : (this.#store.get(parentPath) ?? null)
    return this.#lastParent
  }

  loaded(): void {
    const store = this.#store
    if (store.nodeCount === 0) throw this.#refused('no nodes')
    store.acls.dropUnused()
    // compat: versions before 3.5 had no such node
    if (store.get(CONFIG_PATH) === undefined && store.get(ZOOKEEPER_PATH) !== undefined) addConfigNode(store)
    rebuildQuotas(store)
  }

  #refused(what: string): SnapshotFormatError {
    this.#store.clear()
    return new SnapshotFormatError(`a snapshot has ${what}`)
  }
}
