import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Int64Map } from '../../src/protocol/int64-map.ts'
import { NumberMap } from '../../src/protocol/number-map.ts'

const word = fc.oneof(fc.constantFrom(0, 1, -1, 0x7fffffff, -0x80000000), fc.integer({ min: -40, max: 40 }))
const step = fc.record({
  kind: fc.constantFrom('set' as const, 'set' as const, 'delete' as const),
  hi: word,
  lo: word,
  /** Neighbours that are done to as well: enough of them make the table grow. */
  run: fc.constantFrom(1, 1, 1, 40, 300)
})

describe('a map of 64-bit keys', () => {
  test('has what a Map would have, through growing and collisions', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = new Int64Map<string>()
        const model = new Map<string, string>()
        let count = 0
        for (const { kind, hi, lo, run } of steps) {
          for (let index = 0; index < run; index++) {
            const low = (lo + index) | 0
            const name = `${hi} ${low}`
            if (kind === 'set') {
              const value = `value ${++count}`
              map.set(hi, low, value)
              model.set(name, value)
            } else if (map.delete(hi, low) !== model.delete(name)) throw new Error(`delete of ${name}`)
            if (map.get(hi, low) !== model.get(name)) throw new Error(`get of ${name}`)
          }
        }
        expect(map.size).toBe(model.size)
        const seen: [string, string][] = []
        map.forEach((hi, lo, value) => {
          seen.push([`${hi} ${lo}`, value])
        })
        expect(new Map(seen)).toEqual(model)
        expect(seen).toHaveLength(model.size)
        expect(map.values().toSorted()).toEqual([...model.values()].toSorted())
        for (const [name, value] of model) {
          const [hi, lo] = name.split(' ').map(Number) as [number, number]
          expect(map.get(hi, lo)).toBe(value)
          expect(map.has(hi, lo)).toBe(true)
        }
      }),
      { numRuns: 60 }
    )
  })

  test('may be changed by who visits it', () => {
    const map = new Int64Map<number>()
    for (let lo = 0; lo < 100; lo++) map.set(7, lo, lo)
    const visited = new Set<number>()
    map.forEach((hi, lo) => {
      visited.add(lo)
      map.delete(hi, lo)
    })
    expect(visited.size).toBe(100)
    expect(map.size).toBe(0)
  })
})

test('a map of numbers tells apart all that are safe', () => {
  const map = new NumberMap<string>()
  const keys = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x1_0000_0000, 0x1_0000_0001, Number.MAX_SAFE_INTEGER]
  for (const key of keys) map.set(key, `of ${key}`)
  for (const key of keys) expect(map.get(key)).toBe(`of ${key}`)
  expect(map.size).toBe(keys.length)
  expect(map.get(2)).toBeUndefined()
  expect(map.delete(0x1_0000_0000)).toBe(true)
  expect(map.delete(0x1_0000_0000)).toBe(false)
  expect(map.has(0)).toBe(true)
  expect(map.values()).toHaveLength(keys.length - 1)
})
