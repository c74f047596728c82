import { describe, expect, test } from '@jest/globals'
import { longestJavaPauseMs, longestOf } from '../../../bench/costs/pauses.ts'

const LINES = [
  { atMs: 1000, turnMs: 50, cpuMs: 40, lateMs: 60, pauseMs: 9 },
  { atMs: 1250, turnMs: 3, cpuMs: 2, lateMs: 4, pauseMs: 0 },
  { atMs: 1500, turnMs: 2, cpuMs: 2.5, lateMs: 2, pauseMs: 7 },
  { atMs: 2000, turnMs: 90, cpuMs: 80, lateMs: 95, pauseMs: 30 }
]
const TEXT = LINES.map((line) => `${JSON.stringify(line)}\n`).join('')

describe('what the probe of turns noted', () => {
  test('is the longest of each in the stretch of time, not of one line', () => {
    expect(longestOf(TEXT, { fromMs: 1100, untilMs: 1450 })).toEqual({ turnMs: 3, cpuMs: 2.5, pauseMs: 7 })
  })

  test('includes the line that comes a quarter of a second later', () => {
    expect(longestOf(TEXT, { fromMs: 1600, untilMs: 1800 }).turnMs).toBe(90)
  })

  test('ends before a line that is not yet written to its end', () => {
    expect(longestOf(`${TEXT}{"atMs":1300,"turnMs":99`, { fromMs: 1100, untilMs: 1300 }).turnMs).toBe(3)
  })

  test('is an error if it noted nothing then', () => {
    expect(() => longestOf(TEXT, { fromMs: 5000, untilMs: 6000 })).toThrow('noted nothing')
  })
})

describe('the log of the JVM collector', () => {
  test('gives its longest pause, of all kinds of pauses', () => {
    const log = `[0.005s][info][gc] Using G1
[1.234s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 24M->5M(256M) 3.456ms
[2.345s][info][gc] GC(1) Concurrent Mark Cycle
[2.350s][info][gc] GC(1) Pause Remark 30M->30M(256M) 12.001ms
[2.360s][info][gc] GC(1) Concurrent Mark Cycle 150.123ms
`

    expect(longestJavaPauseMs(log)).toBe(12.001)
  })

  test('without a pause gives 0', () => {
    expect(longestJavaPauseMs('[0.005s][info][gc] Using G1\n')).toBe(0)
  })
})
