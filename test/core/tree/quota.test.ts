import { beforeEach, describe, expect, test } from '@jest/globals'
import { createApplyResult } from '../../../src/core/tree/data-tree.ts'
import { QuotaIndex } from '../../../src/core/tree/quota-index.ts'
import { formatQuota, limitsOf, parseQuota } from '../../../src/core/tree/quota-text.ts'
import { quotaBreaches } from '../../../src/core/tree/quota-use.ts'
import type { TxnBody } from '../../../src/protocol/txn.ts'
import { applyAll, bytes, create, digestOf, newTree, remove, setData, snapshotOf, txnOf } from './tree-support.ts'

const Q = '/zookeeper/quota'
const LIMITS = 'count=3,bytes=100=;byteHardLimit=12;countHardLimit=3'

function quotaOn(path: string, limits = LIMITS): TxnBody[] {
  const parts = path.split('/').slice(1)
  const parents = parts.map((_, index) => create(`${Q}/${parts.slice(0, index + 1).join('/')}`))
  return [
    ...parents,
    create(`${Q}${path}/zookeeper_limits`, { data: bytes(limits) }),
    create(`${Q}${path}/zookeeper_stats`, { data: bytes('count=0,bytes=0') })
  ]
}

let tree = newTree()

beforeEach(() => {
  tree = newTree()
})

function totals(path: string): string | null {
  const data = tree.data(tree.find(`${Q}${path}/zookeeper_stats`))
  return data === null ? null : Buffer.from(data).toString()
}

describe('the totals of a quota', () => {
  beforeEach(() => {
    applyAll(tree, [create('/q', { data: bytes('12345') }), create('/q/a', { data: bytes('123') }), ...quotaOn('/q')])
  })

  // the steps of fixtures/client/quota.jsonl, recorded from a 3.9.5 server
  test.each<{ after: string; bodies: TxnBody[]; expected: string }>([
    { after: 'the quota has been made', bodies: [], expected: 'count=2,bytes=8' },
    { after: 'a create', bodies: [create('/q/b', { data: bytes('1') })], expected: 'count=3,bytes=9' },
    {
      after: 'a setData',
      bodies: [create('/q/b', { data: bytes('1') }), setData('/q/b', '1234', 1)],
      expected: 'count=3,bytes=12'
    },
    {
      after: 'a delete',
      bodies: [create('/q/b', { data: bytes('1') }), setData('/q/b', '1234', 1), remove('/q/b')],
      expected: 'count=2,bytes=8'
    },
    {
      after: 'a multi',
      bodies: [{ kind: 'multi', operations: [create('/q/x'), create('/q/y')] }],
      expected: 'count=4,bytes=8'
    },
    { after: 'a change of the node itself', bodies: [setData('/q', '1', 1)], expected: 'count=2,bytes=4' },
    { after: 'a change elsewhere', bodies: [create('/qa', { data: bytes('1') })], expected: 'count=2,bytes=8' },
    { after: 'null data', bodies: [create('/q/n', { data: null })], expected: 'count=3,bytes=8' },
    {
      after: 'the end of a session',
      bodies: [create('/q/e', { mode: 'ephemeral', data: bytes('12') }), { kind: 'closeSession', paths: null }],
      expected: 'count=2,bytes=8'
    }
  ])('after $after are $expected', ({ bodies, expected }) => {
    applyAll(tree, bodies)

    expect(totals('/q')).toBe(expected)
  })

  test('change without a trace: no version, zxid, event or digest', () => {
    const stats = tree.find(`${Q}/q/zookeeper_stats`)
    const before = tree.shownStat(stats)
    const out = createApplyResult()
    const digest = digestOf(tree)

    tree.apply(txnOf(create('/q/b', { data: bytes('1') }), { zxid: 99 }), out)

    expect(totals('/q')).toBe('count=3,bytes=9')
    expect(tree.shownStat(stats)).toEqual(before)
    expect(out.events.map(({ path }) => path)).toEqual(['/q/b', '/q'])
    tree.apply(txnOf(setData(`${Q}/q/zookeeper_stats`, 'count=7,bytes=7', 1), { zxid: 100 }), null)
    tree.apply(txnOf(remove('/q/b'), { zxid: 101 }), null)
    expect(totals('/q')).toBe('count=6,bytes=6')
    expect(digestOf(tree)).not.toBe(digest)
  })

  test('the Stat of a create of the totals is of the data that was sent', () => {
    const out = createApplyResult()
    applyAll(tree, [remove(`${Q}/q/zookeeper_stats`)])

    tree.apply(txnOf(create(`${Q}/q/zookeeper_stats`, { type: 15, data: bytes('x') }), { zxid: 99 }), out)

    expect(out.results[0]?.stat?.dataLength).toBe(1)
    expect(totals('/q')).toBe('count=2,bytes=8')
  })

  test('belong to the deepest quota only', () => {
    applyAll(tree, [create('/q/a/deep'), ...quotaOn('/q/a').slice(1)])
    expect([totals('/q'), totals('/q/a')]).toEqual(['count=3,bytes=8', 'count=2,bytes=3'])

    applyAll(tree, [create('/q/a/deep/er', { data: bytes('1234') }), create('/q/b')])

    expect([totals('/q'), totals('/q/a')]).toEqual(['count=4,bytes=8', 'count=3,bytes=7'])
  })

  test('are no longer kept once the limits are gone', () => {
    applyAll(tree, [remove(`${Q}/q/zookeeper_limits`), create('/q/b')])

    expect(totals('/q')).toBe('count=2,bytes=8')
    expect(tree.quotaFor('/q/b')).toBeNull()
  })

  test('keep other numbers in their text', () => {
    applyAll(tree, [setData(`${Q}/q/zookeeper_stats`, 'count=1,bytes=2=;zz=5;countHardLimit=9', 1), create('/q/b')])

    expect(totals('/q')).toBe('count=2,bytes=2=;countHardLimit=9;zz=5')
  })

  test('are counted anew, and the index made, when a snapshot is loaded', () => {
    applyAll(tree, [setData(`${Q}/q/zookeeper_stats`, 'nonsense', 1), ...quotaOn('/gone')])
    const stream = snapshotOf(tree)
    tree = newTree()

    tree.loadSnapshot(0, 50).push(stream)

    expect([totals('/q'), totals('/gone')]).toEqual(['count=2,bytes=8', 'count=0,bytes=0'])
    applyAll(tree, [create('/q/b', { data: bytes('1') })])
    expect(totals('/q')).toBe('count=3,bytes=9')
  })

  test.each([
    { path: '/q', found: '/q' },
    { path: '/q/a', found: '/q' },
    { path: '/q/not/yet/there', found: '/q' },
    { path: '/qq', found: undefined },
    { path: '/', found: undefined },
    { path: `${Q}/q/zookeeper_limits`, found: undefined }
  ])('of $path are those of $found', ({ path, found }) => {
    expect(tree.quotaFor(path)?.path).toBe(found)
  })

  test('come with the limits', () => {
    expect(tree.quotaFor('/q/a')).toEqual({
      path: '/q',
      limits: { count: 3, bytes: 100, countHardLimit: 3, byteHardLimit: 12 },
      used: { count: 2, bytes: 8 }
    })
  })
})

test('there is no quota on the root', () => {
  applyAll(tree, [
    create(`${Q}/zookeeper_limits`, { data: bytes(LIMITS) }),
    create(`${Q}/zookeeper_stats`),
    create('/a')
  ])

  expect(tree.quotaFor('/a')).toBeNull()
})

test('a quota without the node of its totals is none', () => {
  applyAll(tree, [create(`${Q}/q`), create(`${Q}/q/zookeeper_limits`, { data: bytes(LIMITS) }), create('/q')])

  expect(tree.quotaFor('/q')).toBeNull()
})

describe('a change that goes beyond', () => {
  const unlimited = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }

  test.each([
    { limits: {}, count: 1, bytes: 1000, breaches: [] },
    { limits: { count: 3 }, count: 1, bytes: 0, breaches: [] },
    { limits: { count: 2 }, count: 1, bytes: 0, breaches: [{ what: 'count', isHard: false, limit: 2, wouldBe: 3 }] },
    {
      limits: { count: 9, countHardLimit: 2 },
      count: 1,
      bytes: 0,
      breaches: [{ what: 'count', isHard: true, limit: 2, wouldBe: 3 }]
    },
    { limits: { count: 1, countHardLimit: 9 }, count: 1, bytes: 0, breaches: [] },
    { limits: { countHardLimit: 1 }, count: 0, bytes: 5, breaches: [] },
    { limits: { bytes: 12 }, count: 0, bytes: 4, breaches: [] },
    { limits: { bytes: 12 }, count: 0, bytes: 5, breaches: [{ what: 'bytes', isHard: false, limit: 12, wouldBe: 13 }] },
    {
      limits: { byteHardLimit: 12 },
      count: 1,
      bytes: 5,
      breaches: [{ what: 'bytes', isHard: true, limit: 12, wouldBe: 13 }]
    },
    { limits: { byteHardLimit: 4 }, count: 1, bytes: 0, breaches: [] },
    {
      limits: { byteHardLimit: 4 },
      count: 0,
      bytes: -1,
      breaches: [{ what: 'bytes', isHard: true, limit: 4, wouldBe: 7 }]
    },
    {
      limits: { count: 2, byteHardLimit: 8 },
      count: 1,
      bytes: 1,
      breaches: [
        { what: 'count', isHard: false, limit: 2, wouldBe: 3 },
        { what: 'bytes', isHard: true, limit: 8, wouldBe: 9 }
      ]
    },
    {
      limits: { count: 2, bytes: 8 },
      count: 1,
      bytes: 1,
      breaches: [
        { what: 'count', isHard: false, limit: 2, wouldBe: 3 },
        { what: 'bytes', isHard: false, limit: 8, wouldBe: 9 }
      ]
    },
    {
      limits: { countHardLimit: 2, byteHardLimit: 8 },
      count: 1,
      bytes: 1,
      breaches: [{ what: 'count', isHard: true, limit: 2, wouldBe: 3 }]
    },
    {
      limits: { countHardLimit: 0 },
      count: 1,
      bytes: 0,
      breaches: [{ what: 'count', isHard: true, limit: 0, wouldBe: 3 }]
    }
  ])('of $limits by $count nodes and $bytes bytes: $breaches', ({ limits, count, bytes, breaches }) => {
    const quota = { path: '/q', limits: { ...unlimited, ...limits }, used: { count: 2, bytes: 8 } }

    expect(quotaBreaches(quota, count, bytes)).toEqual(breaches.map((breach) => ({ ...breach, path: '/q' })))
  })
})

describe('the text of a quota', () => {
  test.each([
    { text: 'count=3,bytes=100', limits: [3, 100, -1, -1] },
    { text: LIMITS, limits: [3, 100, 3, 12] },
    { text: 'bytes=5;;,,count=7', limits: [7, 5, -1, -1] },
    { text: 'count=,bytes=x', limits: [-1, -1, -1, -1] },
    { text: '', limits: [-1, -1, -1, -1] },
    { text: 'count', limits: [-1, -1, -1, -1] },
    { text: 'count=-1,bytes=+8', limits: [-1, 8, -1, -1] },
    { text: 'byteHardLimit=9223372036854775807', limits: [-1, -1, -1, 2 ** 63] }
  ])('$text means $limits', ({ text, limits }) => {
    const { count, bytes, countHardLimit, byteHardLimit } = limitsOf(parseQuota(text))

    expect([count, bytes, countHardLimit, byteHardLimit]).toEqual(limits)
  })

  test('comes out as it went in', () => {
    expect(formatQuota(parseQuota(LIMITS))).toBe(LIMITS)
  })
})

test('the index knows no path of which another is only the beginning', () => {
  const index = new QuotaIndex()
  index.add('/a/b')

  expect(['/a', '/a/b', '/a/b/c', '/a/bc', ''].map((path) => index.nearest(path))).toEqual([
    null,
    '/a/b',
    '/a/b',
    null,
    null
  ])
  index.remove('/a/b')
  expect(index.isEmpty).toBe(true)
})
