import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SmallEnsemble } from './small-ensemble.ts'

const HISTORY = Array.from({ length: 8 }, (_, index) => 0x100000001n + BigInt(index))

const runs = fc.record({
  behind: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 3, maxLength: 3 }),
  steps: fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 1, max: 100 })), {
    maxLength: 200,
    size: 'max'
  })
})

describe('our leader with learners of ours', () => {
  test('brings all of them to one history, however bytes are split, links cut and disks late', () => {
    fc.assert(
      fc.property(runs, ({ behind, steps }) => {
        const ensemble = new SmallEnsemble(HISTORY, behind)

        for (const [choice, size] of steps) {
          ensemble.step(choice, size)
          for (const { applied } of ensemble.learners) expect(applied).toEqual(ensemble.log.slice(0, applied.length))
        }
        ensemble.settle()

        expect(ensemble.harness.leading.isEstablished).toBe(true)
        expect(ensemble.harness.host.closed).toEqual(new Map())
        expect(ensemble.harness.leading.outstandingCount).toBe(0)
        for (const { applied, log } of ensemble.learners) {
          expect(log).toEqual(ensemble.log)
          expect(applied).toEqual(ensemble.log)
        }
      }),
      { numRuns: 20 }
    )
  })
})
