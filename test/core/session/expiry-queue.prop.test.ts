import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ExpiryEntry, ExpiryQueue, NOT_QUEUED } from '../../../src/core/session/expiry-queue.ts'

const TICK_MS = 100

interface Element extends ExpiryEntry {
  readonly name: number
}

/** Deadlines in a plain map, looked through each time. */
class ExpiryModel {
  readonly deadlines = new Map<number, number>()
  #postponedMs = 0

  update(name: number, timeoutMs: number, nowMs: number): void {
    const own = nowMs - this.#postponedMs + timeoutMs
    this.deadlines.set(name, own - (own % TICK_MS) + TICK_MS + this.#postponedMs)
  }

  expired(nowMs: number): number[] {
    const due = [...this.deadlines].filter(([, deadlineMs]) => deadlineMs <= nowMs).map(([name]) => name)
    for (const name of due) this.deadlines.delete(name)
    return due
  }

  postpone(deltaMs: number): void {
    this.#postponedMs += deltaMs
    for (const [name, deadlineMs] of this.deadlines) this.deadlines.set(name, deadlineMs + deltaMs)
  }
}

type Operation =
  | { kind: 'update'; name: number; timeoutMs: number }
  | { kind: 'remove'; name: number }
  | { kind: 'expire'; countMax: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'stall'; ms: number }

const NAME_COUNT = 8
const name = fc.integer({ min: 0, max: NAME_COUNT - 1 })
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('update'), name, timeoutMs: fc.integer({ min: 0, max: 900 }) })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), name }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('expire'), countMax: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 0, max: 250 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stall'), ms: fc.integer({ min: 0, max: 700 }) }) }
) as fc.Arbitrary<Operation>

const byNumber = (a: number, b: number) => a - b

/** Everything that is due, in portions. */
function drain(queue: ExpiryQueue<Element>, nowMs: number, countMax: number): number[] {
  const names: number[] = []
  for (let portion = queue.expired(nowMs, countMax); portion.length > 0; portion = queue.expired(nowMs, countMax)) {
    expect(portion.length).toBeLessThanOrEqual(countMax)
    names.push(...portion.map((element) => element.name))
  }
  return names
}

test('any operations expire the same elements as deadlines in a plain map', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const startMs = 12_345
      const queue = new ExpiryQueue<Element>(TICK_MS, startMs)
      const elements = Array.from({ length: NAME_COUNT }, (_, each) => ({
        name: each,
        expiryBucket: NOT_QUEUED,
        expiryIndex: 0
      }))
      const model = new ExpiryModel()
      let nowMs = startMs

      for (const each of operations) {
        switch (each.kind) {
          case 'update':
            queue.update(elements[each.name] as Element, each.timeoutMs, nowMs)
            model.update(each.name, each.timeoutMs, nowMs)
            break
          case 'remove':
            queue.remove(elements[each.name] as Element)
            model.deadlines.delete(each.name)
            break
          case 'expire':
            expect(drain(queue, nowMs, each.countMax).sort(byNumber)).toEqual(model.expired(nowMs).sort(byNumber))
            break
          case 'wait':
            nowMs += each.ms
            break
          case 'stall':
            nowMs += each.ms
            queue.postpone(each.ms)
            model.postpone(each.ms)
            break
        }
        expect(queue.size).toBe(model.deadlines.size)
        expect(queue.nextExpiryMs).toBeLessThanOrEqual(Math.min(...model.deadlines.values()))
      }
      const listed: [number, number][] = []
      queue.forEachBucket((deadlineMs, entries) => {
        for (const entry of entries) listed.push([entry.name, deadlineMs])
      })
      expect(listed.sort(([a], [b]) => a - b)).toEqual([...model.deadlines].sort(([a], [b]) => a - b))
    }),
    { numRuns: 400 }
  )
})
