import fc from 'fast-check'
import type { Txn, TxnBody } from '../../../src/protocol/txn.ts'
import { bytes, create, txnOf } from './tree-support.ts'

/** Transactions that meet each other on few paths, as replay over a fuzzy snapshot would have them too. */

const PATHS = ['/a', '/b', '/a/x', '/a/y', '/a/x/é', '/b/中', '/a/x/deep', '/a/x/deep/er']
const QUOTA_PATHS = [
  '/zookeeper/quota/a',
  '/zookeeper/quota/a/zookeeper_limits',
  '/zookeeper/quota/a/zookeeper_stats',
  '/zookeeper/quota/a/x',
  '/zookeeper/quota/a/x/zookeeper_limits',
  '/zookeeper/quota/a/x/zookeeper_stats'
]
const path = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PATHS) },
  { weight: 1, arbitrary: fc.constantFrom(...QUOTA_PATHS) }
)
const data = fc.oneof(fc.constantFrom(null, bytes(''), bytes('12345'), bytes('x'.repeat(200))))
const acl = fc.constantFrom(
  null,
  [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
  [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }],
  [
    { perms: 1, id: { scheme: 'world', id: 'anyone' } },
    { perms: 31, id: { scheme: 'digest', id: 'a:b' } }
  ]
)
const session = fc.integer({ min: 1, max: 3 })
const version = fc.integer({ min: 0, max: 3 })
const parentCversion = fc.oneof(
  { weight: 5, arbitrary: fc.constant(-1) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 }) }
)

const creation = fc
  .record({
    path,
    data,
    acl,
    parentCversion,
    kind: fc.constantFrom(
      { type: 1, mode: 'persistent', ttlLo: 0 } as const,
      { type: 15, mode: 'persistent', ttlLo: 0 } as const,
      { type: 1, mode: 'ephemeral', ttlLo: 0 } as const,
      { type: 19, mode: 'container', ttlLo: 0 } as const,
      { type: 21, mode: 'ttl', ttlLo: 5000 } as const
    )
  })
  .map(({ kind, ...rest }): TxnBody => ({ kind: 'create', ...rest, ...kind, ttlHi: 0 }))

const operation: fc.Arbitrary<TxnBody> = fc.oneof(
  { weight: 6, arbitrary: creation },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), type: fc.constantFrom(2 as const, 20 as const), path })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('setData' as const),
      type: fc.constant(5 as const),
      path: fc.constantFrom(...PATHS, '/'),
      data,
      version
    })
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('setACL' as const), path, acl, version }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('check' as const), path, version }) }
)

const error: fc.Arbitrary<TxnBody> = fc.constantFrom(
  { kind: 'error' as const, err: -101 },
  { kind: 'error' as const, err: -2 }
)

const body: fc.Arbitrary<TxnBody> = fc.oneof(
  { weight: 12, arbitrary: operation },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('multi' as const), operations: fc.array(operation, { maxLength: 4 }) })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('multi' as const),
      operations: fc.array(fc.oneof(operation, error), { maxLength: 4 })
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

/** Nodes on every path, so that the rest finds something to change. */
const SETUP: readonly TxnBody[] = [...PATHS, ...QUOTA_PATHS].map((path) => create(path, { data: bytes(path) }))

/**
 * Up to a hundred transactions; some of them come again later, as they were. Half of the sequences begin with the setup.
 */
export const txns: fc.Arbitrary<Txn[]> = fc
  .record({
    isSetUp: fc.boolean(),
    steps: fc.array(fc.record({ body, session, replay: fc.option(fc.nat(), { freq: 8 }) }), {
      minLength: 1,
      maxLength: 80,
      size: 'max'
    })
  })
  .map(({ isSetUp, steps }) => {
    const bodies = isSetUp ? SETUP : []
    const sequence: Txn[] = bodies.map((body, index) => txnOf(body, { zxid: index + 1 }))
    for (const { body, session, replay } of steps) {
      const again = replay === null ? undefined : sequence[replay % Math.max(1, sequence.length)]
      sequence.push(again ?? txnOf(body, { zxid: sequence.length + 1, session }))
    }
    return sequence
  })

/** Number of transactions of a sequence that only set it up; 0 if it is not. */
export function setupCount(sequence: readonly Txn[]): number {
  return sequence.length > SETUP.length &&
    sequence.slice(0, SETUP.length).every((txn, index) => txn.body === SETUP[index])
    ? SETUP.length
    : 0
}
