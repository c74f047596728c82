import { PacketType } from '../packet-type.ts'
import type { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import type { FollowingHost } from './following-host.ts'
import type { FollowingSettings, FollowingStart } from './following-settings.ts'
import type { LeaderOutput } from './leader-output.ts'
import type { LeaderStream } from './leader-stream.ts'
import { LeaveLeaderError } from './leave-leader-error.ts'

/**
 * The end of a log that no leader knows, upstream's neither: it lies behind everything, and its epoch has no such counter, so
 * that neither DIFF nor TRUNC leads from there to anywhere. A leader sends a snapshot then.
 */
const UNKNOWN_ZXID_HI = 0
const UNKNOWN_ZXID_LO = -1

/**
 * Discovery (quorum-protocol section 7): the learner says who it is, the leader which epoch it leads, and the learner
 * promises to follow no older one and says how far its history goes.
 *
 *     FOLLOWERINFO ─► LEADERINFO ─► acceptedEpoch durable ─► ACKEPOCH
 */
export class Discovery {
  readonly #host: FollowingHost
  readonly #output: LeaderOutput
  readonly #stream: LeaderStream
  readonly #start: FollowingStart
  #epoch: number

  constructor(host: FollowingHost, output: LeaderOutput, stream: LeaderStream, start: FollowingStart) {
    this.#host = host
    this.#output = output
    this.#stream = stream
    this.#start = start
    this.#epoch = start.acceptedEpoch
  }

  /** The leader's, once it is known. */
  get epoch(): number {
    return this.#epoch
  }

  begin({ isObserver, sid }: FollowingSettings): void {
    this.#output.info(isObserver, sid, this.#start.acceptedEpoch, this.#start.configVersion)
  }

  /**
   * @returns whether discovery is over; if not, `epochStored` follows
   * @throws LeaveLeaderError at anything but LEADERINFO, and at an epoch that is over
   */
  packet(packet: QuorumPacketReader): boolean {
    if (packet.type !== PacketType.leaderInfo) {
      throw new LeaveLeaderError(`the leader's first packet has type ${packet.type} instead of LEADERINFO`)
    }
    if (packet.data === null || packet.data.length < 4) throw new LeaveLeaderError('LEADERINFO without a version')
    const { acceptedEpoch } = this.#start
    this.#epoch = packet.zxidHi
    if (this.#epoch < acceptedEpoch) {
      throw new LeaveLeaderError(`the leader's epoch ${this.#epoch} is less than the accepted epoch ${acceptedEpoch}`)
    }
    if (this.#epoch === acceptedEpoch) {
      // Accepted before, perhaps from this leader in another connection: it must not count twice.
      this.#acknowledge(-1)
      return true
    }
    this.#stream.standStill('acceptedEpoch')
    this.#host.setAcceptedEpoch(this.#epoch)
    return false
  }

  /** acceptedEpoch is durable: the promise can be given. */
  epochStored(): void {
    this.#acknowledge(this.#start.currentEpoch)
  }

  #acknowledge(currentEpoch: number): void {
    const { needsSnapshot, lastLoggedHi, lastLoggedLo } = this.#start
    if (needsSnapshot === true) this.#output.ackEpoch(UNKNOWN_ZXID_HI, UNKNOWN_ZXID_LO, currentEpoch)
    else this.#output.ackEpoch(lastLoggedHi, lastLoggedLo, currentEpoch)
  }
}
