import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JuteWriter } from 'jute-ts'
import type { DataTree } from '../../../../src/core/tree/data-tree.ts'
import { emptyStat } from '../../../../src/core/tree/empty-stat.ts'
import { SnapshotFormatError } from '../../../../src/core/tree/snapshot.ts'
import { encodeStatPersisted } from '../../../../src/protocol/generated/data.ts'
import { applyAll, bytes, create, snapshotOf } from '../tree-support.ts'
import { expectSame, newCompactTree, newPlainTree } from './both-trees.ts'
import { SESSIONS, variedTxns } from './varied-txns.ts'

/** The plain tree, which loads a node as a create makes it, is the model. */

const names = ['a', 'ab', 'b', 'ä', '€uro', '𝄞', 'zookeeper', '0123456789'.repeat(30)]
/** Sorted, so that parents come first; what lies below /zookeeper is not in the digest. */
const paths = fc
  .array(fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 40 })
  .map((lists) =>
    [...new Set(lists.flatMap((list) => list.map((_, at) => `/${list.slice(0, at + 1).join('/')}`)))].sort()
  )

test('a snapshot loads as the same tree, wherever it is cut and whatever was said of its size', () => {
  fc.assert(
    fc.property(
      variedTxns,
      paths,
      fc.array(fc.nat(300), { minLength: 1, maxLength: 5 }),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(0, 1, 100, 5000, 20000),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 }),
      (txns, more, dataLengths, seed, digestEnabled, nodeCount, sizes) => {
        const origin = newPlainTree(digestEnabled)
        for (const txn of txns) origin.apply(txn, null)
        const bodies = more.map((path, at) =>
          create(path, { data: Buffer.alloc(dataLengths[at % dataLengths.length] ?? 0, at) })
        )
        applyAll(origin, bodies)
        const stream = snapshotOf(origin)
        const plain = newPlainTree(digestEnabled)
        const compact = newCompactTree(seed, digestEnabled)
        plain.loadSnapshot(origin.lastZxidHi, origin.lastZxidLo).push(stream)
        const loader = compact.loadSnapshot(origin.lastZxidHi, origin.lastZxidLo, nodeCount)
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const size = sizes[cut % sizes.length] ?? 1
          // Memory that is used again at once, as a reader's may be.
          const chunk = Buffer.from(stream.subarray(at, at + size))
          loader.push(chunk)
          chunk.fill(0xee)
          at += size
        }

        expect(loader.done).toBe(true)
        expectSame(plain, compact, SESSIONS)
        expect(snapshotOf(compact).equals(snapshotOf(plain))).toBe(true)
        expect([compact.digestHi, compact.digestLo]).toEqual([origin.digestHi, origin.digestLo])
      }
    ),
    { numRuns: 60 }
  )
}, 120000)

test('more nodes than were announced are found, and those that come later', () => {
  const origin = newPlainTree()
  const added = ['/a', '/b']
  for (let index = 0; index < 9000; index++) added.push(`/${index % 2 === 0 ? 'a' : 'b'}/n${index}`)
  applyAll(
    origin,
    added.map((path) => create(path))
  )
  const compact = newCompactTree(3)
  compact.loadSnapshot(origin.lastZxidHi, origin.lastZxidLo, 5000).push(snapshotOf(origin))

  const later = [...added.slice(2, 1000).map((path) => create(`${path}/x`)), create('/c', { data: bytes('c') })]
  applyAll(origin, later)
  applyAll(compact, later)

  expectSame(origin, compact, SESSIONS)
})

describe('what cannot be a tree is refused in the same words', () => {
  test.each([
    ['a node before its parent', ['', '/a/b']],
    ['an ASCII name below a parent that is not there', ['', '/a', '/ab/c']],
    ['a name that is not ASCII below a parent that is not there', ['', '/a/ä']],
    ['a node without a root', ['/a']],
    ['a path without a slash', ['', 'a']],
    ['a parent that ends with a slash', ['', '//a']],
    ['a node twice', ['', '/a', '/b', '/a']],
    ['a name twice that is not ASCII', ['', '/ä', '/b', '/ä']],
    ['a node twice below a parent that is not ASCII', ['', '/ä', '/ä/b', '/c', '/ä/b']],
    ['two roots', ['', '']]
  ])('%s', (_, given) => {
    const messageOf = (tree: DataTree): string => {
      try {
        tree.loadSnapshot(0, 1, 50_000).push(streamOf(given))
      } catch (error) {
        if (error instanceof SnapshotFormatError) return error.message
        throw error
      }
      return 'taken'
    }
    const compact = newCompactTree(5)

    expect(messageOf(compact)).toBe(messageOf(newPlainTree()))
    expect(messageOf(compact)).toMatch(/before its parent|twice/)
    expect(compact.nodeCount).toBe(0)
  })
})

function streamOf(given: readonly string[]): Buffer {
  const writer = new JuteWriter()
  writer.writeInt(0)
  writer.writeInt(0)
  for (const path of given) {
    writer.writeString(path)
    writer.writeBuffer(null)
    writer.writeInt64(-1, -1)
    encodeStatPersisted(writer, emptyStat())
  }
  writer.writeString('/')
  return writer.copyBytes()
}
