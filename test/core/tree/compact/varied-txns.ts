import fc from 'fast-check'
import type { Txn, TxnBody } from '../../../../src/protocol/txn.ts'
import { create, txnOf } from '../tree-support.ts'

/** Transactions of every type on paths that share prefixes and names, with data of many sizes. */

const LONG_NAME = 'n'.repeat(300)
export const PATHS = [
  '/a',
  '/a/a',
  '/a/a/a',
  '/a/b',
  '/ab',
  '/ab/a',
  '/b',
  '/b/a',
  '/b/a/é中',
  '/b/a/é中/deep',
  '/b/a/é中/deep/er',
  '/é',
  '/é/中',
  '/zookeeper2',
  '/zookeeper/other',
  `/${LONG_NAME}`,
  `/${LONG_NAME}/${'x'.repeat(20000)}`,
  '/a/😀' // beyond the BMP: two UTF-16 units, four bytes
]
const QUOTA_PATHS = ['/a', '/a/a', '/b'].flatMap((path) => [
  `/zookeeper/quota${path}`,
  `/zookeeper/quota${path}/zookeeper_limits`,
  `/zookeeper/quota${path}/zookeeper_stats`
])
const SESSIONS = [1, 2, 3]

const path = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...PATHS) },
  { weight: 1, arbitrary: fc.constantFrom('/zookeeper/quota/a/zookeeper_limits', ...QUOTA_PATHS) },
  { weight: 1, arbitrary: fc.constantFrom('/', '', '/missing', '/missing/too', 'a', '//', '/a/', '//a') }
)

const data = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(null, Buffer.alloc(0)) },
  { weight: 1, arbitrary: fc.constantFrom('count=5,bytes=100', 'count=-1,bytes=-1=;byteHardLimit=9').map(Buffer.from) },
  {
    weight: 4,
    arbitrary: fc
      .record({ length: fc.oneof(fc.nat(90), fc.nat(700), fc.integer({ min: 15000, max: 18000 })), byte: fc.nat(255) })
      .map(({ length, byte }) => Buffer.alloc(length, byte))
  }
)

const acl = fc.constantFrom(
  null,
  [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
  [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }],
  [{ perms: 3, id: { scheme: 'ip', id: '::1' } }],
  [
    { perms: 1, id: { scheme: 'world', id: 'anyone' } },
    { perms: 31, id: { scheme: 'digest', id: 'a:b' } }
  ]
)
const version = fc.integer({ min: 0, max: 3 })

const creation = fc
  .record({
    path,
    data,
    acl,
    parentCversion: fc.oneof(
      { weight: 5, arbitrary: fc.constant(-1) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 }) }
    ),
    kind: fc.constantFrom(
      { type: 1, mode: 'persistent', ttlHi: 0, ttlLo: 0 } as const,
      { type: 15, mode: 'persistent', ttlHi: 0, ttlLo: 0 } as const,
      { type: 1, mode: 'ephemeral', ttlHi: 0, ttlLo: 0 } as const,
      { type: 15, mode: 'ephemeral', ttlHi: 0, ttlLo: 0 } as const,
      { type: 19, mode: 'container', ttlHi: 0, ttlLo: 0 } as const,
      { type: 21, mode: 'ttl', ttlHi: 0, ttlLo: 50 } as const,
      { type: 21, mode: 'ttl', ttlHi: 1, ttlLo: 5 } as const,
      { type: 21, mode: 'ttl', ttlHi: 0, ttlLo: 0 } as const
    )
  })
  .map(({ kind, ...rest }): TxnBody => ({ kind: 'create', ...rest, ...kind }))

const operation: fc.Arbitrary<TxnBody> = fc.oneof(
  { weight: 8, arbitrary: creation },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), type: fc.constantFrom(2 as const, 20 as const), path })
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('setData' as const), type: fc.constant(5 as const), path, data, version })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('setData' as const),
      type: fc.constant(16 as const), // reconfig
      path: fc.constant('/zookeeper/config'),
      data,
      version
    })
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('setACL' as const), path, acl, version }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('check' as const), path, version }) }
)

const error: fc.Arbitrary<TxnBody> = fc.constantFrom(-101, -2).map((err) => ({ kind: 'error' as const, err }))

const body: fc.Arbitrary<TxnBody> = fc.oneof(
  { weight: 14, arbitrary: operation },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('multi' as const),
      operations: fc.array(fc.oneof({ weight: 6, arbitrary: operation }, { weight: 1, arbitrary: error }), {
        maxLength: 4
      })
    })
  },
  { weight: 1, arbitrary: error },
  { weight: 1, arbitrary: fc.constant({ kind: 'createSession' as const, timeoutMs: 4000 }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('closeSession' as const),
      paths: fc.option(fc.array(fc.constantFrom(...PATHS), { maxLength: 3 }))
    })
  }
)

const SETUP: readonly TxnBody[] = [...PATHS, ...QUOTA_PATHS].map((path, index) =>
  create(path, { data: Buffer.from('count=3,bytes=40'), mode: index % 3 === 1 ? 'ephemeral' : 'persistent' })
)

/** The same from half of which there are nodes from the beginning; some transactions come twice, as in replay. */
export const variedTxns: fc.Arbitrary<Txn[]> = fc
  .record({
    isSetUp: fc.boolean(),
    steps: fc.array(
      fc.record({ body, session: fc.constantFrom(...SESSIONS), again: fc.option(fc.nat(), { freq: 8 }) }),
      { minLength: 1, maxLength: 120, size: 'max' }
    )
  })
  .map(({ isSetUp, steps }) => {
    const sequence = (isSetUp ? SETUP : []).map((body, index) => txnOf(body, { zxid: index + 1 }))
    for (const { body, session, again } of steps) {
      const replayed = again === null ? undefined : sequence[again % Math.max(1, sequence.length)]
      sequence.push(replayed ?? txnOf(body, { zxid: sequence.length + 1, session }))
    }
    return sequence
  })

export { SESSIONS }
