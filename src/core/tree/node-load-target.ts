import type { ACL, StatPersisted } from '../../protocol/generated/data.ts'
import { CONFIG_PATH, ZOOKEEPER_PATH } from '../../protocol/path.ts'
import { addConfigNode } from './built-in-nodes.ts'
import { NO_NODE } from './data-tree.ts'
import type { NodeTable } from './node-table.ts'
import { rebuildQuotas } from './quota-upkeep.ts'
import { SnapshotFormatError } from './snapshot.ts'
import type { LoadTarget } from './stream-loader.ts'

/** Fills an empty table with what a snapshot has; empties it again if the snapshot is refused. */
export class NodeLoadTarget implements LoadTarget {
  readonly #nodes: NodeTable

  constructor(nodes: NodeTable) {
    this.#nodes = nodes
  }

  loadAcl(key: number, list: readonly ACL[]): void {
    this.#nodes.acls.load(key, list)
  }

  loadNode(path: string, data: Uint8Array | null, aclKey: number, stat: StatPersisted): void {
    const nodes = this.#nodes
    const parent = nodes.parentOf(path)
    if (parent === NO_NODE && path !== '') throw refused(`the node '${path}' before its parent`)
    if (nodes.find(path) !== NO_NODE) throw refused(`the node '${path}' twice`)
    if (!nodes.isKnownOwner(stat.ephemeralOwnerHi, stat.ephemeralOwnerLo)) {
      throw refused(`the node '${path}' with an unknown kind of ephemeralOwner`)
    }
    nodes.insert(parent, path, data, nodes.acls.use(aclKey), stat)
  }

  loaded(): void {
    const nodes = this.#nodes
    if (nodes.nodeCount === 0) throw refused('no nodes')
    nodes.acls.dropUnused()
    // compat: versions before 3.5 had no such node
    if (nodes.find(CONFIG_PATH) === NO_NODE && nodes.find(ZOOKEEPER_PATH) !== NO_NODE) addConfigNode(nodes)
    rebuildQuotas(nodes)
  }

  failed(): void {
    this.#nodes.clear()
  }
}

function refused(what: string): SnapshotFormatError {
  return new SnapshotFormatError(`a snapshot has ${what}`)
}
