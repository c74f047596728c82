import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Fifo } from '../../src/collections/fifo.ts'

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.constant(5000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.constant(6000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), count: fc.constant(1) }) }
)

test('gives back what was put in, in its order, whatever the turns', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const fifo = new Fifo<number>()
      let model: number[] = []
      let taken = 0
      let next = 0
      for (const { kind, count } of steps) {
        for (let done = 0; done < count; done++) {
          if (kind === 'push') {
            fifo.push(next)
            model.push(next++)
          } else if (kind === 'clear') {
            fifo.clear()
            model = []
            taken = 0
          } else {
            const wanted = taken < model.length ? model[taken++] : undefined
            if (fifo.shift() !== wanted) throw new Error('another item came out than was due')
          }
        }
        expect(fifo.size).toBe(model.length - taken)
        expect(fifo.peek()).toBe(model[taken])
      }
    }),
    { numRuns: 15 }
  )
})
