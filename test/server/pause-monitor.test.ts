import { expect, test } from '@jest/globals'
import { createMetrics } from '../../src/core/metrics.ts'
import type { Logger } from '../../src/server/logging/logger.ts'
import { PauseMonitor } from '../../src/server/pause-monitor.ts'

const SETTINGS = { pauseMonitorEnabled: true, pauseInfoThresholdMs: 100, pauseWarnThresholdMs: 1000 }

function recorder(): { log: Logger; lines: string[] } {
  const lines: string[] = []
  const write = (level: string) => (message: string) => {
    lines.push(`${level} ${message}`)
  }
  const log: Logger = {
    infoEnabled: true,
    debugEnabled: false,
    traceEnabled: false,
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    trace: write('trace'),
    child: () => log
  }
  return { log, lines }
}

test('pauses are measured, and told of by their length', () => {
  const { log, lines } = recorder()
  const metrics = createMetrics()
  const monitor = new PauseMonitor(SETTINGS, metrics, log)

  for (const lateMs of [0.4, 100.9, 101, 1001.5]) monitor.note(lateMs)

  expect(metrics.pauseTimeMs.all).toMatchObject({ count: 4, sum: 0 + 100 + 101 + 1001 })
  expect(lines).toEqual([expect.stringMatching(/^info .* 101 ms/), expect.stringMatching(/^warn .* 1001 ms/)])
})

test('nothing is measured unless it is switched on', () => {
  const { log, lines } = recorder()
  const metrics = createMetrics()
  new PauseMonitor({ ...SETTINGS, pauseMonitorEnabled: false }, metrics, log).note(5000)

  expect([metrics.pauseTimeMs.all.count, lines]).toEqual([0, []])
})
