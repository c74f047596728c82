import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EventCollector } from '../../../src/storage/log-index/event-collector.ts'
import { packEvents, pathOrder, unpackEvents } from '../../../src/storage/log-index/postings.ts'

const write = fc.record({
  path: fc.constantFrom('/a', '/a/b', '/a/b/c', '/b', '/'),
  kind: fc.constantFrom('create', 'setData', 'delete'),
  step: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 ** 31 })),
  timeMs: fc.integer({ min: 0, max: 2 ** 43 }),
  session: fc.integer({ min: 0, max: 5 }),
  data: fc.integer({ min: 0, max: 300 }),
  version: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
})

test('events of every path come back as they were, in their order', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 60 }), (writes) => {
      const events = new EventCollector(7, -5)
      const expected = new Map<string, unknown[]>()
      let zxid = (7n << 32n) | 0xfffffffbn
      const first = zxid
      for (const { path, kind, step, timeMs, session, data, version } of writes) {
        zxid += BigInt(step)
        const header = {
          clientIdHi: session,
          clientIdLo: -session,
          cxid: 1,
          zxidHi: Number(zxid >> 32n),
          zxidLo: Number(BigInt.asIntN(32, zxid)),
          timeHi: Math.floor(timeMs / 2 ** 32),
          timeLo: timeMs | 0,
          type: 1
        }
        const bytes = new Uint8Array(data)
        const common = { path, data: bytes }
        const body =
          kind === 'create'
            ? {
                ...common,
                kind: 'create' as const,
                type: 1 as const,
                acl: null,
                mode: 'persistent' as const,
                ttlHi: 0,
                ttlLo: 0,
                parentCversion: 1
              }
            : kind === 'setData'
              ? { ...common, kind: 'setData' as const, type: 5 as const, version }
              : { kind: 'delete' as const, type: 2 as const, path }
        events.add({ header, body, digest: null })
        const isData = kind !== 'delete'
        const event = { zxid, timeMs, bytes: isData ? data : 0, version: kind === 'setData' ? version : 0 }
        expected.set(path, [...(expected.get(path) ?? []), event])
      }
      const found = new Map<string, unknown[]>()
      for (const { path, body } of packEvents(events, pathOrder(events.paths))) {
        const list = [...unpackEvents(Buffer.from(body))].map(({ zxidOffset, timeMs, bytes, version }) => ({
          zxid: first + BigInt(zxidOffset),
          timeMs,
          bytes,
          version
        }))
        found.set(path, list)
      }
      expect(found).toEqual(expected)
    })
  )
})
