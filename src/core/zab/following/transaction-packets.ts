import { toHex, toNumber } from '../../../protocol/int64.ts'
import { PacketType } from '../packet-type.ts'
import type { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import { LeaveLeaderError } from './leave-leader-error.ts'
import type { Proposals } from './proposals.ts'
import { receivedTxn } from './received-txn.ts'

/** Bytes of the suggested leader's sid. */
const SID_BYTES = 8

/**
 * Handles the packets that carry or commit transactions, which are the same during synchronisation and afterwards, for
 * followers and observers.
 *
 * @returns false if it is another packet
 * @throws LeaveLeaderError at one that is malformed or out of order, with nothing done, and after a reconfiguration that
 *   changes this server's part
 */
export function takeTransactionPacket(
  packet: QuorumPacketReader,
  proposals: Proposals,
  reconfigEnabled: boolean
): boolean {
  const { zxidHi, zxidLo } = packet
  switch (packet.type) {
    case PacketType.proposal:
      proposals.propose(receivedTxn(packet.data, zxidHi, zxidLo, reconfigEnabled))
      return true
    case PacketType.commit:
      proposals.commit(zxidHi, zxidLo, null)
      return true
    case PacketType.commitAndActivate:
      proposals.commit(zxidHi, zxidLo, suggestedLeader(packet))
      return true
    case PacketType.inform:
      proposals.inform(receivedTxn(packet.data, zxidHi, zxidLo, reconfigEnabled), null)
      return true
    case PacketType.informAndActivate: {
      const leader = suggestedLeader(packet)
      const txn = packet.data?.subarray(SID_BYTES) ?? null
      proposals.inform(receivedTxn(txn, zxidHi, zxidLo, reconfigEnabled), leader)
      return true
    }
    default:
      return false
  }
}

/** The sid at the beginning of the data. */
function suggestedLeader({ data, zxidHi, zxidLo }: QuorumPacketReader): number {
  if (data === null || data.length < SID_BYTES) {
    throw new LeaveLeaderError(`activation of 0x${toHex(zxidHi, zxidLo)} without the sid of a leader`)
  }
  return toNumber(data.readInt32BE(0), data.readInt32BE(4))
}
