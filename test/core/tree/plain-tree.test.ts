import { beforeEach, describe, expect, test } from '@jest/globals'
import { JuteReader, JuteWriter } from 'jute-ts'
import { createApplyResult, NO_NODE } from '../../../src/core/tree/data-tree.ts'
import { pathCrc, prefixCrc } from '../../../src/core/tree/node-digest.ts'
import { decodeStat } from '../../../src/protocol/generated/data.ts'
import type { TxnBody } from '../../../src/protocol/txn.ts'
import { nodeHash } from '../../golden/storage/fixture.ts'
import { applyAll, bytes, create, digestOf, newTree, OPEN, remove, setData, txnOf } from './tree-support.ts'

const READ_ONLY = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]

let tree = newTree()

beforeEach(() => {
  tree = newTree()
})

function dataOf(path: string): string | null {
  const data = tree.data(tree.find(path))
  return data === null ? null : Buffer.from(data).toString('utf8')
}

describe('a fresh tree', () => {
  test('has the four nodes of a fresh server and its digest', () => {
    expect(
      ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'].map((path) => tree.path(tree.find(path)))
    ).toEqual(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])
    expect(tree.nodeCount).toBe(4)
    expect(tree.approximateDataSize).toBe(44)
    expect(digestOf(tree)).toBe(1371985504n)
    expect(tree.nodeDigest(tree.find('/'))).toBe(68323592)
    expect(tree.nodeDigest(tree.find('/zookeeper'))).toBe(1303661912)
  })

  test.each([
    { path: '/', cversion: -1, aversion: 0, numChildren: 1 },
    { path: '/zookeeper', cversion: -2, aversion: 0, numChildren: 2 },
    { path: '/zookeeper/config', cversion: 0, aversion: -1, numChildren: 0 }
  ])('shows $path with cversion $cversion and aversion $aversion', ({ path, ...fields }) => {
    expect(tree.shownStat(tree.find(path))).toMatchObject({
      ...fields,
      czxidHi: 0,
      czxidLo: 0,
      mtimeLo: 0,
      dataLength: 0
    })
  })

  test('is open to all but for the configuration, which can only be read', () => {
    expect(tree.acl(tree.find('/zookeeper/quota'))).toEqual(OPEN)
    expect(tree.aclKey(tree.find('/'))).toBe(-1)
    expect(tree.acl(tree.find('/zookeeper/config'))).toEqual(READ_ONLY)
    expect(tree.aclKey(tree.find('/zookeeper/config'))).toBe(1)
  })

  test('finds its root by both names, and nothing by a path that is none', () => {
    expect(tree.find('')).toBe(tree.find('/'))
    expect(['//', 'zookeeper', '/zookeeper/', '/nope'].map((path) => tree.find(path))).toEqual(Array(4).fill(NO_NODE))
  })
})

describe('a transaction', () => {
  test.each<{ name: string; body: TxnBody; results: unknown; events: unknown }>([
    {
      name: 'create',
      body: create('/n', { data: bytes('abc') }),
      results: [
        {
          type: 1,
          err: 0,
          path: '/n',
          stat: { czxidLo: 9, mzxidLo: 9, pzxidLo: 9, ctimeLo: 1009, mtimeLo: 1009, dataLength: 3 }
        }
      ],
      events: [
        { type: 1, path: '/n', acl: OPEN },
        { type: 4, path: '/', acl: OPEN }
      ]
    },
    {
      name: 'create2 below a node of another ACL',
      body: create('/p/n', { type: 15, acl: null }),
      results: [{ type: 15, err: 0, path: '/p/n', stat: { czxidLo: 9, version: 0, cversion: 0, aversion: 0 } }],
      events: [
        { type: 1, path: '/p/n', acl: OPEN },
        { type: 4, path: '/p', acl: READ_ONLY }
      ]
    },
    {
      name: 'delete',
      body: remove('/p/c'),
      results: [{ type: 2, err: 0, path: '/p/c', stat: null }],
      events: [
        { type: 2, path: '/p/c', acl: OPEN },
        { type: 4, path: '/p', acl: READ_ONLY }
      ]
    },
    {
      name: 'deleteContainer',
      body: { kind: 'delete', type: 20, path: '/p/c' },
      results: [{ type: 20, err: 0, path: '/p/c', stat: null }],
      events: [
        { type: 2, path: '/p/c', acl: OPEN },
        { type: 4, path: '/p', acl: READ_ONLY }
      ]
    },
    {
      name: 'setData',
      body: setData('/p', 'new', 1),
      results: [
        {
          type: 5,
          err: 0,
          path: '/p',
          stat: { version: 1, mzxidLo: 9, mtimeLo: 1009, czxidLo: 1, pzxidLo: 2, dataLength: 3 }
        }
      ],
      events: [{ type: 3, path: '/p', acl: READ_ONLY }]
    },
    {
      name: 'reconfig',
      body: { kind: 'setData', type: 16, path: '/zookeeper/config', data: bytes('version=1'), version: -1 },
      results: [{ type: 16, err: 0, path: '/zookeeper/config', stat: { version: -1, mzxidLo: 9 } }],
      events: [{ type: 3, path: '/zookeeper/config', acl: READ_ONLY }]
    },
    {
      name: 'setACL',
      body: { kind: 'setACL', path: '/p', acl: OPEN, version: 1 },
      results: [{ type: 7, err: 0, path: '/p', stat: { aversion: 1, version: 0, mzxidLo: 1, pzxidLo: 2 } }],
      events: []
    },
    {
      name: 'an error',
      body: { kind: 'error', err: -110 },
      results: [{ type: -1, err: -110, path: null, stat: null }],
      events: []
    },
    { name: 'createSession', body: { kind: 'createSession', timeoutMs: 1 }, results: [], events: [] },
    {
      name: 'closeSession',
      body: { kind: 'closeSession', paths: ['/p/e', '/gone'] },
      results: [],
      events: [
        { type: 2, path: '/p/e', acl: OPEN },
        { type: 4, path: '/p', acl: READ_ONLY }
      ]
    },
    {
      name: 'multi',
      body: {
        kind: 'multi',
        operations: [
          create('/d'),
          create('/d/e'),
          setData('/d', 'x', 1),
          { kind: 'check', path: '/d', version: 2 },
          remove('/d/e')
        ]
      },
      results: [
        { type: 1, err: 0, path: '/d', stat: { numChildren: 0, cversion: 0, version: 0, dataLength: 0 } },
        { type: 1, err: 0, path: '/d/e', stat: { numChildren: 0 } },
        {
          type: 5,
          err: 0,
          path: '/d',
          stat: { numChildren: 1, cversion: 1, version: 1, dataLength: 1, mzxidLo: 9, pzxidLo: 9 }
        },
        { type: 13, err: 0, path: '/d', stat: null },
        { type: 2, err: 0, path: '/d/e', stat: null }
      ],
      events: [
        { type: 1, path: '/d', acl: OPEN },
        { type: 4, path: '/', acl: OPEN },
        { type: 1, path: '/d/e', acl: OPEN },
        { type: 4, path: '/d', acl: OPEN },
        { type: 3, path: '/d', acl: OPEN },
        { type: 2, path: '/d/e', acl: OPEN },
        { type: 4, path: '/d', acl: OPEN }
      ]
    },
    { name: 'an empty multi', body: { kind: 'multi', operations: [] }, results: [], events: [] }
  ])('$name reports what it did', ({ body, results, events }) => {
    applyAll(tree, [create('/p', { acl: READ_ONLY }), create('/p/c')])
    applyAll(tree, [create('/p/e', { mode: 'ephemeral', parentCversion: 0 })], { session: 7 })
    const out = createApplyResult()

    tree.apply(txnOf(body, { zxid: 9, session: 7 }), out)

    expect(out.results).toMatchObject(results as object)
    expect(out.events).toEqual(events)
    expect(tree.lastZxidLo).toBe(9)
  })

  test('that failed as a whole changes nothing, and says so of each operation', () => {
    const out = createApplyResult()
    const digest = digestOf(tree)

    tree.apply(
      txnOf(
        { kind: 'multi', operations: [create('/a'), { kind: 'error', err: -101 }, { kind: 'error', err: -2 }] },
        { zxid: 3 }
      ),
      out
    )

    expect(out.results.map(({ type, err }) => [type, err])).toEqual([
      [-1, 0],
      [-1, -101],
      [-1, -2]
    ])
    expect(out.err).toBe(-101)
    expect(tree.find('/a')).toBe(NO_NODE)
    expect(digestOf(tree)).toBe(digest)
    expect(tree.lastZxidLo).toBe(3)
  })

  test('resets the result that it is given', () => {
    const out = createApplyResult()
    tree.apply(txnOf({ kind: 'error', err: -110 }, { zxid: 1 }), out)

    tree.apply(txnOf({ kind: 'createSession', timeoutMs: 1 }, { zxid: 2 }), out)

    expect(out).toEqual({ err: 0, results: [], wantsEvents: true, events: [] })
  })

  test('makes no events where nobody wants them', () => {
    const out = createApplyResult()
    tree.apply(txnOf(create('/watched'), { zxid: 1 }), out)
    expect(out.events).toHaveLength(2)

    out.wantsEvents = false
    tree.apply(txnOf(create('/unwatched'), { zxid: 2 }), out)

    expect(out.events).toEqual([])
    expect(out.results).toHaveLength(1)
  })

  test('copies the data that it brings', () => {
    const data = Buffer.from('mine')
    applyAll(tree, [create('/a', { data })])

    data.fill(0)

    expect(dataOf('/a')).toBe('mine')
  })
})

describe('applied again over a tree that is ahead,', () => {
  test('create of a node that is there replaces its ACL, and raises the counter of the parent for type 1 only', () => {
    applyAll(tree, [create('/p'), create('/p/a'), create('/p/b')])
    const node = tree.find('/p')

    tree.apply(txnOf(create('/p/a', { type: 15, parentCversion: 8, acl: READ_ONLY }), { zxid: 20 }), null)
    expect([tree.storedCversion(node), tree.pzxidLo(node)]).toEqual([2, 3])
    expect(tree.acl(tree.find('/p/a'))).toEqual(READ_ONLY)

    tree.apply(txnOf(create('/p/a', { parentCversion: 8 }), { zxid: 21 }), null)
    expect([tree.storedCversion(node), tree.pzxidLo(node)]).toEqual([8, 21])
    expect(tree.acl(tree.find('/p/a'))).toEqual(OPEN)
  })

  test('create takes neither counter nor pzxid of the parent back', () => {
    applyAll(tree, [create('/p'), create('/p/a', { parentCversion: 5 })])

    tree.apply(txnOf(create('/p/b', { parentCversion: 3 }), { zxid: 9 }), null)

    const node = tree.find('/p')
    expect([tree.storedCversion(node), tree.pzxidLo(node), tree.childCount(node)]).toEqual([5, 2, 2])
  })

  test('delete of a missing node still moves the pzxid of the parent, but never back', () => {
    applyAll(tree, [create('/p')])
    const node = tree.find('/p')
    const out = createApplyResult()

    tree.apply(txnOf(remove('/p/gone'), { zxid: 7 }), out)
    expect([out.err, tree.pzxidLo(node), out.events]).toEqual([-101, 7, []])

    tree.apply(txnOf(remove('/p/gone'), { zxid: 5 }), out)
    expect(tree.pzxidLo(node)).toBe(7)
    expect(tree.lastZxidLo).toBe(7)
  })

  test('delete of a node that has been made anew takes along what is below, which comes again too', () => {
    const first = { parentCversion: 1 }
    const later = [create('/p', first), create('/p/a', first), create('/p/a/b', first)].map((body, index) =>
      txnOf(body, { zxid: 11 + index })
    )
    for (const txn of later) tree.apply(txn, null)
    const digest = digestOf(tree)

    tree.apply(txnOf(remove('/p'), { zxid: 10 }), null)
    expect(tree.nodeCount).toBe(4)
    for (const txn of later) tree.apply(txn, null)

    expect(digestOf(tree)).toBe(digest)
    expect([...tree.children(tree.find('/p/a'))]).toEqual(['b'])
  })

  test.each<{ name: string; body: TxnBody }>([
    { name: 'create below a missing parent', body: create('/x/y') },
    { name: 'delete below a missing parent', body: remove('/x/y') },
    { name: 'setData of a missing node', body: setData('/x', '', 1) },
    { name: 'setACL of a missing node', body: { kind: 'setACL', path: '/x', acl: OPEN, version: 1 } },
    { name: 'delete of the root', body: remove('/') },
    { name: 'create of a path without a slash', body: create('x') }
  ])('$name is NONODE and changes nothing', ({ body }) => {
    const out = createApplyResult()

    tree.apply(txnOf(body, { zxid: 1 }), out)

    expect(out).toMatchObject({ err: -101, events: [] })
    expect(digestOf(tree)).toBe(1371985504n)
  })

  test.each([
    { ttlHi: 0, ttlLo: 0 },
    { ttlHi: 0x100, ttlLo: 0 },
    { ttlHi: -1, ttlLo: -1 }
  ])('a TTL that no node can have ($ttlHi, $ttlLo) is BADARGUMENTS', (ttl) => {
    const out = createApplyResult()

    tree.apply(txnOf(create('/t', { type: 21, mode: 'ttl', ...ttl }), { zxid: 1 }), out)

    expect(out.err).toBe(-8)
    expect(tree.find('/t')).toBe(NO_NODE)
  })
})

describe('nodes that do not live for ever', () => {
  beforeEach(() => {
    applyAll(tree, [create('/e1', { mode: 'ephemeral' }), create('/e2', { mode: 'ephemeral' })], { session: 5 })
    applyAll(tree, [create('/f', { mode: 'ephemeral' })], { session: 6 })
    applyAll(tree, [
      create('/c', { type: 19, mode: 'container' }),
      create('/t', { type: 21, mode: 'ttl', ttlHi: 0xff, ttlLo: -2 }),
      create('/p')
    ])
  })

  test.each([
    { path: '/e1', owner: [0, 5], shown: [0, 5], isEphemeral: true },
    { path: '/c', owner: [-2147483648, 0], shown: [0, 0], isEphemeral: false },
    { path: '/t', owner: [-16776961, -2], shown: [0, 0], isEphemeral: false },
    { path: '/p', owner: [0, 0], shown: [0, 0], isEphemeral: false }
  ])('$path has the stored owner $owner and shows $shown', ({ path, owner, shown, isEphemeral }) => {
    const node = tree.find(path)
    const stat = tree.shownStat(node)

    expect([tree.ephemeralOwnerHi(node), tree.ephemeralOwnerLo(node)]).toEqual(owner)
    expect([stat.ephemeralOwnerHi, stat.ephemeralOwnerLo]).toEqual(shown)
    expect(tree.isEphemeral(node)).toBe(isEphemeral)
  })

  test('are known by their session', () => {
    const owners: [number, number, string[]][] = []
    tree.forEachEphemeralOwner((hi, lo, paths) => owners.push([hi, lo, [...paths]]))
    owners.sort(([, a], [, b]) => a - b)

    expect(owners).toEqual([
      [0, 5, ['/e1', '/e2']],
      [0, 6, ['/f']]
    ])
    expect(tree.ephemeralCount).toBe(3)
    expect([...tree.ephemeralsOf(1, 5)]).toEqual([])
  })

  test('go with their session, named by the transaction or not', () => {
    applyAll(tree, [{ kind: 'closeSession', paths: ['/e2'] }], { session: 5 })
    expect(['/e1', '/e2', '/f'].map((path) => tree.find(path) !== NO_NODE)).toEqual([false, false, true])

    applyAll(tree, [{ kind: 'closeSession', paths: null }], { session: 6 })
    expect(tree.ephemeralCount).toBe(0)
  })

  test('without extended types a TTL mark is the id of a session', () => {
    const plain = newTree({ digestEnabled: true, extendedTypesEnabled: false })
    applyAll(plain, [create('/t', { type: 21, mode: 'ttl', ttlLo: 5 })])

    expect([...plain.ephemeralsOf(-16777216, 5)]).toEqual(['/t'])
  })

  test('containers go once they have had a child, or at last when they never had one', () => {
    applyAll(tree, [create('/c/x')])
    expect(tree.reapCandidates(2000, 0)).toEqual([])
    applyAll(tree, [remove('/c/x'), create('/unused', { type: 19, mode: 'container' })], { timeMs: 10000 })

    expect(tree.reapCandidates(99999, 0)).toEqual(['/c'])
    expect(tree.reapCandidates(10500, 500)).toEqual(['/c'])
    expect(tree.reapCandidates(10501, 500)).toEqual(['/c', '/unused'])
  })

  test('TTL nodes go when the time is over since their last change, unless they have children', () => {
    applyAll(tree, [create('/s', { type: 21, mode: 'ttl', ttlLo: 100 })], { timeMs: 1000 })

    expect(tree.reapCandidates(1100, 0)).toEqual([])
    expect(tree.reapCandidates(1101, 0)).toEqual(['/s'])
    applyAll(tree, [setData('/s', 'x', 1)], { timeMs: 2000 })
    expect(tree.reapCandidates(2100, 0)).toEqual([])
    applyAll(tree, [create('/s/x')])
    expect(tree.reapCandidates(9999, 0)).toEqual([])
  })
})

describe('what is written', () => {
  test('is the Stat that is shown, in 68 bytes', () => {
    applyAll(tree, [create('/a', { mode: 'ephemeral', data: bytes('abc') })], { session: 3 })
    const writer = new JuteWriter()
    const node = tree.find('/a')

    tree.writeStat(node, writer)

    expect(writer.offset).toBe(68)
    expect(decodeStat(new JuteReader(writer.bytes()))).toEqual(tree.shownStat(node))
  })

  test.each([
    { data: null, hex: 'ffffffff' },
    { data: bytes(''), hex: '00000000' },
    { data: Buffer.from([0, 0xff, 0x80, 0x0a]), hex: '0000000400ff800a' }
  ])('is data as it came: $hex', ({ data, hex }) => {
    applyAll(tree, [create('/a', { data })])
    const writer = new JuteWriter()
    const node = tree.find('/a')

    tree.writeData(node, writer)

    expect(writer.bytes().toString('hex')).toBe(hex)
    expect(tree.data(node)).toEqual(data === null ? null : Buffer.from(data))
    expect(tree.dataLength(node)).toBe(data?.length ?? 0)
  })

  test('is a list of names, the same as iterated', () => {
    applyAll(tree, [create('/a'), create('/a/x'), create('/a/中'), create('/a/x/below'), create('/ab')])
    const writer = new JuteWriter()
    const node = tree.find('/a')

    tree.writeChildren(node, writer)

    const reader = new JuteReader(writer.bytes())
    const names = Array.from({ length: reader.readInt() }, () => reader.readString())
    expect(reader.remaining).toBe(0)
    expect(names).toEqual([...tree.children(node)])
    expect([...names].sort()).toEqual(['x', '中'])
    expect([...tree.children(tree.find('/'))].sort()).toEqual(['a', 'ab', 'zookeeper'])
  })

  test('is the list of a big node as it is now, however often it was written before', () => {
    const names = Array.from({ length: 300 }, (_, index) => `n${index}`)
    applyAll(tree, [create('/a'), ...names.map((name) => create(`/a/${name}`))])
    const namesOf = (): (string | null)[] => {
      const writer = new JuteWriter()
      writer.writeInt(-7)
      tree.writeChildren(tree.find('/a'), writer)
      const reader = new JuteReader(writer.bytes())
      reader.skip(4)
      const list = Array.from({ length: reader.readInt() }, () => reader.readString())
      return reader.remaining === 0 ? list.sort() : []
    }

    expect(namesOf()).toEqual([...names].sort())
    expect(namesOf()).toEqual([...names].sort())
    applyAll(tree, [remove('/a/n7'), setData('/a/n8', 'x', 1), create('/a/n8/below')])
    expect(namesOf()).toEqual(names.filter((name) => name !== 'n7').sort())
    applyAll(tree, [create('/a/new')])
    expect(namesOf()).toEqual([...names.filter((name) => name !== 'n7'), 'new'].sort())
  })

  test.each([
    { path: '/', count: 7 },
    { path: '/a', count: 3 },
    { path: '/a/x', count: 1 },
    { path: '/ab', count: 0 }
  ])('below $path are $count nodes', ({ path, count }) => {
    applyAll(tree, [create('/a'), create('/a/x'), create('/a/y'), create('/a/x/z')])
    applyAll(tree, [create('/ab'), remove('/ab'), create('/ab'), remove('/zookeeper/quota')])

    expect(tree.descendantCount(tree.find(path))).toBe(count)
  })
})

test('the fields of a stat can be had one by one', () => {
  applyAll(tree, [create('/a'), create('/a/b')])
  tree.apply(
    {
      ...txnOf(setData('/a', 'x', 3), { zxid: 0 }),
      header: { ...txnOf(remove('/'), { zxid: 7 }).header, type: 5, zxidHi: 2 }
    },
    null
  )
  applyAll(tree, [{ kind: 'setACL', path: '/a', acl: OPEN, version: 4 }])
  const node = tree.find('/a')

  expect([tree.czxidHi(node), tree.czxidLo(node)]).toEqual([0, 1])
  expect([tree.mzxidHi(node), tree.mzxidLo(node)]).toEqual([2, 7])
  expect([tree.pzxidHi(node), tree.pzxidLo(node)]).toEqual([0, 2])
  expect([tree.version(node), tree.storedCversion(node), tree.aversion(node)]).toEqual([3, 1, 4])
  expect(tree.prefixCrc(node)).toBe(prefixCrc(nodeHash, pathCrc('/a'), bytes('x')))
})

describe('equal ACLs', () => {
  test('are one list under one number, which is not used again', () => {
    applyAll(tree, [create('/a', { acl: READ_ONLY }), create('/b', { acl: OPEN }), create('/c', { acl: OPEN })])

    expect(tree.aclKey(tree.find('/a'))).toBe(1)
    expect([tree.aclKey(tree.find('/b')), tree.aclKey(tree.find('/c'))]).toEqual([2, 2])
    expect(tree.acl(tree.find('/b'))).toBe(tree.acl(tree.find('/c')))
    applyAll(tree, [remove('/b'), remove('/c'), create('/d', { acl: OPEN })])
    expect(tree.aclKey(tree.find('/d'))).toBe(3)
  })

  test('differ in any field and in order', () => {
    const entry = (perms: number, scheme: string, id: string | null) => ({ perms, id: { scheme, id } })
    const lists = [
      [entry(1, 'digest', 'a:b')],
      [entry(2, 'digest', 'a:b')],
      [entry(1, 'sasl', 'a:b')],
      [entry(1, 'digest', 'a:c')],
      [entry(1, 'digest', null)],
      [entry(1, 'digest', 'null')],
      [entry(1, 'digest', 'a:b'), entry(2, 'digest', 'a:b')],
      [entry(2, 'digest', 'a:b'), entry(1, 'digest', 'a:b')]
    ]
    applyAll(
      tree,
      lists.map((acl, index) => create(`/n${index}`, { acl }))
    )

    expect(new Set(lists.map((_, index) => tree.aclKey(tree.find(`/n${index}`)))).size).toBe(lists.length)
    expect(lists.map((_, index) => tree.acl(tree.find(`/n${index}`)))).toEqual(lists)
  })
})

test('the last zxid can be set, and goes forward with transactions', () => {
  tree.setLastZxid(2, 0)
  expect([tree.lastZxidHi, tree.lastZxidLo]).toEqual([2, 0])

  tree.apply(txnOf({ kind: 'error', err: -1 }, { zxid: 5 }), null)

  expect([tree.lastZxidHi, tree.lastZxidLo]).toEqual([2, 0])
})

test('two thousand levels deep and thirty thousand children wide, nothing recurses and nothing is quadratic', () => {
  const bodies: TxnBody[] = []
  for (let level = 1; level <= 2000; level++) bodies.push(create('/a'.repeat(level)))
  for (let child = 0; child < 30000; child++) bodies.push(create(`/a/${child}`))
  applyAll(tree, bodies)

  expect(tree.childCount(tree.find('/a'))).toBe(30001)
  expect(tree.descendantCount(tree.find('/a'))).toBe(31999)
  applyAll(tree, [remove('/a')])
  expect(tree.nodeCount).toBe(4)
}, 30000)
