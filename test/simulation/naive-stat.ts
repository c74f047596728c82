import type { Stat } from '../../src/protocol/generated/data.ts'
import { highWord, lowWord } from '../../src/protocol/int64.ts'
import type { NaiveTree } from '../core/tree/naive-tree.ts'

/** The Stat that clients see of a node, by the plain rules (client-protocol section 7); null if there is no node. */
export function statOf(tree: NaiveTree, path: string): Stat | null {
  const key = path === '/' ? '' : path
  const node = tree.nodes.get(key)
  if (node === undefined) return null
  const numChildren = tree.childNames(key).length
  // Owners with the top bit set are marks of containers and of TTL nodes.
  const owner = node.owner < 0n ? 0n : node.owner
  return {
    czxidHi: highWord(node.czxid),
    czxidLo: lowWord(node.czxid),
    mzxidHi: highWord(node.mzxid),
    mzxidLo: lowWord(node.mzxid),
    ctimeHi: highWord(node.ctime),
    ctimeLo: lowWord(node.ctime),
    mtimeHi: highWord(node.mtime),
    mtimeLo: lowWord(node.mtime),
    version: node.version,
    cversion: 2 * node.cversion - numChildren,
    aversion: node.aversion,
    ephemeralOwnerHi: highWord(owner),
    ephemeralOwnerLo: lowWord(owner),
    dataLength: node.data?.length ?? 0,
    numChildren,
    pzxidHi: highWord(node.pzxid),
    pzxidLo: lowWord(node.pzxid)
  }
}
