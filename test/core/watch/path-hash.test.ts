import { describe, expect, test } from '@jest/globals'
import { PathHash } from '../../../src/core/watch/path-hash.ts'

const COUNT = 4096

function hex(index: number): string {
  return Math.imul(index + 1, 0x9e3779b1).toString(16)
}

/** The most paths in one of as many buckets as there are paths; about 6 if they fall at random. */
function longestChain(hash: PathHash, paths: string[]): number {
  const counts = new Map<number, number>()
  for (const path of paths) {
    const bucket = hash.of(path) & (COUNT - 1)
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }
  return Math.max(...counts.values())
}

describe('the hash of a path', () => {
  test('comes from that of its parent, character by character', () => {
    const hash = new PathHash(7)

    const grown = [...'/b/c'].reduce((sum, character) => hash.next(sum, character.charCodeAt(0)), hash.of('/a'))

    expect(grown).toBe(hash.of('/a/b/c'))
    expect(hash.of('')).toBe(hash.start)
  })

  test.each([
    { family: 'sequential nodes', pathOf: (index: number) => `/locks/lock-${String(index).padStart(10, '0')}` },
    { family: 'equal ends', pathOf: (index: number) => `/tenants/t${index}/settings/config` },
    { family: 'random names', pathOf: (index: number) => `/services/${hex(index)}${hex(index + 77)}` },
    { family: 'one character repeated', pathOf: (index: number) => `/${'a'.repeat(index % 512)}/${index >>> 9}` }
  ])('spreads $family, with any seed', ({ pathOf }) => {
    const paths = Array.from({ length: COUNT }, (_, index) => pathOf(index))

    const longest = [0, -1, 123_456_789].map((seed) => longestChain(new PathHash(seed), paths))

    expect(Math.max(...longest)).toBeLessThan(14)
  })

  test('collides for other paths with another seed', () => {
    const hash = new PathHash(1)
    const other = new PathHash(2)
    const byHash = new Map<number, string>()
    const pairs: [string, string][] = []
    for (let index = 0; index < 150_000; index++) {
      const path = `/${hex(index)}`
      const earlier = byHash.get(hash.of(path))
      if (earlier !== undefined) pairs.push([earlier, path])
      byHash.set(hash.of(path), path)
    }

    const stillColliding = pairs.filter(([a, b]) => other.of(a) === other.of(b))

    expect(pairs.length).toBeGreaterThan(0)
    expect(stillColliding).toEqual([])
  })
})
