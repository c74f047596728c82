import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { waitFor } from '../../../interop/harness/wait-for.ts'
import type { SlowRequest } from '../../../src/core/pipeline/slow-requests.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { TraceExporter } from '../../../src/server/tracing/trace-exporter.ts'

interface Post {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: what came is looked into as it is
  readonly body: any
}

const REQUEST: SlowRequest = {
  wallMs: 1_700_000_001_000,
  sessionHi: 0x1000,
  sessionLo: 5,
  address: '10.0.0.7',
  type: OpCode.create,
  xid: 1,
  path: '/a',
  zxidHi: 0,
  zxidLo: 3,
  totalMs: 1_500,
  stagesMs: { queue: 0, prepare: 0, log: 1_500, quorum: 0, apply: 0, send: 0 },
  stage: 'log',
  peer: null
}

const open: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

/** A collector as OTLP over HTTP describes one. Its answers may be changed while it runs. */
class Receiver {
  readonly posts: Post[] = []
  status = 200
  answer = '{}'
  /** Nothing is answered while it is set. */
  isDeaf = false
  readonly #server: Server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (piece) => {
      text += piece
    })
    request.on('end', () => {
      this.posts.push({ url: request.url ?? '', headers: request.headers, body: JSON.parse(text) })
      if (!this.isDeaf) response.writeHead(this.status, { 'Content-Type': 'application/json' }).end(this.answer)
    })
  })

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    open.push(this)
    return (this.#server.address() as AddressInfo).port
  }

  get xids(): number[] {
    return this.posts.flatMap(({ body }) =>
      body.resourceSpans[0].scopeSpans[0].spans
        .filter((span: { parentSpanId?: string }) => span.parentSpanId === undefined)
        .map((span: { attributes: { key: string; value: { intValue?: string } }[] }) =>
          Number(span.attributes.find(({ key }) => key === 'zookeeper.xid')?.value.intValue)
        )
    )
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

class Counter {
  value = 0

  add(count: number): void {
    this.value += count
  }
}

function start(port: number, more: { queueSize?: number; sampleRate?: number; batchDelayMs?: number } = {}) {
  const exported = new Counter()
  const dropped = new Counter()
  const warnings: string[] = []
  const notes: string[] = []
  const exporter = new TraceExporter({
    settings: {
      endpoint: `http://127.0.0.1:${port}/v1/traces`,
      sampleRate: 0,
      serviceName: 'zk-test',
      queueSize: 2_048,
      batchDelayMs: 20,
      ...more
    },
    slowMs: 1_000,
    serverId: 2,
    counters: { exported, dropped },
    log: { warn: (line) => void warnings.push(line), info: (line) => void notes.push(line) }
  })
  open.push(exporter)
  return { exporter, exported, dropped, warnings, notes }
}

function until(what: string, isSo: () => boolean): Promise<true> {
  return waitFor(what, 25_000, async () => (isSo() ? true : null))
}

test('what a collector gets is a request of OTLP in its JSON', async () => {
  const receiver = new Receiver()
  const { exporter, exported, dropped } = start(await receiver.listen())

  exporter.answered(REQUEST)
  exporter.answered({ ...REQUEST, xid: 2 })
  await until('the batch', () => exported.value === 2)

  const [post] = receiver.posts
  expect(receiver.posts).toHaveLength(1)
  expect(post).toMatchObject({ url: '/v1/traces', headers: { 'content-type': 'application/json' } })
  const [resource] = post?.body.resourceSpans ?? []
  const attributes = Object.fromEntries(
    resource.resource.attributes.map(({ key, value }: { key: string; value: object }) => [key, Object.values(value)[0]])
  )
  expect(attributes).toMatchObject({ 'service.name': 'zk-test', 'zookeeper.server.id': '2' })
  expect(resource.scopeSpans[0].scope.name).toBe('zoonode')
  const { spans } = resource.scopeSpans[0]
  expect(spans.map(({ name }: { name: string }) => name)).toEqual(['create', 'log', 'create', 'log'])
  for (const span of spans) {
    expect(span.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
    expect(span.startTimeUnixNano).toMatch(/^\d{19}$/)
    expect(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)).toBe(1_500_000_000n)
  }
  expect(spans[0].traceId).not.toBe(spans[2].traceId)
  expect(dropped.value).toBe(0)
})

test('many come in batches, in order', async () => {
  const receiver = new Receiver()
  const { exporter, exported } = start(await receiver.listen())

  for (let xid = 0; xid < 300; xid++) exporter.answered({ ...REQUEST, xid })
  await until('all', () => exported.value === 300)

  expect(receiver.xids).toEqual(Array.from({ length: 300 }, (_, xid) => xid))
  expect(receiver.posts.length).toBe(3)
})

test('a collector that is not there costs a line, and those that do not fit into the queue; when it comes it gets the rest', async () => {
  const before = new Receiver()
  const port = await before.listen()
  before.close()
  const { exporter, exported, dropped, warnings, notes } = start(port, { queueSize: 10 })

  for (let xid = 0; xid < 25; xid++) exporter.answered({ ...REQUEST, xid })
  await until('a line', () => warnings.length > 0)
  exporter.left(5)
  const receiver = new Receiver()
  await receiver.listen(port)
  await until('the rest', () => exported.value === 10)

  expect(warnings).toEqual([
    expect.stringMatching(/^traces do not get to http:\/\/127\.0\.0\.1:\d+\/v1\/traces: .*ECONNREFUSED/)
  ])
  expect(dropped.value).toBe(20)
  expect(receiver.xids).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(notes).toEqual([expect.stringContaining('again')])
})

test.each([
  { status: 503, sent: [1, 1], droppedCount: 0 },
  { status: 429, sent: [1, 1], droppedCount: 0 },
  { status: 400, sent: [1], droppedCount: 1 },
  { status: 404, sent: [1], droppedCount: 1 }
])('a batch that is answered with $status comes $sent', async ({ status, sent, droppedCount }) => {
  const receiver = new Receiver()
  receiver.status = status
  const { exporter, dropped, warnings } = start(await receiver.listen())

  exporter.answered(REQUEST)
  await until('the answers', () => receiver.posts.length >= sent.length && warnings.length > 0)
  await until('the count', () => dropped.value === droppedCount)

  // What is to come again comes for ever.
  expect(receiver.xids.slice(0, 2)).toEqual(sent)
  expect(warnings).toEqual([expect.stringContaining(`it answers with ${status}`)])
})

test('spans that a collector rejects are told, with its words', async () => {
  const receiver = new Receiver()
  receiver.answer = '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no room"}}'
  const { exporter, exported, warnings } = start(await receiver.listen())

  exporter.answered(REQUEST)
  await until('the batch', () => exported.value === 1)

  expect(warnings).toEqual([expect.stringContaining('it rejects 2 spans: no room')])
})

test('what is there at the end is sent, and a collector that does not answer holds nobody up', async () => {
  const receiver = new Receiver()
  const port = await receiver.listen()
  const one = start(port, { batchDelayMs: 60_000 })
  const other = start(port, { batchDelayMs: 60_000 })

  one.exporter.answered(REQUEST)
  await one.exporter.close()
  receiver.isDeaf = true
  other.exporter.answered({ ...REQUEST, xid: 2 })
  const beginMs = performance.now()
  await other.exporter.close()

  expect(receiver.xids).toEqual([1, 2])
  expect(performance.now() - beginMs).toBeLessThan(20_000)
})

test.each([
  { sampleRate: 0, every: 0 },
  { sampleRate: 0.01, every: 100 },
  { sampleRate: 0.7, every: 1 },
  { sampleRate: 1, every: 1 }
])('a share of $sampleRate is one in $every', ({ sampleRate, every }) => {
  expect(start(1, { sampleRate }).exporter.every).toBe(every)
})
