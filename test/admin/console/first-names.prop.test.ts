import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FirstNames } from '../../../src/admin/console/first-names.ts'

test('of any names, in any order, the first are kept in order', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ maxLength: 4, unit: 'binary' }), { maxLength: 200 }),
      fc.integer({ min: 1, max: 40 }),
      (names, countMax) => {
        const first = new FirstNames(countMax)

        for (const name of names) first.offer(name)

        expect(first.take()).toEqual({
          names: [...names].sort().slice(0, countMax),
          isAll: names.length <= countMax
        })
      }
    )
  )
})
