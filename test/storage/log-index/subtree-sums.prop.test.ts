import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { pathOrder } from '../../../src/storage/log-index/postings.ts'
import { subtreeSums } from '../../../src/storage/log-index/subtree-sums.ts'
import { EMPTY_TEXT_HASH, hashOn } from '../../../src/storage/log-index/text-hash.ts'
import type { PathTotals } from '../../../src/storage/log-index/totals.ts'

// Names with characters on both sides of the slash, and some that others begin with.
const name = fc.constantFrom('a', 'a-', 'a-b', 'ab', 'a0', '-', 'é𝒳')
const path = fc.array(name, { maxLength: 6 }).map((names) => `/${names.join('/')}`)

test('the sums of each subtree are those of its own path and of all paths below it', () => {
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (paths, depthMax) => {
      const totals = paths.map(
        (_, at): PathTotals => ({ writes: at + 1, bytes: 7 * at, creates: at % 3, deletes: at % 2 })
      )

      const levels = subtreeSums(paths, totals, pathOrder(paths), depthMax)

      const expected = new Map<string, number>()
      for (const subtree of new Set(paths.flatMap((one) => above(one, depthMax)))) {
        const inside = paths.flatMap((one, at) => (isWithin(one, subtree) ? [totals[at]?.writes ?? 0] : []))
        expected.set(
          subtree,
          inside.reduce((sum, more) => sum + more, 0)
        )
      }
      const found = levels.flatMap((level) => level.paths.map((one, at) => [one, level.totals[at]?.writes] as const))
      expect(new Map(found)).toEqual(expected)
      expect(found).toHaveLength(expected.size)
      for (const [depth, level] of levels.entries()) {
        expect(level.paths).toEqual([...level.paths].sort())
        expect(level.hashes).toEqual(level.paths.map((one) => hashOn(EMPTY_TEXT_HASH, one, 0, one.length)))
        for (const one of level.paths) expect(one === '/' ? 0 : one.split('/').length - 1).toBe(depth)
      }
    })
  )
})

/** The subtrees that a path is below: the root, for itself as well, and its ancestors down to a depth. */
function above(one: string, depthMax: number): string[] {
  const names = one.split('/').slice(1, -1)
  return ['/', ...names.map((_, at) => `/${names.slice(0, at + 1).join('/')}`).slice(0, depthMax)]
}

function isWithin(one: string, subtree: string): boolean {
  return subtree === '/' || one === subtree || one.startsWith(`${subtree}/`)
}
