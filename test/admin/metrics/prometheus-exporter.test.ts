import { afterEach, describe, expect, test } from '@jest/globals'
import { PrometheusExporter } from '../../../src/admin/metrics/prometheus-exporter.ts'
import { fakeServer } from '../fake-server.ts'

const open: PrometheusExporter[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((exporter) => exporter.close()))
})

async function exporterOf(exportProcessInfo: boolean): Promise<string> {
  const settings = { host: '127.0.0.1', ports: [{ port: 0, tls: null }], exportProcessInfo, rotateIntervalSeconds: 60 }
  const exporter = new PrometheusExporter(settings, fakeServer(), (error) => {
    throw error
  })
  open.push(exporter)
  await exporter.listen()
  return `http://127.0.0.1:${exporter.port}`
}

describe("Prometheus's exporter", () => {
  test('answers /metrics in the text format, with figures of the process', async () => {
    const url = await exporterOf(true)

    const response = await fetch(`${url}/metrics`)
    const text = await response.text()

    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    for (const name of ['znode_count', 'process_resident_memory_bytes', 'nodejs_eventloop_utilization_ratio']) {
      expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'))
    }
    expect(text).toMatch(/^# TYPE nodejs_gc_duration_seconds histogram$/m)
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m)
    expect(text.endsWith('\n')).toBe(true)
  })

  test('leaves the process out where it is told to', async () => {
    const url = await exporterOf(false)

    expect(await (await fetch(`${url}/metrics`)).text()).not.toMatch(/^(process|nodejs)_/m)
  })

  test('takes names', async () => {
    const url = await exporterOf(true)

    const text = await (await fetch(`${url}/metrics?name[]=uptime&name[]=process_open_fds`)).text()

    expect([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)).toEqual(['uptime', 'process_open_fds'])
  })

  test.each(['/', '/metrics/', '/other'])('has nothing at %s', async (path) => {
    const url = await exporterOf(false)

    expect((await fetch(url + path)).status).toBe(404)
  })
})
