import { describe, expect, test } from '@jest/globals'
import { costOf } from '../../../bench/costs/cost-list.ts'
import { notes } from '../../../bench/report/notes.ts'
import { loadResult, round, scenarioResult } from './load-results.ts'

describe('notes', () => {
  test('say nothing of a quiet machine and a generator that costs little', () => {
    const quiet = { ...round({}, {}), otherWork: { otherCores: 0.1, stolenCores: 0.02 } }

    expect(notes([scenarioResult([quiet])], [])).toEqual([])
  })

  test.each([
    { otherCores: 0.5, stolenCores: 0 },
    { otherCores: 0, stolenCores: 0.5 }
  ])('tell that others used the machine: $otherCores cores, and $stolenCores stolen', (otherWork) => {
    const rounds = [{ ...round({}, {}), otherWork }, round({}, {})]

    expect(notes([scenarioResult(rounds)], [])).toEqual([
      expect.stringContaining('in 1 of 1 rounds other work took up to 0.5 cores')
    ])
  })

  test('tell that others used the machine while a cost was measured', () => {
    const cost = { ...costOf('rss-idle'), apache: [1], zoonode: [1], otherWork: { otherCores: 1.5, stolenCores: 0 } }

    expect(notes([], [cost])).toEqual([expect.stringContaining('in 1 of 1 costs other work took up to 1.5 cores')])
  })

  test('tell that a pipelined operation cost the generator more than a microsecond', () => {
    const dear = { generatorCpuSeconds: 0.2 }

    expect(notes([scenarioResult([round(dear, dear)])], [])).toEqual([
      expect.stringContaining('get-4x64: the load generator took 2.00 µs')
    ])
  })

  test('forgive it where the slower server wakes it for each answer', () => {
    expect(notes([scenarioResult([round({ generatorCpuSeconds: 0.2 }, {})])], [])).toEqual([])
  })

  test('forgive it where one request is outstanding at a time', () => {
    const dear = { generatorCpuSeconds: 0.5 }

    expect(notes([scenarioResult([round(dear, dear)], { depth: 1 })], [])).toEqual([])
  })

  test('tell that the generator may be the limit', () => {
    const busy = { operations: 10_000_000, generatorCpuSeconds: 1.9 }

    expect(notes([scenarioResult([round(busy, busy)])], [])).toEqual([expect.stringContaining('0.95 cores')])
  })

  test('tell that an open loop was late', () => {
    const late = round(loadResult(), { latenessP99Us: 2500 })

    expect(notes([scenarioResult([late], { workload: 'open' })], [])).toEqual([expect.stringContaining('2500 µs late')])
  })
})
