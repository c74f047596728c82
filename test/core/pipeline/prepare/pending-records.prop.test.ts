import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ChangeRecord } from '../../../../src/core/pipeline/prepare/change-record.ts'
import { PendingRecords } from '../../../../src/core/pipeline/prepare/pending-records.ts'
import { emptyStat } from '../../../../src/core/tree/empty-stat.ts'

function recordOf(path: string): ChangeRecord {
  return {
    path,
    zxidHi: 0,
    zxidLo: 0,
    exists: true,
    stat: emptyStat(),
    childCount: 0,
    acl: [],
    pathCrc: 0,
    prefixCrc: 0,
    digest: 0,
    hash: hashOf(path),
    chained: null
  }
}

/** Many paths have the same. */
function hashOf(path: string): number {
  return Math.imul(path.length * 7 + path.charCodeAt(path.length - 1), 0x9e3779b1) | 0
}

const step = fc.record({
  kind: fc.constantFrom('set' as const, 'deleteIf' as const, 'setAgain' as const),
  path: fc.integer({ min: 0, max: 1500 }).map((number) => (number === 0 ? '' : `/p/${number}`)),
  count: fc.constantFrom(1, 1, 1, 900)
})

test('has for each path what was entered last, as a Map would, also while it grows', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new PendingRecords()
      const model = new Map<string, ChangeRecord>()
      const gone: ChangeRecord[] = []
      for (const { kind, path, count } of steps) {
        for (let index = 0; index < count; index++) {
          const name = count === 1 ? path : `${path}/${index}`
          const present = model.get(name)
          if (kind === 'set' || present === undefined) {
            const record = recordOf(name)
            const before = table.set(record)
            if (before !== present) throw new Error(`set of ${name} gave back another record than was there`)
            if (present !== undefined) gone.push(present)
            model.set(name, record)
          } else if (kind === 'deleteIf') {
            const old = gone[gone.length - 1]
            if (old !== undefined && table.deleteIf(old)) throw new Error('a record that was replaced was taken out')
            if (!table.deleteIf(present)) throw new Error('the newest record was not taken out')
            model.delete(name)
          } else {
            // What a multi that fails does: the record before it is the newest one again.
            const other = recordOf(name)
            table.set(other)
            table.set(present)
          }
          if (table.get(name, hashOf(name)) !== model.get(name))
            throw new Error(`${name} has another record than was entered last`)
        }
      }
      for (const [path, record] of model) expect(table.get(path, hashOf(path))).toBe(record)
      for (const { path, chained } of gone) {
        expect(table.get(path, hashOf(path))).toBe(model.get(path))
        expect(chained).toBeNull()
      }
    }),
    { numRuns: 40 }
  )
})
