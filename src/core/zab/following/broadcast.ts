import { getSessionValidity, SESSION_VALIDITY_SIZE_BYTES } from '../../../protocol/generated/learner.ts'
import { toHex } from '../../../protocol/int64.ts'
import { PacketType } from '../packet-type.ts'
import type { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import type { FollowingHost } from './following-host.ts'
import type { FollowingSettings } from './following-settings.ts'
import type { LeaderOutput } from './leader-output.ts'
import { LeaveLeaderError } from './leave-leader-error.ts'
import type { Proposals } from './proposals.ts'
import { takeTransactionPacket } from './transaction-packets.ts'

/** What the leader sends to a learner that serves (quorum-protocol sections 10 to 13). */
export class Broadcast {
  readonly #host: FollowingHost
  readonly #output: LeaderOutput
  readonly #proposals: Proposals
  readonly #settings: FollowingSettings
  #leaderZxidHi = 0
  #leaderZxidLo = 0

  constructor(host: FollowingHost, output: LeaderOutput, proposals: Proposals, settings: FollowingSettings) {
    this.#host = host
    this.#output = output
    this.#proposals = proposals
    this.#settings = settings
  }

  /** Last proposal of the leader at its last ping; 0 before. */
  get leaderZxidHi(): number {
    return this.#leaderZxidHi
  }

  get leaderZxidLo(): number {
    return this.#leaderZxidLo
  }

  /** @throws LeaveLeaderError */
  packet(packet: QuorumPacketReader): void {
    switch (packet.type) {
      case PacketType.ping:
        this.#takePing(packet)
        break
      case PacketType.revalidate:
        this.#takeRevalidation(packet)
        break
      case PacketType.sync:
        this.#host.synced()
        break
      case PacketType.proposal:
      case PacketType.commit:
      case PacketType.commitAndActivate:
        if (this.#settings.isObserver) this.#ignore(packet)
        else takeTransactionPacket(packet, this.#proposals, this.#settings.reconfigEnabled)
        break
      default:
        this.#takeOther(packet)
    }
  }

  #takePing({ zxidHi, zxidLo }: QuorumPacketReader): void {
    this.#leaderZxidHi = zxidHi
    this.#leaderZxidLo = zxidLo
    this.#output.ping(zxidHi, zxidLo, this.#host.takeActiveSessions())
  }

  #takeRevalidation({ data }: QuorumPacketReader): void {
    if (data === null || data.length < SESSION_VALIDITY_SIZE_BYTES) {
      throw new LeaveLeaderError('REVALIDATE without a session')
    }
    const { sessionIdHi, sessionIdLo, valid } = getSessionValidity(data, 0)
    this.#host.revalidated(sessionIdHi, sessionIdLo, valid)
  }

  #takeOther(packet: QuorumPacketReader): void {
    if (takeTransactionPacket(packet, this.#proposals, this.#settings.reconfigEnabled)) return
    switch (packet.type) {
      case PacketType.snap:
      case PacketType.diff:
      case PacketType.trunc:
      case PacketType.newLeader:
      case PacketType.leaderInfo:
        throw new LeaveLeaderError(`packet of type ${packet.type} after synchronisation`)
      default:
        this.#ignore(packet)
    }
  }

  /** compat: as upstream, which says so and goes on. An ignored proposal shows as a hole with the next one. */
  #ignore({ type, zxidHi, zxidLo }: QuorumPacketReader): void {
    this.#host.log('warn', `ignored a packet of type ${type}, zxid 0x${toHex(zxidHi, zxidLo)}`)
  }
}
