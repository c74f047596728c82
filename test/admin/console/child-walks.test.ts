import { expect, test } from '@jest/globals'
import { type ChildSlice, ChildWalks } from '../../../src/admin/console/child-walks.ts'
import type { ZooKeeper } from '../../../src/client/zookeeper.ts'
import type { ChildCursor } from '../../../src/core/tree/child-cursor.ts'
import type { DataTree } from '../../../src/core/tree/data-tree.ts'
import { newCompactTree } from '../../core/tree/compact/both-trees.ts'
import { applyAll, create, remove, snapshotOf } from '../../core/tree/tree-support.ts'
import { fakeTarget } from '../http/fake-target.ts'

const COUNT = 5_000

/** A server with one znode of many children, to whose client everything is allowed. */
function world() {
  const tree = newCompactTree(1)
  applyAll(tree, [create('/p'), ...Array.from({ length: COUNT }, (_, index) => create(`/p/n${index}`))])
  const open: ChildCursor[] = []
  const openChildren = (path: string, czxid: bigint): ChildCursor | null => {
    const node = tree.find(path)
    if (node < 0 || czxidOf(tree, node) !== czxid) return null
    const cursor = tree.openChildren(node)
    open.push(cursor)
    return cursor
  }
  const gone = new AbortController()
  const target = fakeTarget({}, { openChildren, childCount: () => COUNT })
  const zk = {
    getData: async () => ({ data: null, stat: { czxid: czxidOf(tree, tree.find('/p')), aversion: 0 } })
  } as unknown as ZooKeeper // the one method that a walk calls
  return { tree, open, gone, call: { target, signal: gone.signal }, zk, walks: new ChildWalks() }
}

function czxidOf(tree: DataTree, node: number): bigint {
  return BigInt(tree.czxidLo(node))
}

async function namesOf(slices: AsyncIterable<ChildSlice>): Promise<string[]> {
  const all: string[] = []
  for await (const { names } of slices) all.push(...names)
  return all
}

test('a walk tells of all children, a part at a time', async () => {
  const { walks, call, zk } = world()
  const sizes: number[] = []

  for await (const { names, childCounts } of walks.slices(call, zk, '/p')) {
    expect(childCounts.length).toBe(names.length)
    sizes.push(names.length)
  }

  expect(sizes.reduce((sum, size) => sum + size)).toBe(COUNT)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000)
})

test('walks take turns, in their order', async () => {
  const { walks, call, zk, open } = world()
  const first = walks.slices(call, zk, '/p')
  await first.next()

  const second = namesOf(walks.slices(call, zk, '/p'))
  await new Promise((resolve) => setImmediate(resolve))
  const openMeanwhile = open.length
  await first.return()

  expect(openMeanwhile).toBe(1)
  expect((await second).length).toBe(COUNT)
})

test('more walks than can wait are refused, and taken again later', async () => {
  const { walks, call, zk } = world()
  const held = walks.slices(call, zk, '/p')
  await held.next()
  const waiting = Array.from({ length: 31 }, () => namesOf(walks.slices(call, zk, '/p')))

  await expect(namesOf(walks.slices(call, zk, '/p'))).rejects.toMatchObject({ status: 429, code: 'BUSY' })
  await held.return()
  await Promise.all(waiting)

  expect((await namesOf(walks.slices(call, zk, '/p'))).length).toBe(COUNT)
})

test('a walk for which nobody waits any more ends, and lets the next one have its turn', async () => {
  const { walks, call, zk, gone } = world()
  const slices = walks.slices(call, zk, '/p')
  await slices.next()

  gone.abort()

  await expect(slices.next()).rejects.toMatchObject({ code: 'GONE' })
  const alive = { ...call, signal: new AbortController().signal }
  expect((await namesOf(walks.slices(alive, zk, '/p'))).length).toBe(COUNT)
})

test('a walk in a tree that is replaced says so', async () => {
  const { walks, call, zk, tree } = world()
  const slices = walks.slices(call, zk, '/p')
  await slices.next()

  const stream = snapshotOf(tree)
  tree.loadSnapshot(0, 9).push(stream)

  await expect(slices.next()).rejects.toMatchObject({ status: 503, code: 'TREE_REPLACED' })
})

test('a permission counts for the znode that it was given for', async () => {
  const { walks, call, zk, tree } = world()
  applyAll(tree, [create('/other')])
  let askedCount = 0
  const stale = {
    getData: async (path: string) => {
      const answer = await zk.getData(path)
      // It is another one by the time the answer is here, the first two times.
      if (askedCount++ < 2) {
        const names = [...tree.children(tree.find('/p'))]
        applyAll(tree, [...names.map((name) => remove(`/p/${name}`)), remove('/p'), create('/p'), create('/p/new')])
      }
      return answer
    }
  } as unknown as ZooKeeper // the one method that a walk calls

  expect(await namesOf(walks.slices(call, stale, '/p'))).toEqual(['new'])
  expect(askedCount).toBe(3)
})
