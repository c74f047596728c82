import type { JuteWriter } from 'jute-ts'
import type { ClientConnection } from '../client-connection.ts'
import type { PeerState } from './peer-state.ts'

/**
 * Writing replies and counting them. A reply's zxid is that of the last transaction applied when it is made
 * (client-protocol section 3).
 */

/** Begins an OK reply; the caller writes the record and calls `endFrame`. */
export function beginReply(state: PeerState, connection: ClientConnection, xid: number): JuteWriter {
  return state.out.beginReply(connection.id, xid, state.tree.lastZxidHi, state.tree.lastZxidLo, 0)
}

/** Sends a whole reply that has no record. Returns its bytes. */
export function replyHeaderOnly(state: PeerState, connection: ClientConnection, xid: number, err: number): number {
  state.out.beginReply(connection.id, xid, state.tree.lastZxidHi, state.tree.lastZxidLo, err)
  return state.out.endFrame()
}

/** Counts a frame that was sent to a connection beside the answers of the pipeline, which `noteAnswered` counts. */
export function countSent(state: PeerState, connection: ClientConnection): void {
  connection.sent++
  state.stats.packetsSent.add(1)
}

/**
 * Counts a request as answered.
 *
 * @param isSeen   false for a request that failed before it was looked at: `cons` shows none as the last operation
 * @param isUpdate whether it was a transaction
 */
export function noteAnswered(
  state: PeerState,
  connection: ClientConnection,
  type: number,
  isSeen: boolean,
  xid: number,
  receivedMs: number,
  isUpdate: boolean
): void {
  const { tree, slow } = state
  if (slow !== null && (state.nowMs - receivedMs >= slow.thresholdMs || slow.isSampled())) {
    slow.answered(connection, type, xid, receivedMs, state.nowMs)
  }
  connection.noteResponse(type, isSeen, xid, tree.lastZxidHi, tree.lastZxidLo)
  state.meter.answered(connection, receivedMs, isUpdate)
}

/** Counts the bytes of a reply to a request of the pipeline, other than a ping. */
export function countReplyBytes(state: PeerState, bytes: number): void {
  state.stats.clientResponseSize.add(bytes)
  state.metrics.responseBytes.add(bytes)
}
