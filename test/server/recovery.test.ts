import { expect, test } from '@jest/globals'
import { JuteWriter } from 'jute-ts'
import { SessionTable } from '../../src/core/session/session-table.ts'
import { PlainTree } from '../../src/core/tree/plain-tree.ts'
import { recover } from '../../src/server/recovery.ts'
import type { Recovery } from '../../src/storage/storage.ts'
import { testHash } from '../core/peer-harness.ts'

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
