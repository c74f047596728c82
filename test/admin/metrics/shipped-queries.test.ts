import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { ProcessMetrics } from '../../../src/admin/metrics/process-metrics.ts'
import { percentileSummaries, prometheusText } from '../../../src/admin/metrics/prometheus-text.ts'
import { QuantileWindows } from '../../../src/admin/metrics/quantile-windows.ts'
import { fakeServer, leading } from '../fake-server.ts'

const CONF = join(__dirname, '..', '..', '..', 'conf')
/** What Prometheus adds to each scrape. */
const OF_PROMETHEUS = ['up']
/** What a leader does not have, and what is no number. */
const ELSEWHERE = ['observer_master_id', 'peer_state']
/** Words of the query language that stand where names do. */
const WORDS = /^(by|on|unless|and|or|without|ignoring|sum|max|min|count|avg|rate|increase|label_values)$/

/** Names of all samples that a leader exports. */
async function exportedNames(): Promise<Set<string>> {
  const view = fakeServer({ mode: 'leader', quorum: leading })
  const windows = new QuantileWindows(() => percentileSummaries(view.metrics))
  const text = [...prometheusText(view, windows, null)].join('') + (await new ProcessMetrics().text(null))
  const names = new Set<string>(OF_PROMETHEUS)
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    names.add(name)
    if (type === 'summary' || type === 'histogram') for (const end of ['_count', '_sum']) names.add(name + end)
  }
  return names
}

/** Names of metrics in a query: what is neither in braces, brackets or quotes nor a word of the language or a label. */
function namesIn(query: string): string[] {
  const bare = query
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replace(/\b(by|on|without|ignoring) ?\([^)]*\)/g, '')
    .replace(/, \w+\)/g, ')')
  return (bare.match(/[a-zA-Z_]\w*/g) ?? []).filter((name) => !WORDS.test(name))
}

/** Values of every property of this name, however deep. */
function valuesOf(node: unknown, property: string): string[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([name, value]) =>
    name === property && typeof value === 'string' ? [value] : valuesOf(value, property)
  )
}

describe('metrics named by what is shipped are exported', () => {
  test('the dashboard', async () => {
    const dashboard: unknown = JSON.parse(readFileSync(join(CONF, 'grafana-dashboard.json'), 'utf8'))
    const queries = [...valuesOf(dashboard, 'expr'), ...valuesOf(dashboard, 'definition')]

    const exported = await exportedNames()

    expect(queries.length).toBeGreaterThan(30)
    expect(queries.filter((query) => namesIn(query).length === 0)).toEqual([])
    expect(queries.flatMap(namesIn).filter((name) => !exported.has(name))).toEqual([])
  })

  test('the alert rules', async () => {
    const rules = readFileSync(join(CONF, 'alerts.yml'), 'utf8')
    const queries = [...rules.matchAll(/^ +expr: (.+)$/gm)].map(([, query = '']) => query)

    const exported = await exportedNames()

    expect(queries.length).toBe(rules.match(/- alert:/g)?.length)
    expect(queries.filter((query) => namesIn(query).length === 0)).toEqual([])
    expect(queries.flatMap(namesIn).filter((name) => !exported.has(name))).toEqual([])
  })

  test('the runbook', async () => {
    const runbook = readFileSync(join(CONF, '..', 'docs', 'operations.md'), 'utf8')
    // What is in capitals stands for any name; times have a name for each of their figures in `mntr`.
    const names = [...runbook.matchAll(/`zk_([a-z_]+)`/g)].map(([, name = '']) =>
      name.replace(/^(avg|max|min|cnt|sum)_/, '')
    )

    const exported = await exportedNames()

    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => !exported.has(name) && !ELSEWHERE.includes(name))).toEqual([])
  })
})
