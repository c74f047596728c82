import type { Id } from '../../../protocol/generated/data.ts'
import { putSessionTouch, SESSION_TOUCH_SIZE_BYTES } from '../../../protocol/generated/learner.ts'
import { LEARNER_INFO_SIZE_BYTES, putLearnerInfo } from '../../../protocol/generated/quorum.ts'
import { highWord, highWordOfNumber, lowWord, lowWordOfNumber } from '../../../protocol/int64.ts'
import type { MessageTracker } from '../message-tracker.ts'
import { LEARNER_PROTOCOL_VERSION, PacketType } from '../packet-type.ts'
import type { LinkId, LinkOutput } from '../peer-link.ts'
import { writePacket, writeRequest } from '../wire/write-packet.ts'
import type { ActiveSession } from './following-host.ts'

/** What a learner writes to its leader. */
export class LeaderOutput {
  readonly #output: LinkOutput
  readonly #link: LinkId
  readonly #tracker: MessageTracker | null

  constructor(output: LinkOutput, link: LinkId, tracker: MessageTracker | null = null) {
    this.#tracker = tracker
    this.#output = output
    this.#link = link
  }

  /** FOLLOWERINFO or OBSERVERINFO. */
  info(isObserver: boolean, sid: number, acceptedEpoch: number, configVersion: bigint): void {
    const data = Buffer.allocUnsafe(LEARNER_INFO_SIZE_BYTES)
    putLearnerInfo(data, 0, {
      serveridHi: highWordOfNumber(sid),
      serveridLo: lowWordOfNumber(sid),
      protocolVersion: LEARNER_PROTOCOL_VERSION,
      configVersionHi: highWord(configVersion),
      configVersionLo: lowWord(configVersion)
    })
    this.#write(isObserver ? PacketType.observerInfo : PacketType.followerInfo, acceptedEpoch, 0, data)
  }

  /** @param currentEpoch -1 if the epoch had been accepted before: this does not count for the leader again */
  ackEpoch(lastLoggedHi: number, lastLoggedLo: number, currentEpoch: number): void {
    const data = Buffer.allocUnsafe(4)
    data.writeInt32BE(currentEpoch)
    this.#write(PacketType.ackEpoch, lastLoggedHi, lastLoggedLo, data)
  }

  ack(zxidHi: number, zxidLo: number): void {
    this.#write(PacketType.ack, zxidHi, zxidLo, null)
  }

  /** The answer to PING, which gives the zxid back and says which sessions are alive. */
  ping(zxidHi: number, zxidLo: number, sessions: readonly ActiveSession[]): void {
    const data = Buffer.allocUnsafe(sessions.length * SESSION_TOUCH_SIZE_BYTES)
    let offset = 0
    for (const { idHi, idLo, timeoutMs } of sessions) {
      putSessionTouch(data, offset, { sessionIdHi: idHi, sessionIdLo: idLo, timeOut: timeoutMs })
      offset += SESSION_TOUCH_SIZE_BYTES
    }
    this.#write(PacketType.ping, zxidHi, zxidLo, data)
  }

  revalidate(sessionHi: number, sessionLo: number, timeoutMs: number): void {
    const data = Buffer.allocUnsafe(SESSION_TOUCH_SIZE_BYTES)
    putSessionTouch(data, 0, { sessionIdHi: sessionHi, sessionIdLo: sessionLo, timeOut: timeoutMs })
    this.#write(PacketType.revalidate, -1, -1, data)
  }

  request(
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    type: number,
    body: Uint8Array | null,
    identities: readonly Id[] | null
  ): void {
    this.#tracker?.sent(PacketType.request)
    writeRequest(this.#output.linkWriter(this.#link), sessionHi, sessionLo, cxid, type, body, identities)
  }

  close(reason: string): void {
    this.#output.closeLink(this.#link, reason)
  }

  #write(type: PacketType, zxidHi: number, zxidLo: number, data: Uint8Array | null): void {
    this.#tracker?.sent(type)
    writePacket(this.#output.linkWriter(this.#link), type, zxidHi, zxidLo, data)
  }
}
