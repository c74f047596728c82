import type { ACL } from '../../protocol/generated/data.ts'
import { CONFIG_PATH, ZOOKEEPER_PATH } from '../../protocol/path.ts'
import { addConfigNode } from './built-in-nodes.ts'
import { NO_NODE } from './data-tree.ts'
import type { NodeLoader, NodeTable } from './node-table.ts'
import { rebuildQuotas } from './quota-upkeep.ts'
import { SnapshotFormatError } from './snapshot.ts'
import type { StoredNode } from './stored-node.ts'
import type { LoadTarget } from './stream-loader.ts'

/** Fills an empty table with what a snapshot has; empties it again if the snapshot is refused. */
export class NodeLoadTarget implements LoadTarget {
  readonly #nodes: NodeTable
  readonly #loader: NodeLoader

  /** @param nodeCount how many nodes are to come, if that is known: room for them is made at once; else 0 */
  constructor(nodes: NodeTable, nodeCount: number) {
    this.#nodes = nodes
    this.#loader = nodes.loader(nodeCount)
  }

  loadAcl(key: number, list: readonly ACL[]): void {
    this.#nodes.acls.load(key, list)
  }

  loadNode(node: StoredNode): void {
    this.#loader.load(node)
  }

  loaded(): void {
    const nodes = this.#nodes
    this.#loader.flush()
    if (nodes.nodeCount === 0) throw new SnapshotFormatError('a snapshot has no nodes')
    nodes.acls.dropUnused()
    // compat: versions before 3.5 had no such node
    if (nodes.find(CONFIG_PATH) === NO_NODE && nodes.find(ZOOKEEPER_PATH) !== NO_NODE) addConfigNode(nodes)
    rebuildQuotas(nodes)
  }

  failed(): void {
    this.#nodes.clear()
  }
}
