import { expect, test } from '@jest/globals'
import { ChildListCache } from '../../../src/core/tree/child-list-cache.ts'

test('keeps copies of long lists only', () => {
  const cache = new ChildListCache()
  const long = 1
  const short = 2
  const list = Buffer.from('list')

  cache.offer(long, 256, list)
  cache.offer(short, 255, list)
  list.fill(0)

  expect(cache.get(long)?.toString()).toBe('list')
  expect(cache.get(short)).toBeUndefined()
  cache.forget(long)
  expect(cache.get(long)).toBeUndefined()
})

test('lets the lists longest here go beyond 32 MiB, but keeps the newest', () => {
  const cache = new ChildListCache()
  const nodes = [1, 2, 3]
  const list = Buffer.alloc(15 << 20)

  for (const node of nodes) cache.offer(node, 300, list)
  expect(nodes.map((node) => cache.get(node)?.length)).toEqual([undefined, list.length, list.length])

  const huge = 4
  cache.offer(huge, 300, Buffer.alloc(40 << 20))
  expect([...nodes, huge].map((node) => cache.get(node) !== undefined)).toEqual([false, false, false, true])
})
