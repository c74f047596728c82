import { NO_NODE } from './data-tree.ts'
import type { NodeTable } from './node-table.ts'
import { SnapshotFormatError } from './snapshot.ts'
import type { StoredNode } from './stored-node.ts'

/** Adds a znode of a snapshot to a table, as a create would: by its path as a text. */
export function loadByPath(nodes: NodeTable, stored: StoredNode): void {
  const { path } = stored
  const parent = nodes.parentOf(path)
  if (parent === NO_NODE && path !== '') throw refusedNode(path, 'before its parent')
  if (nodes.find(path) !== NO_NODE) throw refusedNode(path, 'twice')
  if (!nodes.isKnownOwner(stored.ephemeralOwnerHi, stored.ephemeralOwnerLo)) throw refusedNode(path, UNKNOWN_OWNER)
  nodes.insert(parent, path, stored.data, nodes.acls.use(stored.aclKey), stored.stat)
}

export const UNKNOWN_OWNER = 'with an unknown kind of ephemeralOwner'

export function refusedNode(path: string, why: string): SnapshotFormatError {
  return new SnapshotFormatError(`a snapshot has the node '${path}' ${why}`)
}
