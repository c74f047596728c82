import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ChildCursor, TreeReplacedError } from '../../../src/core/tree/child-cursor.ts'
import type { DataTree } from '../../../src/core/tree/data-tree.ts'
import { expectEqual, newCompactTree, newPlainTree } from './compact/both-trees.ts'
import { PATHS, variedTxns } from './compact/varied-txns.ts'
import { applyAll, create, remove, setData, snapshotOf } from './tree-support.ts'

const walkStep = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('open' as const), path: fc.constantFrom('/', ...PATHS) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('next' as const), countMax: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'apply' as const }) }
)

interface Walk {
  readonly path: string
  readonly cursors: readonly ChildCursor[]
  /** The children at the beginning, less those that have gone since; one that comes again is another one. */
  stayed: Set<string>
  readonly told: string[]
  more: boolean
}

/** Names, each with the zxid of its creation. */
function childrenOf(tree: DataTree, path: string): string[] {
  const node = tree.find(path)
  if (node < 0) return []
  const below = path === '/' ? '' : path
  return [...tree.children(node)].map((name) => `${name}@${tree.czxidLo(tree.find(`${below}/${name}`))}`)
}

test('a walk tells of each child that stays once, whatever is applied between its steps, in both trees alike', () => {
  fc.assert(
    fc.property(variedTxns, fc.array(walkStep, { minLength: 30, maxLength: 300, size: 'max' }), (sequence, steps) => {
      const plain = newPlainTree()
      const trees: readonly DataTree[] = [plain, newCompactTree(5)]
      const walks: Walk[] = []
      const step = (walk: Walk, countMax: number): void => {
        const seen = walk.cursors.map((cursor) => {
          const told: [string, number][] = []
          return { more: cursor.next(countMax, (name, childCount) => told.push([name, childCount])), told }
        })
        expectEqual(seen[1], seen[0])
        expect(seen[0]?.told.length).toBeLessThanOrEqual(countMax)
        walk.more = seen[0]?.more === true
        walk.told.push(...(seen[0]?.told ?? []).map(([name]) => name))
      }
      let applied = 0
      for (const one of steps) {
        const txn = sequence[applied]
        const open = walks.filter(({ more }) => more)
        if (one.kind === 'open') {
          const node = plain.find(one.path)
          if (node < 0) continue
          const cursors = trees.map((tree) => tree.openChildren(tree.find(one.path)))
          walks.push({ path: one.path, cursors, stayed: new Set(childrenOf(plain, one.path)), told: [], more: true })
        } else if (one.kind === 'next') {
          const walk = open[applied % Math.max(1, open.length)]
          if (walk !== undefined) step(walk, one.countMax)
        } else if (txn !== undefined) {
          applied++
          for (const tree of trees) tree.apply(txn, null)
          for (const walk of open) {
            const present = new Set(childrenOf(plain, walk.path))
            walk.stayed = new Set([...walk.stayed].filter((name) => present.has(name)))
          }
        }
      }
      for (const walk of walks) while (walk.more) step(walk, 2)

      for (const { told, stayed } of walks) {
        expect(told.length).toBe(new Set(told).size)
        const missing = [...stayed]
          .map((one) => one.slice(0, one.lastIndexOf('@')))
          .filter((name) => !told.includes(name))
        expect(missing).toEqual([])
      }
    }),
    { numRuns: 60 }
  )
}, 300_000)

test.each([
  ['the plain tree', newPlainTree],
  ['the compact tree', () => newCompactTree(1)]
])('in %s, children that change, go and come back while they are walked over are told of once', (_name, newTree) => {
  const tree = newTree()
  applyAll(tree, [create('/p'), create('/p/a'), create('/p/b'), create('/p/b/x'), create('/p/c'), create('/p/d')])
  const told: string[] = []
  const visit = (name: string, childCount: number): number => told.push(`${name}:${childCount}`)
  const cursor = tree.openChildren(tree.find('/p'))

  // The newest is the first.
  expect(cursor.next(1, visit)).toBe(true)
  applyAll(tree, [remove('/p/d'), setData('/p/c', 'new', 0), remove('/p/c'), create('/p/c'), create('/p/e')])
  expect(cursor.next(1, visit)).toBe(true)
  applyAll(tree, [remove('/p/b/x'), remove('/p/b'), remove('/p/a')])
  while (cursor.next(1, visit)) expect(told.length).toBeLessThan(9)

  expect(told).toEqual(['d:0', 'c:0', 'a:0', 'b:1'])
  expect(cursor.next(9, visit)).toBe(false)
})

test('a walk ends with its node, when it is closed, and with an error when the tree is replaced', () => {
  const tree = newCompactTree(1)
  applyAll(tree, [create('/p'), create('/p/a'), create('/p/b')])
  const cursors = [1, 2, 3, 4].map(() => tree.openChildren(tree.find('/p')))
  const [gone, closed, ended, replaced] = cursors as [ChildCursor, ChildCursor, ChildCursor, ChildCursor]
  const names: string[] = []

  closed.close()
  expect(closed.next(5, (name) => names.push(name))).toBe(false)
  expect(ended.next(5, (name) => names.push(name))).toBe(false)
  expect(names).toEqual(['b', 'a'])
  applyAll(tree, [remove('/p/a'), remove('/p/b'), remove('/p'), create('/p'), create('/p/later')])
  expect(gone.next(5, (name) => names.push(name))).toBe(false)
  expect(names.slice(2)).toEqual(['b'])

  const stream = snapshotOf(tree)
  tree.loadSnapshot(0, 99).push(stream)
  expect(() => replaced.next(5, () => undefined)).toThrow(TreeReplacedError)
  expect(ended.next(5, () => undefined)).toBe(false)
})
