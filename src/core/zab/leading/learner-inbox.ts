import {
  getLearnerRequest,
  getSessionTouch,
  LEARNER_REQUEST_SIZE_BYTES,
  putSessionValidity,
  SESSION_TOUCH_SIZE_BYTES,
  SESSION_VALIDITY_SIZE_BYTES
} from '../../../protocol/generated/learner.ts'
import { getLearnerInfo, LEARNER_INFO_SIZE_BYTES } from '../../../protocol/generated/quorum.ts'
import { toBigInt, toNumber } from '../../../protocol/int64.ts'
import { LEARNER_PROTOCOL_VERSION, PacketType } from '../packet-type.ts'
import type { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import type { Broadcast } from './broadcast.ts'
import type { LeadingHost } from './leading-host.ts'
import type { Learner } from './learner.ts'

/** What FOLLOWERINFO and OBSERVERINFO say. */
export interface LearnerIntroduction {
  readonly sid: number
  readonly isObserver: boolean
  readonly acceptedEpoch: number
  readonly configVersion: bigint
}

/** Data of older learners, which end before the version of the configuration. */
const INFO_WITHOUT_CONFIG_BYTES = LEARNER_INFO_SIZE_BYTES - 8

/** @returns null if the packet is no introduction, or of a protocol that was given up before 3.5 */
export function introductionOf(packet: QuorumPacketReader): LearnerIntroduction | null {
  const { type, data } = packet
  if (type !== PacketType.followerInfo && type !== PacketType.observerInfo) return null
  const isObserver = type === PacketType.observerInfo
  const acceptedEpoch = packet.zxidHi
  if (data === null || data.length < INFO_WITHOUT_CONFIG_BYTES) return null
  const full = Buffer.alloc(LEARNER_INFO_SIZE_BYTES)
  data.copy(full, 0, 0, data.length < LEARNER_INFO_SIZE_BYTES ? INFO_WITHOUT_CONFIG_BYTES : LEARNER_INFO_SIZE_BYTES)
  const info = getLearnerInfo(full, 0)
  if (info.protocolVersion < LEARNER_PROTOCOL_VERSION) return null
  const sid = toNumber(info.serveridHi, info.serveridLo)
  return { sid, isObserver, acceptedEpoch, configVersion: toBigInt(info.configVersionHi, info.configVersionLo) }
}

/** currentEpoch in an ACKEPOCH; null if the packet is none. */
export function epochOfAck(packet: QuorumPacketReader): number | null {
  if (packet.type !== PacketType.ackEpoch || packet.data === null || packet.data.length < 4) return null
  return packet.data.readInt32BE(0)
}

/**
 * Takes a packet of a learner that is served.
 *
 * @returns what is wrong with the packet, upon which the learner must go; null if nothing is
 */
export function takeServedPacket(
  learner: Learner,
  packet: QuorumPacketReader,
  host: LeadingHost,
  broadcast: Broadcast
): string | null {
  switch (packet.type) {
    case PacketType.ack:
      broadcast.acknowledge(learner, packet.zxidHi, packet.zxidLo)
      return null
    case PacketType.ping:
      return takePing(packet, host)
    case PacketType.request:
      return takeRequest(learner, packet, host)
    case PacketType.revalidate:
      return takeRevalidate(learner, packet, host)
    default:
      // compat: upstream's leader passes over them, so a later version may send such.
      if (!learner.hasSentUnknown) host.log('warn', `${learner.name} sent an unexpected packet, type ${packet.type}`)
      learner.hasSentUnknown = true
      return null
  }
}

/** PING: the sessions that were active at the learner since the last one. */
export function takePing({ data }: QuorumPacketReader, host: Pick<LeadingHost, 'touch'>): string | null {
  if (data === null) return null
  if (data.length % SESSION_TOUCH_SIZE_BYTES !== 0) return 'a PING with half a session'
  for (let offset = 0; offset < data.length; offset += SESSION_TOUCH_SIZE_BYTES) {
    const touch = getSessionTouch(data, offset)
    host.touch(touch.sessionIdHi, touch.sessionIdLo, touch.timeOut)
  }
  return null
}

function takeRequest(learner: Learner, { data, authinfo }: QuorumPacketReader, host: LeadingHost): string | null {
  if (data === null || data.length < LEARNER_REQUEST_SIZE_BYTES) return 'a REQUEST without its header'
  const { sessionIdHi, sessionIdLo, cxid, type } = getLearnerRequest(data, 0)
  const body = data.subarray(LEARNER_REQUEST_SIZE_BYTES)
  host.request(learner.link, sessionIdHi, sessionIdLo, cxid, type, body, authinfo ?? [])
  return null
}

function takeRevalidate(learner: Learner, packet: QuorumPacketReader, host: LeadingHost): string | null {
  const { data, zxidHi, zxidLo } = packet
  if (data === null || data.length < SESSION_TOUCH_SIZE_BYTES) return 'a REVALIDATE without a session'
  const { sessionIdHi, sessionIdLo, timeOut } = getSessionTouch(data, 0)
  const valid = host.revalidate(learner.link, sessionIdHi, sessionIdLo, timeOut)
  const answer = Buffer.allocUnsafe(SESSION_VALIDITY_SIZE_BYTES)
  putSessionValidity(answer, 0, { sessionIdHi, sessionIdLo, valid })
  learner.send(PacketType.revalidate, zxidHi, zxidLo, answer)
  return null
}
