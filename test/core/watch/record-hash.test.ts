import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { IntArena, NONE } from '../../../src/core/watch/int-arena.ts'
import { RecordHash } from '../../../src/core/watch/record-hash.ts'

const HASH = 0
const NEXT = 6

function tableOf(hashes: Int32Array): { arena: IntArena; table: RecordHash; records: number[] } {
  const arena = new IntArena()
  const table = new RecordHash(arena, NEXT, (record) => arena.get(record, HASH))
  const records = [...hashes].map((hash) => {
    const record = arena.allocate('')
    arena.set(record, HASH, hash)
    table.add(record)
    return record
  })
  return { arena, table, records }
}

/** The records that a look-up for the hash would compare. */
function chain(table: RecordHash, hash: number): number[] {
  const records: number[] = []
  for (let record = table.head(hash); record !== NONE; record = table.next(record)) records.push(record)
  return records
}

/** Well mixed int32s, one for each index. */
function mixed(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => {
    const product = Math.imul(index + 1, 0x9e3779b1)
    return Math.imul(product ^ (product >>> 15), 0x85ebca6b)
  })
}

describe('a hash table of records', () => {
  test('finds each of 20,000 records, in chains of a few', () => {
    const hashes = mixed(20_000)
    const { table, records } = tableOf(hashes)

    const chains = [...hashes].map((hash) => chain(table, hash))

    expect(chains.every((each, index) => each.includes(records[index] as number))).toBe(true)
    expect(Math.max(...chains.map((each) => each.length))).toBeLessThan(16)
    expect(new Set([...table.batches()].flat()).size).toBe(20_000)
  })

  test('grows in the middle of chains of equal and negative hashes', () => {
    const hashes = Int32Array.from({ length: 5000 }, (_, index) => -(index % 7))
    const { table, records } = tableOf(hashes)

    expect(chain(table, -3).filter((record) => hashes[records.indexOf(record)] === -3)).toHaveLength(714)
  })

  test('no longer has what was removed, and has what took the place of another', () => {
    const { arena, table, records } = tableOf(mixed(3000))
    const [removed, replaced] = records as [number, number]
    const other = arena.allocate('')
    arena.set(other, HASH, arena.get(replaced, HASH))

    table.remove(removed)
    table.replace(replaced, other)

    const left = new Set([...table.batches()].flat())
    expect(table.size).toBe(2999)
    expect([removed, replaced, other].map((record) => left.has(record))).toEqual([false, false, true])
    expect(chain(table, arena.get(other, HASH))).toContain(other)
  })

  test('has what any adding and removing leaves', () => {
    const step = fc.record({ isAdding: fc.boolean(), hash: fc.integer({ min: -20, max: 20 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const arena = new IntArena()
        const table = new RecordHash(arena, NEXT, (record) => arena.get(record, HASH))
        const left: { record: number; hash: number }[] = []
        for (const { isAdding, hash } of steps) {
          const at = left.findIndex((each) => each.hash === hash)
          if (isAdding) {
            const record = arena.allocate('')
            arena.set(record, HASH, hash)
            table.add(record)
            left.push({ record, hash })
          } else if (at >= 0) {
            table.remove((left[at] as { record: number }).record)
            left.splice(at, 1)
          }
        }
        expect([...table.batches()].flat().sort()).toEqual(left.map(({ record }) => record).sort())
        expect(left.every(({ record, hash }) => chain(table, hash).includes(record))).toBe(true)
      })
    )
  })
})

describe('a walk over a table that changes meanwhile', () => {
  test('meets each record that is there all the time once, however the table grows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3000 }),
        fc.array(fc.record({ atBatch: fc.nat(3000), addCount: fc.nat(3000), removeCount: fc.nat(200) }), {
          maxLength: 6
        }),
        (countBefore, changes) => {
          const hashes = mixed(25_000)
          const { arena, table, records } = tableOf(hashes.subarray(0, countBefore))
          let added = countBefore
          const removed = new Set<number>()
          const met: number[] = []
          let batchCount = 0
          for (const batch of table.batches()) {
            met.push(...batch)
            for (const { atBatch, addCount, removeCount } of changes) {
              if (atBatch !== batchCount) continue
              for (let count = 0; count < addCount; count++) {
                const record = arena.allocate('')
                arena.set(record, HASH, hashes[added++] as number)
                table.add(record)
              }
              for (const record of records.slice(removed.size, removed.size + removeCount)) {
                table.remove(record)
                removed.add(record)
              }
            }
            batchCount++
          }
          const stable = records.filter((record) => !removed.has(record))

          expect(new Set(met).size).toBe(met.length)
          const known = new Set(met)
          expect(stable.filter((record) => !known.has(record))).toEqual([])
        }
      ),
      { numRuns: 60 }
    )
  })

  test('says something now and then where there is nothing', () => {
    const { table, records } = tableOf(mixed(20_000))
    for (const record of records) table.remove(record)

    const batches = [...table.batches()]

    expect(batches.flat()).toEqual([])
    expect(batches.length).toBeGreaterThanOrEqual(20_000 / 256)
  })
})

describe('an arena', () => {
  test('keeps fields and text of each record, over several slabs', () => {
    const arena = new IntArena()
    const records = Array.from({ length: 10_000 }, (_, index) => {
      const record = arena.allocate(`/${index}`)
      for (let field = 0; field < 8; field++) arena.set(record, field, index * 8 + field)
      return record
    })

    const sums = records.map((record) => arena.get(record, 0) + arena.get(record, 7))

    expect(sums).toEqual(records.map((_, index) => index * 16 + 7))
    expect(arena.text(records[9999] as number)).toBe('/9999')
  })

  test('gives released records again before new ones', () => {
    const arena = new IntArena()
    const records = Array.from({ length: 5 }, () => arena.allocate('/a'))
    arena.release(records[1] as number)
    arena.release(records[3] as number)

    const again = [arena.allocate('/b'), arena.allocate('/b'), arena.allocate('/b')]

    expect(again).toEqual([records[3], records[1], 5])
    expect(arena.liveCount).toBe(6)
  })

  test('begins again when the last record is back', () => {
    const arena = new IntArena()
    const records = [arena.allocate('/a'), arena.allocate('/b')]
    for (const record of records) arena.release(record)

    expect(arena.liveCount).toBe(0)
    expect([arena.allocate('/c'), arena.allocate('/d')]).toEqual([0, 1])
    expect(arena.text(1)).toBe('/d')
  })
})
