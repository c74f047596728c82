import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JuteWriter } from 'jute-ts'
import { type PacketHandler, QuorumPacketReader } from '../../../../src/core/zab/wire/quorum-packet-reader.ts'
import { encodeQuorumPacket, type QuorumPacket } from '../../../../src/protocol/generated/quorum.ts'

/** A packet of this type is followed by a length byte and so many raw bytes. */
const RAW_TYPE = 15

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const text = fc.option(fc.string({ maxLength: 20 }))
const id = fc.record({ scheme: text, id: text })
const packet: fc.Arbitrary<QuorumPacket> = fc.record({
  type: int32.filter((type) => type !== RAW_TYPE),
  zxidHi: int32,
  zxidLo: int32,
  data: fc.option(fc.uint8Array({ maxLength: 60 })),
  authinfo: fc.option(fc.array(id, { maxLength: 4 }))
})
const rawStream = fc.uint8Array({ maxLength: 40 })
const item = fc.oneof({ weight: 4, arbitrary: packet }, { weight: 1, arbitrary: rawStream.map((raw) => ({ raw })) })
type Item = QuorumPacket | { readonly raw: Uint8Array }

function encode(items: readonly Item[]): Buffer {
  const writer = new JuteWriter()
  for (const each of items) {
    if ('raw' in each) {
      encodeQuorumPacket(writer, { type: RAW_TYPE, zxidHi: 0, zxidLo: 0, data: null, authinfo: null })
      writer.writeByte(each.raw.length)
      writer.writeBytes(each.raw)
    } else {
      encodeQuorumPacket(writer, each)
    }
  }
  return writer.copyBytes()
}

/** Collects what a reader finds, in the form it was made from. */
class Collector implements PacketHandler {
  readonly items: Item[] = []
  #raw: number[] = []
  #left = -1

  packet(reader: QuorumPacketReader): void {
    if (reader.type === RAW_TYPE) {
      this.#raw = []
      this.#left = -1
      reader.startRaw()
      return
    }
    const { type, zxidHi, zxidLo, data, authinfo } = reader
    this.items.push({ type, zxidHi, zxidLo, data: data === null ? null : Uint8Array.from(data), authinfo })
  }

  raw(bytes: Buffer): number {
    let taken = 0
    while (taken < bytes.length && this.#left !== 0) {
      const byte = bytes[taken++] as number
      if (this.#left === -1) this.#left = byte
      else {
        this.#raw.push(byte)
        this.#left--
      }
      if (this.#left === 0) this.items.push({ raw: Uint8Array.from(this.#raw) })
    }
    return taken
  }
}

/** Feeds the stream cut after the given sizes, which repeat; the chunks are overwritten after each push. */
function feed(reader: QuorumPacketReader, handler: PacketHandler, stream: Buffer, sizes: readonly number[]): void {
  for (let offset = 0, turn = 0; offset < stream.length; turn++) {
    const size = sizes[turn % sizes.length] ?? stream.length
    const chunk = Buffer.from(stream.subarray(offset, offset + size))
    reader.push(chunk, handler)
    chunk.fill(0xee)
    offset += size
  }
}

describe('packets of a link', () => {
  test('are the same for every split of the bytes, raw streams between them included', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.array(item, { maxLength: 12 }), sizes, (items, chunkSizes) => {
        const collector = new Collector()

        feed(new QuorumPacketReader(1000), collector, encode(items), chunkSizes)

        expect(collector.items).toEqual(items)
      })
    )
  })

  test('are refused or complete, and never more than was sent, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let packetBytes = 0
        const reader = new QuorumPacketReader(64)
        const handler: PacketHandler = {
          packet: (found) => {
            packetBytes += 20 + (found.data?.length ?? 0)
          },
          raw: () => 0
        }

        try {
          feed(reader, handler, Buffer.from(bytes), [7])
        } catch (error) {
          expect(error).toMatchObject({ code: 'UNREASONABLE_LENGTH' })
        }

        expect(packetBytes).toBeLessThanOrEqual(bytes.length)
      })
    )
  })
})
