import { expect, test } from '@jest/globals'
import { SeenHashes } from '../../../../src/core/tree/compact/seen-hashes.ts'

const COUNT = 100_000

/** Numbers that look like hashes, none of them twice. */
function hashAt(index: number): number {
  return Math.imul(index, 0x9e3779b1) | 0
}

function countSeen(seen: SeenHashes): number {
  let count = 0
  for (let index = 0; index < COUNT; index++) if (seen.add(hashAt(index))) count++
  return count
}

test('what has come is never taken for new, and few that are new for seen', () => {
  const seen = new SeenHashes(COUNT)

  expect(countSeen(seen)).toBeLessThan(COUNT / 20)
  expect(countSeen(seen)).toBe(COUNT)
})

test('it is right with more than was expected', () => {
  const seen = new SeenHashes(0)
  for (let index = 0; index < COUNT; index++) seen.add(hashAt(index))

  expect(countSeen(seen)).toBe(COUNT)
})
