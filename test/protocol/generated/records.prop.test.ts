import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JuteError, JuteReader, JuteWriter, tryDecode } from '../../../jute/src/index.ts'
import { recordArbitrary } from '../../../jute/test/support/record-arbitrary.ts'
import { zookeeperRecord, zookeeperRecords } from './zookeeper-records.ts'

function encoded(name: string, value: unknown): Buffer {
  const writer = new JuteWriter(1)
  zookeeperRecord(name).codec.encode(writer, value)
  return writer.copyBytes()
}

describe.each(zookeeperRecords)('$name', ({ name, schema, codec }) => {
  test('comes back as it went, and is whole only with its last byte', () => {
    fc.assert(
      fc.property(recordArbitrary(schema, 'pair'), (value) => {
        const bytes = encoded(name, value)
        const reader = new JuteReader(bytes)

        expect(codec.decode(reader)).toEqual(value)
        expect(reader.remaining).toBe(0)
        codec.skip(reader.reset(bytes))
        expect(reader.remaining).toBe(0)
        expect(tryDecode(reader.reset(bytes, 0, bytes.length - 1), codec.decode)).toBeNull()
        expect(tryDecode(reader, codec.skip)).toBeNull()
      }),
      { numRuns: 25 }
    )
  })

  // Whatever the bytes: a record or a JuteError, alike from decode and skip, and nothing read beyond the end.
  test('takes any bytes as a record or refuses them', () => {
    const outcome = (read: (reader: JuteReader) => unknown, bytes: Buffer): string => {
      const reader = new JuteReader().reset(bytes, 0, bytes.length >> 1)
      try {
        read(reader)
        return `read ${reader.offset}`
      } catch (error) {
        if (!(error instanceof JuteError)) throw error
        return error.code
      }
    }
    fc.assert(
      fc.property(hostileBytes, (bytes) => {
        expect(outcome(codec.skip, bytes)).toBe(outcome(codec.decode, bytes))
      }),
      { numRuns: 50 }
    )
  })
})

/** Bytes in which lengths and counts are often small, -1, other negatives, or huge. */
const hostileBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(0, 1, 2, 3, -1, -2, -(2 ** 31), 2 ** 31 - 1, 1 << 20, 1 << 22),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    ),
    { maxLength: 60 }
  )
  .map((words) => {
    const bytes = Buffer.alloc(4 * words.length)
    words.forEach((word, index) => {
      bytes.writeInt32BE(word, 4 * index)
    })
    return bytes
  })

describe('a stream of QuorumPackets, which have no length before them', () => {
  const { schema, codec } = zookeeperRecord('org.apache.zookeeper.server.quorum.QuorumPacket')

  /** Reads packets as a connection does: what is left of one piece goes before the next. */
  function readPieces(pieces: readonly Buffer[]): unknown[] {
    const packets: unknown[] = []
    const reader = new JuteReader()
    let rest = Buffer.alloc(0)
    for (const piece of pieces) {
      reader.reset(Buffer.concat([rest, piece]))
      for (let packet = tryDecode(reader, codec.decode); packet !== null; packet = tryDecode(reader, codec.decode)) {
        packets.push(packet)
      }
      rest = Buffer.from(reader.buffer.subarray(reader.offset))
    }
    expect(rest).toHaveLength(0)
    return packets
  }

  test('gives the same packets however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(recordArbitrary(schema, 'pair'), { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (packets, positions) => {
          const stream = Buffer.concat(
            packets.map((packet) => encoded('org.apache.zookeeper.server.quorum.QuorumPacket', packet))
          )
          const cuts = positions.map((position) => position % (stream.length + 1)).sort((a, b) => a - b)
          const pieces = [0, ...cuts].map((start, index) => stream.subarray(start, cuts[index] ?? stream.length))

          expect(readPieces(pieces)).toEqual(packets)
        }
      )
    )
  })

  test('gives the same packets byte by byte', () => {
    const packet = { type: 1, zxidHi: -1, zxidLo: -1, data: Buffer.from('ab'), authinfo: [{ scheme: 'ip', id: '::1' }] }
    const stream = encoded('org.apache.zookeeper.server.quorum.QuorumPacket', packet)

    expect(readPieces([...stream, ...stream].map((byte) => Buffer.from([byte])))).toEqual([packet, packet])
  })
})

describe('hostile counts', () => {
  test('a vector that claims two billion items is refused at once', () => {
    const bytes = Buffer.concat([encoded('org.apache.zookeeper.txn.DeleteTxn', { path: '/a' }), Buffer.alloc(1 << 20)])
    bytes.writeInt32BE(-1, 6) // data: null
    bytes.writeInt32BE(2 ** 31 - 1, 10) // acl
    const { codec } = zookeeperRecord('org.apache.zookeeper.proto.CreateRequest')

    expect(() => codec.decode(new JuteReader(bytes))).toThrow(/CreateRequest.acl.*25769803764 bytes needed/)
    expect(() => codec.skip(new JuteReader(bytes))).toThrow(/CreateRequest.acl/)
  })

  test('other negative counts than -1 are empty vectors, as the Java implementation takes them', () => {
    const { codec } = zookeeperRecord('org.apache.zookeeper.txn.CloseSessionTxn')

    expect(codec.decode(new JuteReader(Buffer.from('fffffffe', 'hex')))).toEqual({ paths2Delete: [] })
    expect(codec.decode(new JuteReader(Buffer.from('ffffffff', 'hex')))).toEqual({ paths2Delete: null })
  })
})
