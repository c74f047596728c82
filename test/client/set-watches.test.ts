import { describe, expect, test } from '@jest/globals'
import { JuteReader, JuteWriter } from 'jute-ts'
import { SET_WATCHES_SIZE_BYTES_MAX, setWatchesRequests } from '../../src/client/set-watches.ts'
import { WatchRegistry } from '../../src/client/watch-registry.ts'
import { decodeSetWatches, decodeSetWatches2, type SetWatches2 } from '../../src/protocol/generated/proto.ts'
import { OpCode } from '../../src/protocol/op-code.ts'

const watcher = () => undefined

function encode(registry: WatchRegistry) {
  return [...setWatchesRequests(registry, 1, 2)].map((request) => {
    const writer = new JuteWriter()
    request.encodeBody(writer)
    const reader = new JuteReader(writer.copyBytes())
    const record = request.opCode === OpCode.setWatches ? decodeSetWatches(reader) : decodeSetWatches2(reader)
    return { opCode: request.opCode, sizeBytes: writer.offset, record }
  })
}

describe('setting watches again', () => {
  test('asks for nothing when there are none', () => {
    expect(encode(new WatchRegistry(10))).toEqual([])
  })

  test('uses the request that old servers know while there are no persistent ones', () => {
    const registry = new WatchRegistry(10)
    registry.add('data', '/d', watcher)
    registry.add('exist', '/e', watcher)
    registry.add('child', '/c', watcher)

    expect(encode(registry)).toMatchObject([
      {
        opCode: OpCode.setWatches,
        record: {
          relativeZxidHi: 1,
          relativeZxidLo: 2,
          dataWatches: ['/d'],
          existWatches: ['/e'],
          childWatches: ['/c']
        }
      }
    ])
  })

  test('names persistent and recursive ones in the newer request', () => {
    const registry = new WatchRegistry(10)
    registry.add('persistent', '/p', watcher)
    registry.add('persistentRecursive', '/r', watcher)

    expect(encode(registry)).toMatchObject([
      {
        opCode: OpCode.setWatches2,
        record: { dataWatches: [], persistentWatches: ['/p'], persistentRecursiveWatches: ['/r'] }
      }
    ])
  })

  test('splits many paths into requests of at most 128 KiB, each path in one of them', () => {
    const registry = new WatchRegistry(100_000)
    const paths = Array.from({ length: 20_000 }, (_, index) => `/node-${index}-ä`)
    for (const [index, path] of paths.entries()) registry.add(index % 2 === 0 ? 'data' : 'persistent', path, watcher)

    const requests = encode(registry)

    expect(requests.length).toBeGreaterThan(2)
    expect(Math.max(...requests.map(({ sizeBytes }) => sizeBytes))).toBeLessThanOrEqual(SET_WATCHES_SIZE_BYTES_MAX + 28)
    const found = requests.flatMap(({ record }) => {
      const lists: Partial<SetWatches2> = record
      return [...(lists.dataWatches ?? []), ...(lists.persistentWatches ?? [])]
    })
    expect(found.sort()).toEqual(paths.sort())
  })
})
