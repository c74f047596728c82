import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SumTable } from '../../../src/storage/log-index/sum-table.ts'

const half = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer())
const addition = fc.record({ hi: half, lo: half, major: fc.nat(9), minor: fc.nat(9) })

test('sums are those of a Map, the greatest first, then the oldest', () => {
  fc.assert(
    fc.property(fc.array(addition, { maxLength: 3000, size: 'max' }), fc.nat(1500), (additions, limit) => {
      const table = new SumTable(0)
      const sums = new Map<string, { hi: number; lo: number; major: number; minor: number; position: number }>()
      for (const [position, { hi, lo, major, minor }] of additions.entries()) {
        table.add(hi, lo, major, minor, 3, position)
        const sum = sums.get(`${hi} ${lo}`)
        if (sum === undefined) sums.set(`${hi} ${lo}`, { hi, lo, major, minor, position })
        else {
          sum.major += major
          sum.minor += minor
        }
      }

      const expected = [...sums.values()]
        .sort((one, other) => other.major - one.major || other.minor - one.minor || one.position - other.position)
        .slice(0, limit + 1)
        .map(({ hi, lo, position }) => ({ hi, lo, source: { part: 3, position } }))
      expect(table.size).toBe(sums.size)
      expect(table.top(limit + 1)).toEqual(expected)
    }),
    { numRuns: 60 }
  )
})
