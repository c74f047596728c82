import { JuteWriter } from 'jute-ts'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import { QuorumPacketReader } from '../../../../src/core/zab/wire/quorum-packet-reader.ts'
import { writePacket } from '../../../../src/core/zab/wire/write-packet.ts'
import { toHex } from '../../../../src/protocol/int64.ts'
import { encodeTxn, type TxnBody } from '../../../../src/protocol/txn.ts'

/** Packets of a leader as bytes, and what a learner wrote in a form to compare. */

export interface SentPacket {
  readonly name: string
  /** Hexadecimal. */
  readonly zxid: string
  /** Hexadecimal; null where there is none. */
  readonly data: string | null
  /** All of it. */
  readonly hex: string
}

const NAMES = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name]))

/** The packets in `bytes`, which hold nothing else. */
export function sentPackets(bytes: Buffer): SentPacket[] {
  const packets: SentPacket[] = []
  const reader = new QuorumPacketReader(1 << 20)
  for (let offset = 0; offset < bytes.length; ) {
    const start = offset
    offset += reader.push(bytes.subarray(offset), {
      packet: (packet) => {
        const { type, zxidHi, zxidLo, data } = packet
        packet.pause()
        packets.push({
          name: NAMES.get(type) ?? `${type}`,
          zxid: toHex(zxidHi, zxidLo),
          data: data?.toString('hex') ?? null,
          hex: ''
        })
      },
      raw: () => 0
    })
    const last = packets.at(-1)
    if (last !== undefined) packets[packets.length - 1] = { ...last, hex: bytes.toString('hex', start, offset) }
  }
  return packets
}

export function packetBytes(type: PacketType, hi: number, lo: number, data: Uint8Array | null = null): Buffer {
  const writer = new JuteWriter()
  writePacket(writer, type, hi, lo, data)
  return writer.copyBytes()
}

export function leaderInfo(epoch: number): Buffer {
  return packetBytes(PacketType.leaderInfo, epoch, 0, Buffer.from([0, 1, 0, 0]))
}

export function diff(hi: number, lo: number): Buffer {
  return packetBytes(PacketType.diff, hi, lo)
}

export function trunc(hi: number, lo: number): Buffer {
  return packetBytes(PacketType.trunc, hi, lo)
}

/** SNAP, so many bytes of a snapshot, and what is behind it. */
export function snap(hi: number, lo: number, snapshotBytes: number, signature = 'BenWasHere'): Buffer {
  const writer = new JuteWriter()
  writePacket(writer, PacketType.snap, hi, lo, null)
  writer.writeBytes(Buffer.alloc(snapshotBytes, 0x5a))
  writer.writeString(signature)
  return writer.copyBytes()
}

export function newLeader(epoch: number, config = ''): Buffer {
  return packetBytes(PacketType.newLeader, epoch, 0, Buffer.from(config))
}

export const upToDate = packetBytes(PacketType.upToDate, -1, -1)

export function proposal(hi: number, lo: number): Buffer {
  return packetBytes(PacketType.proposal, hi, lo, txnBytes(hi, lo))
}

export function commit(hi: number, lo: number): Buffer {
  return packetBytes(PacketType.commit, hi, lo)
}

export function inform(hi: number, lo: number): Buffer {
  return packetBytes(PacketType.inform, hi, lo, txnBytes(hi, lo))
}

/** A transaction: a session's creation, or what is given. */
export function txnBytes(
  zxidHi: number,
  zxidLo: number,
  type = -10,
  body: TxnBody = { kind: 'createSession', timeoutMs: 4000 }
): Buffer {
  const writer = new JuteWriter()
  const header = { clientIdHi: 1, clientIdLo: 2, cxid: 3, zxidHi, zxidLo, timeHi: 0, timeLo: 5, type }
  encodeTxn(writer, { header, body, digest: null })
  return writer.copyBytes()
}

/** The transaction of a reconfiguration. */
export function reconfigBytes(zxidHi: number, zxidLo: number, config: string): Buffer {
  const data = Buffer.from(config)
  return txnBytes(zxidHi, zxidLo, 16, { kind: 'setData', type: 16, path: '/zookeeper/config', data, version: -1 })
}

/** A sid as COMMITANDACTIVATE and INFORMANDACTIVATE have it. */
export function sidBytes(sid: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32BE(sid, 4)
  return bytes
}
