import { isDeepStrictEqual } from 'node:util'
import { expect } from '@jest/globals'
import { JuteWriter } from 'jute-ts'
import { CompactTree } from '../../../../src/core/tree/compact/compact-tree.ts'
import type { DataTree } from '../../../../src/core/tree/data-tree.ts'
import { emptyStat } from '../../../../src/core/tree/empty-stat.ts'
import { PlainTree } from '../../../../src/core/tree/plain-tree.ts'
import { nodeHash } from '../../../golden/storage/fixture.ts'

/** Everything here is asked of both trees in the same way; what they answer must be the same to the byte and in the same order. */

export function newCompactTree(hashSeed = 0, digestEnabled = true): CompactTree {
  return new CompactTree(nodeHash, { digestEnabled, extendedTypesEnabled: true, hashSeed })
}

export function newPlainTree(digestEnabled = true): PlainTree {
  return new PlainTree(nodeHash, { digestEnabled, extendedTypesEnabled: true })
}

/** All that a tree tells of one node. */
function answersAbout(tree: DataTree, path: string): unknown {
  const node = tree.find(path)
  const bytes = Buffer.from(`<${path}>`)
  if (tree.findBytes(bytes, 1, bytes.length - 1) !== node) throw new Error(`${path} is another node by its bytes`)
  if (node < 0) return null
  const stat = emptyStat()
  tree.readStat(node, stat)
  const writer = new JuteWriter()
  tree.writeData(node, writer)
  tree.writeStat(node, writer)
  tree.writeChildren(node, writer)
  const data = tree.data(node)
  return {
    node,
    path: tree.path(node),
    data: data === null ? null : Buffer.from(data).toString('latin1'),
    dataLength: tree.dataLength(node),
    written: writer.bytes().toString('latin1'),
    aclKey: tree.aclKey(node),
    acl: tree.acl(node),
    stat,
    shown: tree.shownStat(node),
    childCount: tree.childCount(node),
    children: [...tree.children(node)],
    descendants: tree.descendantCount(node),
    counters: [tree.storedCversion(node), tree.version(node), tree.aversion(node)],
    zxids: [tree.czxidHi(node), tree.czxidLo(node), tree.mzxidHi(node), tree.mzxidLo(node)],
    pzxid: [tree.pzxidHi(node), tree.pzxidLo(node)],
    owner: [tree.ephemeralOwnerHi(node), tree.ephemeralOwnerLo(node), tree.isEphemeral(node)],
    digests: [tree.prefixCrc(node), tree.nodeDigest(node)],
    isReapable: [0, 100, 6000, 99999].map((wallMs) => tree.isReapable(path, wallMs, 50)),
    quota: tree.quotaFor(path)
  }
}

/** What a tree tells of itself, and of all nodes that it names. */
export function answersOf(tree: DataTree, sessions: readonly number[]): unknown {
  const nodes: unknown[] = []
  const queue = ['/']
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    nodes.push(answersAbout(tree, path))
    for (const name of tree.children(tree.find(path))) queue.push(path === '/' ? `/${name}` : `${path}/${name}`)
  }
  const owners: unknown[] = []
  tree.forEachEphemeralOwner((hi, lo, paths) => owners.push([hi, lo, paths.size, [...paths]]))
  return { nodes, whole: totalsOf(tree, sessions), owners }
}

/** What a tree tells of itself in constant time, or nearly. */
export function totalsOf(tree: DataTree, sessions: readonly number[]): unknown {
  return {
    digest: [tree.digestHi, tree.digestLo],
    zxid: [tree.lastZxidHi, tree.lastZxidLo],
    counts: [tree.nodeCount, tree.ephemeralCount, tree.approximateDataSize],
    ephemerals: sessions.map((id) => [...tree.ephemeralsOf(0, id)]),
    reapCandidates: [0, 100, 6000, 99999].map((wallMs) => tree.reapCandidates(wallMs, 50))
  }
}

export function expectSame(plain: DataTree, compact: DataTree, sessions: readonly number[]): void {
  expectEqual(answersOf(compact, sessions), answersOf(plain, sessions))
}

/** `toEqual`, which takes its time, only to say what differs. */
export function expectEqual(seen: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(seen, expected)) expect(seen).toEqual(expected)
}
