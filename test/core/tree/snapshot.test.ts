import { beforeEach, describe, expect, test } from '@jest/globals'
import { JuteWriter } from 'jute-ts'
import { NO_NODE } from '../../../src/core/tree/data-tree.ts'
import { emptyStat } from '../../../src/core/tree/empty-stat.ts'
import type { PlainTree } from '../../../src/core/tree/plain-tree.ts'
import { SnapshotAbortedError, SnapshotFormatError } from '../../../src/core/tree/snapshot.ts'
import { encodeStatPersisted } from '../../../src/protocol/generated/data.ts'
import {
  applyAll,
  bytes,
  create,
  digestOf,
  newTree,
  OPEN,
  remove,
  setData,
  snapshotOf,
  viewOf
} from './tree-support.ts'

let tree = newTree()

beforeEach(() => {
  tree = newTree()
})

function loaded(stream: Buffer): PlainTree {
  const other = newTree()
  other.loadSnapshot(0, 1).push(stream)
  return other
}

describe('a snapshot under way', () => {
  test('stands for the zxid and digest at which it was opened', () => {
    applyAll(tree, [create('/a')])
    const digest = [tree.digestHi, tree.digestLo]

    const cursor = tree.openSnapshot([])
    applyAll(tree, [create('/b')])

    expect([cursor.zxidHi, cursor.zxidLo]).toEqual([0, 1])
    expect([cursor.digestHi, cursor.digestLo]).toEqual(digest)
  })

  test('comes in slices that end soon after the size asked for', () => {
    applyAll(
      tree,
      Array.from({ length: 100 }, (_, index) => create(`/n${index}`, { data: bytes('x'.repeat(50)) }))
    )
    const cursor = tree.openSnapshot([])
    const sizes: number[] = []

    let more = true
    while (more) {
      const writer = new JuteWriter()
      more = cursor.next(writer, 1000)
      sizes.push(writer.offset)
    }

    expect(Math.max(...sizes)).toBeLessThan(1000 + 200)
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(1000)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(snapshotOf(tree).length)
  })

  test('appends to what the writer holds', () => {
    const writer = new JuteWriter()
    writer.writeInt(7)

    tree.openSnapshot([]).next(writer, 1 << 20)

    expect(writer.bytes().subarray(4)).toEqual(snapshotOf(tree))
  })

  test('keeps aside what is changed before it is written, with what is above it, and no more than once', () => {
    applyAll(tree, [create('/a'), create('/a/b', { data: bytes('old') }), create('/c')])
    const before = viewOf(tree)
    const cursor = tree.openSnapshot([])
    const headBytes = cursor.pendingBytes

    applyAll(tree, [setData('/a/b', 'new', 1)])
    const afterFirst = cursor.pendingBytes
    applyAll(tree, [setData('/a/b', 'newer', 2), setData('/a/b', 'newest', 3)])

    expect(afterFirst).toBeGreaterThan(headBytes)
    expect(cursor.pendingBytes).toBe(afterFirst)
    const writer = new JuteWriter()
    expect(cursor.next(writer, 1 << 20)).toBe(false)
    expect(viewOf(loaded(writer.copyBytes()))).toEqual(before)
  })

  test('leaves out what is created later, also under a handle that was free or has become free', () => {
    applyAll(tree, [create('/a'), create('/b'), create('/c'), remove('/b')])
    const before = viewOf(tree)
    const cursor = tree.openSnapshot([])

    applyAll(tree, [create('/new1'), remove('/a'), create('/new2'), create('/new2/x'), create('/a')])

    const writer = new JuteWriter()
    while (cursor.next(writer, 10)) {
      // all of it
    }
    expect(viewOf(loaded(writer.copyBytes()))).toEqual(before)
  })

  test('ends once, and can be closed at any time', () => {
    const cursor = tree.openSnapshot([])
    const writer = new JuteWriter()
    while (cursor.next(writer, 100)) {
      // all of it
    }
    const length = writer.offset

    expect(cursor.next(writer, 100)).toBe(false)
    expect(writer.offset).toBe(length)
    cursor.close()
    cursor.close()

    const given = tree.openSnapshot([])
    given.close()
    applyAll(tree, [create('/a')])
    expect(given.pendingBytes).toBe(0)
    expect(given.next(writer, 100)).toBe(false)
  })

  test('is aborted when the tree is emptied to be loaded', () => {
    const stream = snapshotOf(tree)
    const cursor = tree.openSnapshot([])

    tree.loadSnapshot(0, 9).push(stream)

    expect(() => cursor.next(new JuteWriter(), 100)).toThrow(SnapshotAbortedError)
    applyAll(tree, [create('/a')])
    expect(cursor.pendingBytes).toBe(0)
  })
})

describe('loading a snapshot', () => {
  test('replaces everything there was', () => {
    applyAll(tree, [create('/a', { mode: 'ephemeral' }), create('/c', { type: 19, mode: 'container' })])
    const stream = snapshotOf(tree)
    const other = newTree()
    applyAll(other, [create('/old', { mode: 'ephemeral' }), create('/older')], { session: 9 })

    const loader = other.loadSnapshot(3, 4)
    expect(loader.done).toBe(false)
    loader.push(stream)

    expect(viewOf(other)).toEqual(viewOf(tree))
    expect(digestOf(other)).toBe(digestOf(tree))
    expect([other.lastZxidHi, other.lastZxidLo]).toEqual([3, 4])
    expect([other.nodeCount, other.ephemeralCount, other.approximateDataSize]).toEqual([
      tree.nodeCount,
      1,
      tree.approximateDataSize
    ])
    expect([...other.ephemeralsOf(0, 1)]).toEqual(['/a'])
    expect(other.find('/old')).toBe(NO_NODE)
  })

  test('goes on with numbers of ACLs above those of the snapshot, and drops those that nobody uses', () => {
    const stream = streamOf({ acls: [5, 9], nodes: [node('', -1), node('/a', 5)] })
    tree.loadSnapshot(0, 1).push(stream)

    applyAll(tree, [create('/b', { acl: [{ perms: 7, id: { scheme: 'ip', id: '::1' } }] })])

    expect(tree.aclKey(tree.find('/a'))).toBe(5)
    expect(tree.aclKey(tree.find('/b'))).toBe(10)
    expect(snapshotOf(tree).readInt32BE(4)).toBe(2)
  })

  test('gives a node of an ACL that is not there to nobody, until replay brings the ACL', () => {
    tree.loadSnapshot(0, 1).push(streamOf({ acls: [], nodes: [node('', -1), node('/a', 3)] }))
    expect(tree.acl(tree.find('/a'))).toEqual([{ perms: 0, id: { scheme: 'world', id: 'anyone' } }])

    applyAll(tree, [create('/a')])

    expect(tree.acl(tree.find('/a'))).toEqual(OPEN)
    expect(tree.aclKey(tree.find('/a'))).toBe(4)
  })

  test('adds the node of the configuration where a version before 3.5 had none', () => {
    tree.loadSnapshot(0, 1).push(streamOf({ acls: [], nodes: [node('', -1), node('/zookeeper', -1)] }))

    expect(tree.aversion(tree.find('/zookeeper/config'))).toBe(-1)
  })

  test('takes nothing more once it is done', () => {
    const loader = tree.loadSnapshot(0, 1)
    loader.push(streamOf({ acls: [], nodes: [node('', -1)] }))

    expect(loader.push(Buffer.from('more'))).toBe(0)
    expect(tree.nodeCount).toBe(1)
  })

  test('takes a node larger than any chunk', () => {
    applyAll(tree, [create('/big', { data: Buffer.alloc(300000, 7) }), create('/small')])
    const stream = snapshotOf(tree)
    const other = newTree()
    const loader = other.loadSnapshot(0, 1)

    for (let offset = 0; offset < stream.length; offset += 1000) loader.push(stream.subarray(offset, offset + 1000))

    expect(loader.done).toBe(true)
    expect(viewOf(other)).toEqual(viewOf(tree))
  })

  test.each([
    { what: 'a node before its parent', nodes: [node('', -1), node('/a/b', -1)], problem: "'/a/b' before its parent" },
    { what: 'a node without a root', nodes: [node('/a', -1)], problem: "'/a' before its parent" },
    { what: 'a path without a slash', nodes: [node('', -1), node('a', -1)], problem: "'a' before its parent" },
    { what: 'a node twice', nodes: [node('', -1), node('/a', -1), node('/a', -1)], problem: "'/a' twice" },
    { what: 'two roots', nodes: [node('', -1), node('', -1)], problem: "'' twice" },
    { what: 'a null path', nodes: [node(null, -1)], problem: 'without a path' },
    { what: 'no nodes', nodes: [], problem: 'no nodes' },
    {
      what: 'an owner of an unknown kind',
      nodes: [node('', -1, 0xff000100 | 0)],
      problem: 'unknown kind of ephemeralOwner'
    }
  ])('is refused with $what', ({ nodes, problem }) => {
    const push = (): number => tree.loadSnapshot(0, 1).push(streamOf({ acls: [], nodes }))

    expect(push).toThrow(SnapshotFormatError)
    expect(push).toThrow(problem)
    expect(tree.nodeCount).toBe(0)
  })

  test.each([
    { what: 'a negative length', hex: '00000000 00000000 fffffffe' },
    { what: 'a length of two gigabytes', hex: '00000000 00000000 7fffffff' },
    { what: 'an ACL with a negative length', hex: '00000000 00000001 0000000000000001 00000001 0000001f 80000000' },
    { what: 'an ACL key that is no number here', hex: '00000000 00000001 7fffffffffffffff 00000000' }
  ])('is refused with $what', ({ hex }) => {
    const stream = Buffer.from(hex.replaceAll(' ', ''), 'hex')

    expect(() => tree.loadSnapshot(0, 1).push(stream)).toThrow(SnapshotFormatError)
  })

  test('leaves the tree empty when it fails at the last, and takes nothing more', () => {
    const stream = streamOf({ acls: [], nodes: [node('', -1), node('/a', -1)] }).subarray(0, -5)
    const loader = tree.loadSnapshot(0, 1)

    expect(() => loader.push(Buffer.concat([stream, Buffer.from('80000000', 'hex')]))).toThrow(SnapshotFormatError)
    expect([tree.nodeCount, tree.find('/')]).toEqual([0, NO_NODE])
    expect(() => loader.push(stream)).toThrow(SnapshotFormatError)
  })

  test('waits for bytes that a hostile length announces without making room for them', () => {
    const loader = tree.loadSnapshot(0, 1)
    const before = process.memoryUsage().arrayBuffers

    loader.push(Buffer.from('00000000000000001f000000', 'hex'))
    loader.push(Buffer.from('61', 'hex'))

    expect(loader.done).toBe(false)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20)
  })
})

interface StreamNode {
  readonly path: string | null
  readonly aclKey: number
  readonly ownerHi: number
}

function node(path: string | null, aclKey: number, ownerHi = 0): StreamNode {
  return { path, aclKey, ownerHi }
}

/** A stream made by hand. */
function streamOf({ acls, nodes }: { acls: readonly number[]; nodes: readonly StreamNode[] }): Buffer {
  const writer = new JuteWriter()
  writer.writeInt(0)
  writer.writeInt(acls.length)
  for (const key of acls) {
    writer.writeInt64(0, key)
    writer.writeInt(1)
    writer.writeInt(key)
    writer.writeString('world')
    writer.writeString('anyone')
  }
  for (const { path, aclKey, ownerHi } of nodes) {
    writer.writeString(path)
    writer.writeBuffer(null)
    writer.writeInt64(aclKey < 0 ? -1 : 0, aclKey)
    encodeStatPersisted(writer, { ...emptyStat(), ephemeralOwnerHi: ownerHi })
  }
  writer.writeString('/')
  return writer.copyBytes()
}
