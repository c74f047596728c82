import { expect, test } from '@jest/globals'
import { scenarioTable } from '../../../bench/report/scenario-table.ts'
import { round, scenario, scenarioResult } from './load-results.ts'

/** The cells of one line of a Markdown table. */
function cells(table: string, line: number): string[] {
  const text = table.split('\n')[line] ?? ''
  return text
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

test('a row shows rates, ratio with range, goal, latencies and costs of both', () => {
  const written = { writes: 100_000, serverWriteBytes: 41_200_000 }
  const rounds = [
    round({ perSecond: 10_000, serverCpuSeconds: 4 }, { perSecond: 30_000, ...written }),
    round({ perSecond: 10_000, serverCpuSeconds: 4, ...written }, { perSecond: 25_000 })
  ]

  const table = scenarioTable([scenarioResult(rounds)])

  expect(cells(table, 2)).toEqual([
    'get-4x64',
    '10,000/s',
    '27,500/s',
    '2.75 (2.50-3.00)',
    '2 / 4',
    '10 µs / 10 µs',
    '100 µs / 100 µs',
    '1.0 ms / 1.0 ms',
    '4.00 / 1.00',
    '412 / 412',
    ''
  ])
})

test('a goal that is missed is marked', () => {
  const table = scenarioTable([scenarioResult([round({ perSecond: 100 }, { perSecond: 100 })])])

  expect(cells(table, 2)[4]).toBe('2 / 4 !')
})

test('a row about a time shows times and no rates', () => {
  const rounds = [round({ maxUs: 2_500_000 }, { maxUs: 640_000 })]

  const table = scenarioTable([scenarioResult(rounds, { headline: 'time', name: 'fail-over', goal: null })])

  expect(cells(table, 2).slice(0, 6)).toEqual(['fail-over', '2.50 s', '640.0 ms', '3.91 (3.91-3.91)', '', ''])
})

test('rows without figures say why below the table', () => {
  const failed = { scenario: scenario({ name: 'set-1x1' }), rounds: [], flushes: null, failure: 'xid 7 for 6' }
  const skipped = {
    scenario: scenario({ name: 'tls-get' }),
    rounds: [],
    flushes: null,
    failure: 'no TLS',
    isSkipped: true
  }

  const table = scenarioTable([failed, skipped])

  expect(cells(table, 2).slice(0, 2)).toEqual(['set-1x1', 'failed'])
  expect(cells(table, 3).slice(0, 2)).toEqual(['tls-get', 'skipped'])
  expect(table.split('\n').slice(4)).toEqual(['failed set-1x1: xid 7 for 6', 'skipped tls-get: no TLS'])
})

test('the columns stand below each other in plain text', () => {
  const table = scenarioTable([scenarioResult([round({}, {})]), scenarioResult([round({}, {})], { name: 'a' })])

  const lengths = table.split('\n').map((line) => line.length)

  expect(new Set(lengths).size).toBe(1)
})
