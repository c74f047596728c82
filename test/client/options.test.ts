import { expect, test } from '@jest/globals'
import { resolveOptions } from '../../src/client/options.ts'

test('options have the defaults of Apache ZooKeeper', () => {
  expect(resolveOptions({})).toMatchObject({
    sessionTimeoutMs: 30_000,
    requestTimeoutMs: 0,
    connectTimeoutMs: 30_000,
    frameLengthMax: 1_048_575,
    readOnly: false,
    resetsWatches: true,
    reconnectDelayMsMax: 1_000
  })
})

test('clients with short sessions come back sooner', () => {
  expect(resolveOptions({ sessionTimeoutMs: 4_000 })).toMatchObject({
    reconnectDelayMsMax: 400,
    connectTimeoutMs: 4_000
  })
})

test.each([
  { sessionTimeoutMs: 0 },
  { sessionTimeoutMs: 1.5 },
  { sessionTimeoutMs: 2 ** 31 },
  { requestTimeoutMs: -1 },
  { outstandingCountMax: 0 },
  { frameLengthMax: Number.NaN }
])('an option that makes no sense is refused: %o', (options) => {
  expect(() => resolveOptions(options)).toThrow(RangeError)
})
