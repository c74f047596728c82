import type { ACL } from '../../protocol/generated/data.ts'
import { CONFIG_PATH, QUOTA_PATH, ZOOKEEPER_PATH } from '../../protocol/path.ts'
import type { AclEntry } from './acl-table.ts'
import type { NodeStore } from './node-store.ts'
import type { PlainNode } from './plain-node.ts'

const EMPTY_DATA = new Uint8Array(0)
const READ_ONLY_ACL: readonly ACL[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]

/**
 * The nodes that are there before any transaction: all times, zxids and counters are zero, and their parents don't count
 * them as created. /zookeeper/config can be read only, and has aversion -1 since it was given that ACL.
 */
export function addBuiltInNodes(store: NodeStore): void {
  for (const path of ['', ZOOKEEPER_PATH, QUOTA_PATH]) addNode(store, path, store.acls.open)
  addConfigNode(store)
}

export function addConfigNode(store: NodeStore): void {
  const config = addNode(store, CONFIG_PATH, store.acls.intern(READ_ONLY_ACL))
  config.aversion = -1
}

function addNode(store: NodeStore, path: string, acl: AclEntry): PlainNode {
  const node = store.insert(store.parentOf(path), path, EMPTY_DATA, acl)
  store.inserted(node)
  return node
}
