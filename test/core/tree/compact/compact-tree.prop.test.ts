import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JuteWriter } from 'jute-ts'
import { createApplyResult, NO_NODE } from '../../../../src/core/tree/data-tree.ts'
import { type SnapshotCursor, SnapshotFormatError } from '../../../../src/core/tree/snapshot.ts'
import { snapshotOf } from '../tree-support.ts'
import { expectEqual, expectSame, newCompactTree, newPlainTree, totalsOf } from './both-trees.ts'
import { SESSIONS, variedTxns } from './varied-txns.ts'

/** The plain tree is the model. Handles are given out in the same order, so even snapshots are the same to the byte. */

test('any transactions, replayed ones too, have the same results and events, and leave the same tree', () => {
  fc.assert(
    fc.property(variedTxns, fc.integer(), fc.boolean(), (sequence, seed, digestEnabled) => {
      const plain = newPlainTree(digestEnabled)
      const compact = newCompactTree(seed, digestEnabled)
      const expected = createApplyResult()
      const seen = createApplyResult()

      for (const txn of sequence) {
        plain.apply(txn, expected)
        compact.apply(txn, seen)

        expectEqual(seen, expected)
        expectEqual(totalsOf(compact, SESSIONS), totalsOf(plain, SESSIONS))
      }

      expectSame(plain, compact, SESSIONS)
      expect(snapshotOf(compact).equals(snapshotOf(plain))).toBe(true)
    }),
    { numRuns: 60 }
  )
}, 120000)

const cursorStep = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'open' as const, bytesMax: 0 }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('next' as const),
      bytesMax: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 40000 }))
    })
  },
  { weight: 12, arbitrary: fc.constant({ kind: 'apply' as const, bytesMax: 0 }) }
)

interface Taking {
  readonly plain: SnapshotCursor
  readonly compact: SnapshotCursor
  readonly stream: JuteWriter
  more: boolean
}

function takeSlice(taking: Taking, bytesMax: number): void {
  const expected = new JuteWriter()
  const seen = new JuteWriter()
  taking.more = taking.plain.next(expected, bytesMax)
  expectEqual(
    [taking.compact.next(seen, bytesMax), taking.compact.pendingBytes, seen.bytes().equals(expected.bytes())],
    [taking.more, taking.plain.pendingBytes, true]
  )
  taking.stream.writeBytes(seen.bytes())
}

test('snapshots are the same in each slice whatever is applied meanwhile, and reload the same tree, which goes on the same', () => {
  fc.assert(
    fc.property(
      variedTxns,
      variedTxns,
      fc.array(cursorStep, { minLength: 20, maxLength: 300, size: 'max' }),
      (sequence, later, steps) => {
        const plain = newPlainTree()
        const compact = newCompactTree(7)
        const takings: Taking[] = []
        let applied = 0
        for (const { kind, bytesMax } of steps) {
          const txn = sequence[applied]
          const [taking] = takings.filter(({ more }) => more).slice(-1)
          if (kind === 'open') {
            const sessions = [{ idHi: 1, idLo: takings.length, timeoutMs: 9 }]
            const cursors = { plain: plain.openSnapshot(sessions), compact: compact.openSnapshot(sessions) }
            takings.push({ ...cursors, stream: new JuteWriter(), more: true })
          } else if (kind === 'next' && taking !== undefined) takeSlice(taking, bytesMax)
          else if (txn !== undefined) {
            applied++
            plain.apply(txn, null)
            compact.apply(txn, null)
          }
        }
        for (const taking of takings) while (taking.more) takeSlice(taking, 5000)

        for (const { stream, compact: cursor } of takings) {
          const plainAgain = newPlainTree()
          // The one that was there before is in another state than a new one.
          const compactAgain = takings.length % 2 === 0 ? compact : newCompactTree(9)
          plainAgain.loadSnapshot(cursor.zxidHi, cursor.zxidLo).push(stream.bytes())
          compactAgain.loadSnapshot(cursor.zxidHi, cursor.zxidLo).push(stream.bytes())
          expect([compactAgain.digestHi, compactAgain.digestLo]).toEqual([cursor.digestHi, cursor.digestLo])
          expectSame(plainAgain, compactAgain, SESSIONS)

          for (const txn of later) {
            plainAgain.apply(txn, null)
            compactAgain.apply(txn, null)
          }
          expectSame(plainAgain, compactAgain, SESSIONS)
        }
      }
    ),
    { numRuns: 15 }
  )
}, 120000)

test('a stream that is refused at the last leaves nothing, and the next one is taken', () => {
  fc.assert(
    fc.property(variedTxns, (sequence) => {
      const plain = newPlainTree()
      for (const txn of sequence) plain.apply(txn, null)
      const stream = snapshotOf(plain)
      const withNullPath = Buffer.concat([stream.subarray(0, -5), Buffer.alloc(100, 0xff)])
      const compact = newCompactTree()

      expect(() => compact.loadSnapshot(0, 1).push(withNullPath)).toThrow(SnapshotFormatError)
      expect([compact.nodeCount, compact.approximateDataSize, compact.find('/')]).toEqual([0, 1, NO_NODE])
      compact.loadSnapshot(plain.lastZxidHi, plain.lastZxidLo).push(stream)
      expect(compact.nodeCount).toBe(plain.nodeCount)
    }),
    { numRuns: 20 }
  )
}, 60000)
