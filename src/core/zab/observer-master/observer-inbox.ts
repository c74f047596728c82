import {
  getLearnerRequest,
  getSessionTouch,
  LEARNER_REQUEST_SIZE_BYTES,
  SESSION_TOUCH_SIZE_BYTES
} from '../../../protocol/generated/learner.ts'
import { OpCode } from '../../../protocol/op-code.ts'
import type { Learner } from '../leading/learner.ts'
import { takePing } from '../leading/learner-inbox.ts'
import { PacketType } from '../packet-type.ts'
import type { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import type { AwaitedAnswers } from './awaited-answers.ts'
import type { ObserverMasterHost } from './observer-master-host.ts'

const TOO_MANY_ANSWERS = 'it waits for too many answers of the leader'

/**
 * Takes a packet of an observer that is served.
 *
 * @returns what is wrong with the packet, upon which the observer must go; null if nothing is
 */
export function takeObserverPacket(
  learner: Learner,
  packet: QuorumPacketReader,
  host: ObserverMasterHost,
  awaited: AwaitedAnswers
): string | null {
  switch (packet.type) {
    case PacketType.ack:
      // Of UPTODATE. Observers acknowledge no transactions, and nobody would count that.
      return null
    case PacketType.ping:
      return takePing(packet, host)
    case PacketType.request:
      return takeRequest(learner, packet, host, awaited)
    case PacketType.revalidate:
      return takeRevalidate(learner, packet, host, awaited)
    default:
      // compat: upstream passes over them, so a later version may send such.
      if (!learner.hasSentUnknown) host.log('warn', `${learner.name} sent an unexpected packet, type ${packet.type}`)
      learner.hasSentUnknown = true
      return null
  }
}

/** What a request of an observer asks is the leader's to judge. */
function takeRequest(
  learner: Learner,
  { data, authinfo }: QuorumPacketReader,
  host: ObserverMasterHost,
  awaited: AwaitedAnswers
): string | null {
  if (data === null || data.length < LEARNER_REQUEST_SIZE_BYTES) return 'a REQUEST without its header'
  const { sessionIdHi, sessionIdLo, cxid, type } = getLearnerRequest(data, 0)
  if (type === OpCode.sync) {
    if (awaited.isFull) return TOO_MANY_ANSWERS
    awaited.syncAsked(learner.link)
  }
  host.request(sessionIdHi, sessionIdLo, cxid, type, data.subarray(LEARNER_REQUEST_SIZE_BYTES), authinfo)
  return null
}

function takeRevalidate(
  learner: Learner,
  { data }: QuorumPacketReader,
  host: ObserverMasterHost,
  awaited: AwaitedAnswers
): string | null {
  if (data === null || data.length < SESSION_TOUCH_SIZE_BYTES) return 'a REVALIDATE without a session'
  if (awaited.isFull) return TOO_MANY_ANSWERS
  const { sessionIdHi, sessionIdLo, timeOut } = getSessionTouch(data, 0)
  awaited.revalidationAsked(sessionIdHi, sessionIdLo, timeOut, learner.link)
  host.revalidate(sessionIdHi, sessionIdLo, timeOut)
  return null
}
