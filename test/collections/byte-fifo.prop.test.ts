import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ByteFifo } from '../../src/collections/byte-fifo.ts'

const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 2, arbitrary: fc.integer({ min: 60_000, max: 130_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 262_143, max: 262_145 }) },
  { weight: 1, arbitrary: fc.integer({ min: 300_000, max: 600_000 }) }
)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('push' as const), amount: bytes }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('shift' as const), amount: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('crowd' as const), amount: fc.integer({ min: 60, max: 200 }) })
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('truncate' as const), amount: fc.integer({ min: 0, max: 90 }) })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), amount: fc.constant(0) }) }
)

interface Item {
  readonly keyHi: number
  readonly keyLo: number
  readonly bytes: Uint8Array
}

describe('a queue of byte strings', () => {
  test('holds what an array of copies would, whatever the turns', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fifo = new ByteFifo()
        let model: Item[] = []
        let next = 0
        const push = (length: number): void => {
          const source = Buffer.alloc(length, ++next % 251)
          const item = { keyHi: -next, keyLo: next * 3, bytes: new Uint8Array(source) }
          fifo.push(item.keyHi, item.keyLo, source)
          source.fill(255) // the queue has a copy
          model.push(item)
        }
        for (const { kind, amount } of steps) {
          if (kind === 'push') push(amount)
          else if (kind === 'crowd') for (let left = amount; left > 0; left--) push(3)
          else if (kind === 'shift') {
            for (let left = amount; left > 0; left--) fifo.shift()
            model = model.slice(amount)
          } else if (kind === 'truncate') {
            fifo.truncate(amount)
            model = model.slice(0, amount)
          } else {
            fifo.clear()
            model = []
          }
          expect([fifo.size, fifo.bytes]).toEqual([
            model.length,
            model.reduce((sum, item) => sum + item.bytes.length, 0)
          ])
          for (const [place, item] of model.entries()) {
            expect([fifo.keyHi(place), fifo.keyLo(place)]).toEqual([item.keyHi, item.keyLo])
            if (Buffer.compare(fifo.get(place), item.bytes) !== 0) throw new Error(`item ${place} has other bytes`)
          }
        }
      }),
      { numRuns: 40 }
    )
  })

  test('has nothing beyond its ends', () => {
    const fifo = new ByteFifo()
    fifo.push(0, 1, Buffer.from('one'))
    fifo.shift()
    fifo.push(0, 2, Buffer.from('two'))

    expect(Buffer.from(fifo.get(0)).toString()).toBe('two')
    expect(() => fifo.get(1)).toThrow(RangeError)
    expect(() => fifo.get(-1)).toThrow(RangeError)
  })
})
