import { expect, test } from '@jest/globals'
import type { SlowRequest } from '../../../src/core/pipeline/slow-requests.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { randomIds } from '../../../src/server/tracing/random-ids.ts'
import { spansOf } from '../../../src/server/tracing/request-spans.ts'

const WRITE: SlowRequest = {
  wallMs: 1_700_000_001_000,
  sessionHi: 0x1000,
  sessionLo: 5,
  address: '10.0.0.7',
  type: OpCode.setData,
  xid: 9,
  path: '/orders',
  zxidHi: 2,
  zxidLo: 3,
  totalMs: 1_006,
  stagesMs: { queue: 0, prepare: 1, log: 700, quorum: 200, apply: 5, send: 100 },
  stage: 'log',
  peer: 3
}

function counting(): (bytes: 8 | 16) => string {
  let next = 0
  return (bytes) => (++next).toString(16).padStart(2 * bytes, '0')
}

test('a request is a span with one below it for each stage, one after the other up to its end', () => {
  const [root, ...stages] = spansOf(WRITE, 1_000, counting())

  expect(root).toMatchObject({ name: 'setData', kind: 2, startTimeUnixNano: '1699999999999000000' })
  expect(root?.endTimeUnixNano).toBe('1700000001005000000')
  expect(root).not.toHaveProperty('parentSpanId')
  expect(
    stages.map(({ name, startTimeUnixNano, endTimeUnixNano }) => [name, startTimeUnixNano, endTimeUnixNano])
  ).toEqual([
    ['send', '1699999999999000000', '1700000000099000000'],
    ['prepare', '1700000000099000000', '1700000000100000000'],
    ['log', '1700000000100000000', '1700000000800000000'],
    ['quorum', '1700000000800000000', '1700000001000000000'],
    ['apply', '1700000001000000000', '1700000001005000000']
  ])
  expect(stages.every((span) => span.parentSpanId === root?.spanId && span.traceId === root?.traceId)).toBe(true)
  expect(new Set([root, ...stages].map((span) => span?.spanId)).size).toBe(6)
  expect(stages[3]?.attributes).toEqual([{ key: 'zookeeper.peer', value: { intValue: '3' } }])
})

test('it says whose it is, and what it was about', () => {
  const attributes = spansOf(WRITE, 1_000, counting())[0]?.attributes

  expect(attributes).toEqual([
    { key: 'zookeeper.operation', value: { stringValue: 'setData' } },
    { key: 'zookeeper.session.id', value: { stringValue: '0x100000000005' } },
    { key: 'zookeeper.xid', value: { intValue: '9' } },
    { key: 'zookeeper.longest_stage', value: { stringValue: 'log' } },
    { key: 'zookeeper.slow', value: { boolValue: true } },
    { key: 'client.address', value: { stringValue: '10.0.0.7' } },
    { key: 'zookeeper.path', value: { stringValue: '/orders' } },
    { key: 'zookeeper.zxid', value: { stringValue: '0x200000003' } }
  ])
})

test.each([
  {
    what: 'a read has neither path nor zxid',
    request: { path: null, zxidHi: 0, zxidLo: 0 },
    slowMs: 1_000,
    isSlow: true
  },
  { what: 'what is shorter than the threshold is not slow', request: {}, slowMs: 2_000, isSlow: false },
  { what: 'nothing is slow without a threshold', request: {}, slowMs: null, isSlow: false }
])('$what', ({ request, slowMs, isSlow }) => {
  const [root] = spansOf({ ...WRITE, ...request }, slowMs, counting())
  const keys = root?.attributes.map(({ key }) => key) ?? []

  expect(keys.includes('zookeeper.path')).toBe(!('path' in request))
  expect(keys.includes('zookeeper.zxid')).toBe(!('path' in request))
  expect(root?.attributes.find(({ key }) => key === 'zookeeper.slow')?.value).toEqual({ boolValue: isSlow })
})

test('ids are as long as they are to be, and there are no two of the same', () => {
  const newId = randomIds()

  const ids = Array.from({ length: 2_000 }, (_, index) => newId(index % 3 === 0 ? 16 : 8))

  expect(ids.every((id, index) => id.length === (index % 3 === 0 ? 32 : 16) && /^[0-9a-f]+$/.test(id))).toBe(true)
  expect(new Set(ids).size).toBe(2_000)
})

test('a path that is no Unicode does not spoil the batch', () => {
  const [root] = spansOf({ ...WRITE, path: '/a\ud800b' }, null, counting())

  expect(JSON.stringify(root)).toContain('/a\ufffdb')
})
