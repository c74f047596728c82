import type { JuteWriter } from 'jute-ts'
import { OpCode, Xid } from '../../protocol/op-code.ts'
import type { ClientConnection } from '../client-connection.ts'
import type { PeerState } from './peer-state.ts'

/**
 * Writing replies and counting them. A reply's zxid is that of the last transaction applied when it is made
 * (client-protocol section 3).
 */

/** Begins an OK reply; the caller writes the record and calls `endReply`. */
export function beginReply(state: PeerState, connection: ClientConnection, xid: number): JuteWriter {
  return state.out.beginReply(connection.id, xid, state.tree.lastZxidHi, state.tree.lastZxidLo, 0)
}

/** Sends a whole reply that has no record. */
export function replyHeaderOnly(state: PeerState, connection: ClientConnection, xid: number, err: number): void {
  state.out.beginReply(connection.id, xid, state.tree.lastZxidHi, state.tree.lastZxidLo, err)
  state.out.endFrame()
}

/** Counts a request as answered. */
export function noteAnswered(
  state: PeerState,
  connection: ClientConnection,
  type: number,
  xid: number,
  receivedMs: number
): void {
  const { tree, nowMs } = state
  connection.sent++
  connection.noteResponse(
    type,
    type === OpCode.ping ? Xid.ping : xid,
    tree.lastZxidHi,
    tree.lastZxidLo,
    receivedMs,
    nowMs
  )
  state.stats.packetsSent.add(1)
  state.stats.requestLatency.add(Math.max(0, Math.round(nowMs - receivedMs)))
}
