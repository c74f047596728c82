import { expect, test } from '@jest/globals'
import { ClockWatch } from '../../src/server/clock-watch.ts'
import type { Logger } from '../../src/server/logging/logger.ts'

function watchWith(lines: string[]): ClockWatch {
  const take = (message: string): void => {
    lines.push(message)
  }
  const levels = { infoEnabled: true, debugEnabled: false, traceEnabled: false }
  const log: Logger = { ...levels, error: take, warn: take, info: take, debug: take, trace: take, child: () => log }
  return new ClockWatch(log)
}

test('a clock that is set is told of once, with how far and in which direction', () => {
  const lines: string[] = []
  const watch = watchWith(lines)
  watch.see(1000, 500_000)
  watch.see(1100, 500_100)
  watch.see(1200, 503_700)
  watch.see(1300, 503_800)
  watch.see(1400, 443_900)
  expect(lines).toEqual([
    expect.stringContaining('set forward by 3500 ms'),
    expect.stringContaining('set back by 60000 ms')
  ])
})

test('slewing and a process that stood still are no jumps', () => {
  const lines: string[] = []
  const watch = watchWith(lines)
  let wallMs = 500_000
  for (let monotonicMs = 0; monotonicMs < 100_000; monotonicMs += 100) {
    watch.see(monotonicMs, wallMs)
    wallMs += 102
  }
  watch.see(160_000, wallMs + 60_000)
  expect(lines).toEqual([])
})
