import type { JuteWriter } from 'jute-ts'
import { encodeId, type Id } from '../../../protocol/generated/data.ts'
import { LEARNER_REQUEST_SIZE_BYTES, putLearnerRequest } from '../../../protocol/generated/learner.ts'
import { PacketType } from '../packet-type.ts'

/** Appends a packet without authinfo, as all but REQUEST are. Null data and empty data differ. */
export function writePacket(
  writer: JuteWriter,
  type: PacketType,
  zxidHi: number,
  zxidLo: number,
  data: Uint8Array | null
): void {
  writer.writeInt(type)
  writer.writeInt64(zxidHi, zxidLo)
  writer.writeBuffer(data)
  writer.writeInt(-1)
}

/**
 * Appends a REQUEST: what a client asked a learner, for the leader to decide on.
 *
 * @param type op code of the request
 * @param body the request record; null for closeSession, which has none
 * @param identities what the client has authenticated as; null for what a learner asks by itself (createSession …)
 */
export function writeRequest(
  writer: JuteWriter,
  sessionHi: number,
  sessionLo: number,
  cxid: number,
  type: number,
  body: Uint8Array | null,
  identities: readonly Id[] | null
): void {
  writer.writeInt(PacketType.request)
  writer.writeInt64(-1, -1)
  writer.writeInt(LEARNER_REQUEST_SIZE_BYTES + (body === null ? 0 : body.length))
  const offset = writer.claim(LEARNER_REQUEST_SIZE_BYTES)
  putLearnerRequest(writer.buffer, offset, { sessionIdHi: sessionHi, sessionIdLo: sessionLo, cxid, type })
  if (body !== null) writer.writeBytes(body)
  if (identities === null) {
    writer.writeInt(-1)
    return
  }
  writer.writeInt(identities.length)
  for (const id of identities) encodeId(writer, id)
}
