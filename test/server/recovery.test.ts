import { expect, test } from '@jest/globals'
import { JuteWriter } from 'jute-ts'
import { SessionTable } from '../../src/core/session/session-table.ts'
import { PlainTree } from '../../src/core/tree/plain-tree.ts'
import { recover } from '../../src/server/recovery.ts'
import type { Recovery, RecoverySnapshot } from '../../src/storage/recovery.ts'
import { StorageError } from '../../src/storage/storage-error.ts'
import { testHash } from '../core/peer-harness.ts'
import { applyAll, create } from '../core/tree/tree-support.ts'

function snapshotOf(tree: PlainTree, digestHi: number, digestLo: number): Recovery {
  const writer = new JuteWriter()
  tree.openSnapshot([]).next(writer, Number.MAX_SAFE_INTEGER)
  const bytes = writer.copyBytes()
  const summary = { zxidHi: 0, zxidLo: 7, digestHi, digestLo, nodeCount: tree.nodeCount, sessionCount: 0 }
  return {
    snapshot: {
      zxidHi: 0,
      zxidLo: 7,
      summary,
      chunks: async function* () {
        yield bytes
      }
    },
    batches: async function* () {
      yield* []
    },
    lastZxidHi: 0,
    lastZxidLo: 7,
    acceptedEpoch: 0,
    currentEpoch: 0,
    wasCleanShutdown: true,
    isUninitialized: false
  }
}

const newTree = (): PlainTree => new PlainTree(testHash, { digestEnabled: true, extendedTypesEnabled: false })
const load = (recovery: Recovery, tree: PlainTree) => recover(recovery, tree, new SessionTable(2000, 0), () => 0)

test('a snapshot whose tree digest is not that of the tree it holds is refused', async () => {
  const source = newTree()

  await expect(load(snapshotOf(source, 1, 2), newTree())).rejects.toThrow(/tree digest/)
})

test('a snapshot that was made while digests were off loads with digests on', async () => {
  const target = newTree()

  const report = await load(snapshotOf(newTree(), 0, 0), target)

  expect(report.snapshotZxid).toBe('7')
  expect(target.nodeCount).toBe(4)
})

/** A snapshot whose last chunk turns out to be damaged. */
function damaged(tree: PlainTree, older: RecoverySnapshot | null): RecoverySnapshot {
  const writer = new JuteWriter()
  tree.openSnapshot([{ idHi: 0, idLo: 99, timeoutMs: 5000 }]).next(writer, Number.MAX_SAFE_INTEGER)
  const { digestHi, digestLo, nodeCount } = tree
  return {
    zxidHi: 0,
    zxidLo: 9,
    summary: { zxidHi: 0, zxidLo: 9, digestHi, digestLo, nodeCount, sessionCount: 1 },
    chunks: async function* () {
      yield writer.copyBytes().subarray(0, -100)
      throw new StorageError('DAMAGED', 'the checksum of a chunk is wrong')
    },
    older: async () => older
  }
}

function treeWith(path: string): PlainTree {
  const tree = newTree()
  applyAll(tree, [create(path)])
  return tree
}

test('what was loaded of a damaged snapshot is gone when an older one takes its place', async () => {
  const source = treeWith('/old')
  const recovery = snapshotOf(source, source.digestHi, source.digestLo)
  const target = newTree()
  const sessions = new SessionTable(2000, 0)
  const snapshot = damaged(treeWith('/new'), damaged(treeWith('/newer'), recovery.snapshot))

  const report = await recover({ ...recovery, snapshot }, target, sessions, () => 0)

  expect(report.snapshotZxid).toBe('7')
  expect([...target.children(target.find('/'))].sort()).toEqual(['old', 'zookeeper'])
  expect([target.digestHi, target.digestLo]).toEqual([source.digestHi, source.digestLo])
  expect([target.lastZxidHi, target.lastZxidLo]).toEqual([0, 7])
  expect(sessions.size).toBe(0)
})

test('when the log has everything, a tree begins anew behind a damaged snapshot', async () => {
  const fresh = newTree()
  const target = newTree()

  const report = await load({ ...snapshotOf(fresh, 0, 0), snapshot: damaged(treeWith('/new'), null) }, target)

  expect(report.snapshotZxid).toBeNull()
  expect([...target.children(target.find('/'))]).toEqual([...fresh.children(fresh.find('/'))])
  expect([target.digestHi, target.digestLo, target.lastZxidLo]).toEqual([fresh.digestHi, fresh.digestLo, 0])
})

test('damage that nothing older can take the place of ends the start', async () => {
  const { older: _, ...snapshot } = damaged(treeWith('/new'), null)

  await expect(load({ ...snapshotOf(newTree(), 0, 0), snapshot }, newTree())).rejects.toThrow(/checksum/)
})
