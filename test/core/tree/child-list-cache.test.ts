import { expect, test } from '@jest/globals'
import { AclTable } from '../../../src/core/tree/acl-table.ts'
import { ChildListCache } from '../../../src/core/tree/child-list-cache.ts'
import { PlainNode } from '../../../src/core/tree/plain-node.ts'

function nodeWith(childCount: number): PlainNode {
  const node = new PlainNode(0, '/a', null, new AclTable().open, null)
  node.childCount = childCount
  return node
}

test('keeps copies of long lists only', () => {
  const cache = new ChildListCache()
  const long = nodeWith(256)
  const short = nodeWith(255)
  const list = Buffer.from('list')

  cache.offer(long, list)
  cache.offer(short, list)
  list.fill(0)

  expect(cache.get(long)?.toString()).toBe('list')
  expect(cache.get(short)).toBeUndefined()
  cache.forget(long)
  expect(cache.get(long)).toBeUndefined()
})

test('lets the lists longest here go beyond 32 MiB, but keeps the newest', () => {
  const cache = new ChildListCache()
  const nodes = [nodeWith(300), nodeWith(300), nodeWith(300)]
  const list = Buffer.alloc(15 << 20)

  for (const node of nodes) cache.offer(node, list)
  expect(nodes.map((node) => cache.get(node)?.length)).toEqual([undefined, list.length, list.length])

  const huge = nodeWith(300)
  cache.offer(huge, Buffer.alloc(40 << 20))
  expect([...nodes, huge].map((node) => cache.get(node) !== undefined)).toEqual([false, false, false, true])
})
