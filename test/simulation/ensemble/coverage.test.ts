import { expect, jest, test } from '@jest/globals'
import { COVERED, noCoverage } from '../../../src/simulator/coverage.ts'
import { simulate } from '../../../src/simulator/simulation.ts'

// Pure computing: on a machine that has much else to do it takes many times as long.
jest.setTimeout(300_000)

/** Of full length, as `npm run simulate` runs them. */
const SEED_COUNT_MAX = 100

test(`${SEED_COUNT_MAX} seeds go through everything that is meant to be gone through`, () => {
  const sums = noCoverage()
  const missing = () => COVERED.filter((what) => sums[what] === 0)
  for (let seed = 1; seed <= SEED_COUNT_MAX && missing().length > 0; seed++) {
    const { coverage } = simulate(seed)
    for (const what of COVERED) sums[what] += coverage[what]
  }

  expect(missing()).toEqual([])
})
