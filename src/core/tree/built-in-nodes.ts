import type { ACL } from '../../protocol/generated/data.ts'
import { CONFIG_PATH, QUOTA_PATH, ZOOKEEPER_PATH } from '../../protocol/path.ts'
import { emptyStat } from './empty-stat.ts'
import type { NodeTable } from './node-table.ts'

const EMPTY_DATA = new Uint8Array(0)
const READ_ONLY_ACL: readonly ACL[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]

/**
 * The nodes that are there before any transaction: all times, zxids and counters are zero, and their parents don't count
 * them as created. /zookeeper/config can be read only, and has aversion -1 since it was given that ACL.
 */
export function addBuiltInNodes(nodes: NodeTable): void {
  for (const path of ['', ZOOKEEPER_PATH, QUOTA_PATH]) {
    nodes.insert(nodes.parentOf(path), path, EMPTY_DATA, nodes.acls.open, emptyStat())
  }
  addConfigNode(nodes)
}

export function addConfigNode(nodes: NodeTable): void {
  const stat = { ...emptyStat(), aversion: -1 }
  nodes.insert(nodes.parentOf(CONFIG_PATH), CONFIG_PATH, EMPTY_DATA, nodes.acls.intern(READ_ONLY_ACL), stat)
}
