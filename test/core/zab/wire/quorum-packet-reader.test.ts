import { describe, expect, test } from '@jest/globals'
import { JuteWriter } from 'jute-ts'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import { type PacketHandler, QuorumPacketReader } from '../../../../src/core/zab/wire/quorum-packet-reader.ts'
import { writePacket, writeRequest } from '../../../../src/core/zab/wire/write-packet.ts'

const types: number[] = []
const collector: PacketHandler = {
  packet: (packet) => {
    types.push(packet.type)
  },
  raw: () => 0
}

function head(dataLength: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32BE(dataLength, 12)
  return bytes
}

describe('a link', () => {
  test.each([
    { claim: 'data above the limit', bytes: head(1001) },
    { claim: 'negative data', bytes: head(-2) },
    { claim: 'the largest data', bytes: head(0x7fffffff) },
    { claim: 'a huge count of ids', bytes: Buffer.concat([head(-1), Buffer.from('7fffffff', 'hex')]) },
    { claim: 'a negative scheme', bytes: Buffer.concat([head(-1), Buffer.from('00000001fffffffe', 'hex')]) },
    { claim: 'a huge scheme', bytes: Buffer.concat([head(-1), Buffer.from('0000000100010000', 'hex')]) }
  ])('refuses $claim as soon as its length has come', ({ bytes }) => {
    const reader = new QuorumPacketReader(1000)
    reader.push(bytes.subarray(0, bytes.length - 1), collector)

    expect(() => reader.push(bytes.subarray(bytes.length - 1), collector)).toThrow('unreasonable length')
  })

  test('handles the packets before a broken one', () => {
    const writer = new JuteWriter()
    writePacket(writer, PacketType.ping, 1, 2, null)
    writer.writeBytes(head(-7))
    types.length = 0

    expect(() => new QuorumPacketReader(1000).push(writer.bytes(), collector)).toThrow('unreasonable length -7')

    expect(types).toEqual([PacketType.ping])
  })

  test('takes ids of the limit all together, not each', () => {
    const bytes = Buffer.alloc(20 + 4 * (4 + 20))
    head(-1).copy(bytes)
    bytes.writeInt32BE(2, 16)
    for (let index = 0; index < 4; index++) bytes.writeInt32BE(20, 20 + index * 24)

    expect(() => new QuorumPacketReader(96).push(bytes, collector)).not.toThrow()
    expect(() => new QuorumPacketReader(70).push(bytes, collector)).toThrow('unreasonable length')
  })

  test('is silent once it was stopped, also within one input', () => {
    const writer = new JuteWriter()
    writePacket(writer, PacketType.ping, 1, 2, null)
    writePacket(writer, PacketType.sync, 1, 2, null)
    const reader = new QuorumPacketReader(1000)
    const found: number[] = []
    const stopping: PacketHandler = {
      packet: (packet) => {
        found.push(packet.type)
        packet.stop()
      },
      raw: () => 0
    }

    reader.push(writer.bytes(), stopping)
    reader.push(writer.bytes(), stopping)

    expect(found).toEqual([PacketType.ping])
  })
})

describe('a paused link', () => {
  test('takes nothing behind the packet of the pause, and goes on when the rest is given again', () => {
    const writer = new JuteWriter()
    writePacket(writer, PacketType.ping, 1, 2, null)
    const firstBytes = writer.offset
    writePacket(writer, PacketType.sync, 1, 2, null)
    const stream = writer.copyBytes()
    const reader = new QuorumPacketReader(1000)
    const found: number[] = []
    const pausing: PacketHandler = {
      packet: (packet) => {
        found.push(packet.type)
        packet.pause()
      },
      raw: () => 0
    }

    reader.push(stream.subarray(0, 5), pausing)
    const taken = reader.push(stream.subarray(5), pausing)

    expect({ taken, found }).toEqual({ taken: firstBytes - 5, found: [PacketType.ping] })
    expect(reader.push(stream.subarray(firstBytes), pausing)).toBe(stream.length - firstBytes)
    expect(found).toEqual([PacketType.ping, PacketType.sync])
  })
})

describe('REQUEST', () => {
  test('has session, cxid, type and body in its data, and the ids as authinfo', () => {
    const writer = new JuteWriter()
    const ids = [{ scheme: 'ip', id: '127.0.0.1' }]
    let found: unknown = null

    writeRequest(writer, 1, 2, 3, 4, Buffer.from('body'), ids)
    new QuorumPacketReader(1000).push(writer.bytes(), {
      packet: ({ type, zxidHi, zxidLo, data, authinfo }) => {
        found = { type, zxidHi, zxidLo, data: data?.toString('hex'), authinfo }
      },
      raw: () => 0
    })

    const data = `00000001000000020000000300000004${Buffer.from('body').toString('hex')}`
    expect(found).toEqual({ type: PacketType.request, zxidHi: -1, zxidLo: -1, data, authinfo: ids })
  })
})
