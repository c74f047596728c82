import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type RunningServer, startServer } from '../../../interop/differential/servers.ts'
import { freePort } from '../../../interop/harness/free-port.ts'
import { waitFor } from '../../../interop/harness/wait-for.ts'
import { connect } from '../../../src/client/index.ts'
import type { Span } from '../../../src/server/tracing/request-spans.ts'

const bodies: string[] = []
const receiver = createServer((request, response) => {
  let text = ''
  request.on('data', (piece) => {
    text += piece
  })
  request.on('end', () => {
    bodies.push(text)
    response.end()
  })
})
let server: RunningServer
let adminPort: number

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  adminPort = await freePort()
  const settings = {
    'admin.enableServer': 'true',
    'admin.serverPort': String(adminPort),
    'tracing.otlp.endpoint': `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
    'tracing.sampleRate': '1',
    'tracing.batchDelayMs': '50',
    // An hour: nothing is slow, however busy the machine is.
    slowRequestThresholdMs: '3600000'
  }
  server = await startServer('zoonode', { projectRoot: join(__dirname, '../../..'), settings, parentFolder: tmpdir() })
}, 300_000)

afterAll(async () => {
  await server?.stop()
  receiver.closeAllConnections()
  receiver.close()
})

function spans(): Span[] {
  return bodies.flatMap((text) => JSON.parse(text).resourceSpans[0].scopeSpans[0].spans)
}

test('requests of a client come to the collector, are counted, and none of them is called slow', async () => {
  const beginMs = Date.now()
  const client = await connect(`127.0.0.1:${server.port}`)
  await client.create('/traced', 'x')
  await client.setData('/traced', 'y')
  await client.exists('/traced')
  await client.close()
  const named = (name: string): Span | undefined =>
    spans().find((span) => span.parentSpanId === undefined && span.name === name)
  await waitFor('the traces', 25_000, async () =>
    ['create', 'setData', 'exists', 'closeSession'].every((name) => named(name) !== undefined) ? true : null
  )

  const path = named('setData')?.attributes.find(({ key }) => key === 'zookeeper.path')
  const startMs = Number(BigInt(named('create')?.startTimeUnixNano ?? 0) / 1_000_000n)
  expect(path?.value).toEqual({ stringValue: '/traced' })
  expect(startMs).toBeGreaterThanOrEqual(beginMs - 1_000)
  expect(startMs).toBeLessThanOrEqual(Date.now())

  const ask = async (command: string): Promise<Record<string, unknown>> =>
    (await fetch(`http://127.0.0.1:${adminPort}/commands/${command}`)).json() as Promise<Record<string, unknown>>
  // Counted when the collector has answered, a moment after it has them.
  const monitor = await waitFor('the count', 25_000, async () => {
    const shown = await ask('monitor')
    return Number(shown.tracing_requests_exported) >= 4 ? shown : null
  })
  expect(monitor.tracing_requests_dropped).toBe(0)
  expect(await ask('slow')).toMatchObject({ slow_requests_count: 0, slow_requests: [] })
})
