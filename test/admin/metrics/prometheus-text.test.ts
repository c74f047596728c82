import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { percentileSummaries, prometheusText } from '../../../src/admin/metrics/prometheus-text.ts'
import { QuantileWindows } from '../../../src/admin/metrics/quantile-windows.ts'
import type { ServerView } from '../../../src/admin/server-view.ts'
import { fakeServer } from '../fake-server.ts'

function windowsOf(view: ServerView): QuantileWindows {
  return new QuantileWindows(() => percentileSummaries(view.metrics))
}

function textOf(view: ServerView, names: readonly string[] | null = null, windows = windowsOf(view)): string {
  return [...prometheusText(view, windows, names === null ? null : new Set(names))].join('')
}

/** Kind by name. */
function typesOf(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
}

describe("the text for Prometheus's scrapes", () => {
  test('has every metric of a real server, of the same kind', () => {
    const golden = readFileSync(join(__dirname, 'golden', 'prometheus-types.txt'), 'utf8')
      .trim()
      .split('\n')

    const types = typesOf(textOf(fakeServer()))

    const differing = golden.filter((line) => {
      const [name = '', type] = line.split(' ')
      return types.get(name) !== type
    })
    expect(golden.length).toBeGreaterThan(140)
    expect(differing).toEqual([])
  })

  test('is well-formed line by line', () => {
    const view = fakeServer()
    view.metrics.readPerNamespace.add('a"b\\c\nd', 5)
    const sample =
      /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="[^"]*")*\})? (-?\d+(\.\d+)?(e[+-]?\d+)?|NaN|[+-]Inf)$/

    const lines = textOf(view).trimEnd().split('\n')

    expect(lines.filter((line) => !line.startsWith('# ') && !sample.test(line))).toEqual([])
    expect(lines).toContain('read_per_namespace_count{key="a\\"b\\\\c\\nd"} 1.0')
  })

  test('shows counters, summaries, sets and quotas as they are', () => {
    const view = fakeServer({
      tree: {
        quotas: () => [{ namespace: 'app', countLimit: 5, bytesLimit: -1, countUsed: 3, bytesUsed: 10 }],
        prefixes: () => [{ name: 'tenant', znodes: 3, znodesLimit: 10, bytes: 40, bytesLimit: -1 }],
        nodeCount: 12
      }
    })
    view.metrics.bytesReceivedCount.add(7)
    view.metrics.fsyncTime.add(3)
    view.metrics.readLatency.addMany(10, 99)
    view.metrics.readLatency.add(50)

    const lines = textOf(view).split('\n')

    expect(lines).toEqual(
      expect.arrayContaining([
        'znode_count 12.0',
        'bytes_received_count 7.0',
        'fsynctime_count 1.0',
        'fsynctime_sum 3.0',
        'readlatency{quantile="0.5"} 10.0',
        'readlatency{quantile="0.99"} 10.0',
        'readlatency_count 100.0',
        'quota_count_limit_per_namespace{key="app"} 5.0',
        'quota_bytes_limit_per_namespace{key="app"} -1.0',
        'prefix_znodes{key="tenant"} 3.0',
        'prefix_bytes_limit{key="tenant"} -1.0'
      ])
    )
  })

  test('has only what was asked for', () => {
    expect(textOf(fakeServer(), ['znode_count'])).toBe(
      '# HELP znode_count znode_count\n# TYPE znode_count gauge\nznode_count 5.0\n'
    )
  })
})

describe('quantiles', () => {
  test('are of the last one to two intervals, and nothing if nothing was recorded then', () => {
    const view = fakeServer()
    const windows = windowsOf(view)
    const { readLatency } = view.metrics
    const shown = (): string | undefined =>
      /readlatency\{quantile="0.9"\} (\S+)/.exec(textOf(view, ['readlatency'], windows))?.[1]

    readLatency.addMany(40, 10)
    const atOnce = shown()
    windows.rotate()
    readLatency.addMany(2, 10)
    const inTheNext = shown()
    windows.rotate()
    const ofTheSecond = shown()
    windows.rotate()
    const later = shown()

    expect([atOnce, inTheNext, ofTheSecond, later]).toEqual(['40.0', '40.0', '2.0', 'NaN'])
  })

  test('begin anew after a reset', () => {
    const view = fakeServer()
    const windows = windowsOf(view)
    const { readLatency } = view.metrics
    readLatency.addMany(40, 10)
    windows.rotate()
    windows.rotate()

    readLatency.reset()
    readLatency.add(3)

    expect(windows.quantile(readLatency, 0.5)).toBe(3)
  })
})
