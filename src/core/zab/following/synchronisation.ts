import { compareInt64, toHex } from '../../../protocol/int64.ts'
import { ConfigTextError, parseConfigText } from '../membership/config-text.ts'
import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import { PacketType } from '../packet-type.ts'
import type { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import type { FollowingHost } from './following-host.ts'
import type { FollowingSettings } from './following-settings.ts'
import type { LeaderOutput } from './leader-output.ts'
import type { LeaderStream } from './leader-stream.ts'
import { LeaveLeaderError } from './leave-leader-error.ts'
import type { Proposals } from './proposals.ts'
import { SnapshotIntake } from './snapshot-intake.ts'
import { takeTransactionPacket } from './transaction-packets.ts'

type SyncMode = typeof PacketType.diff | typeof PacketType.trunc | typeof PacketType.snap

/**
 * Synchronisation (quorum-protocol section 9): the learner's history becomes the leader's.
 *
 *     DIFF            ─► transactions, logged        ┐                ┌ epoch durable, and the log before it
 *     TRUNC ─► log cut ─► transactions, logged       ├─► NEWLEADER ─► ┤                                     ├─► ACK ─► UPTODATE
 *     SNAP ─► stream ─► transactions, to the tree    ┘                └ tree and epoch stored in one step
 *
 * Tree and log at a failure:
 * - DIFF: after each packet the log has what the leader has, up to there, and the tree no more than that: both are right
 *   at any time, and so is what was cut off by TRUNC.
 * - From TRUNC until `truncated`, and from SNAP until `installed`, the tree is not what the log says: `isTreeWhole` is
 *   false, and what is stored counts. It is the old state until the snapshot replaces it in one step; a crash in between
 *   finds the one or the other.
 */
export class Synchronisation {
  readonly #host: FollowingHost
  readonly #output: LeaderOutput
  readonly #stream: LeaderStream
  readonly #proposals: Proposals
  readonly #settings: FollowingSettings
  readonly #epoch: number
  readonly #needsSnapshot: boolean
  /** Type of the first packet: how the histories are brought together; null before it. */
  #mode: SyncMode | null = null
  #snapshot: SnapshotIntake | null = null
  #isTreeWhole = true
  #hasNewLeader = false
  #newConfig: EnsembleConfig | null = null

  constructor(
    host: FollowingHost,
    output: LeaderOutput,
    stream: LeaderStream,
    proposals: Proposals,
    settings: FollowingSettings,
    epoch: number,
    needsSnapshot: boolean
  ) {
    this.#host = host
    this.#output = output
    this.#stream = stream
    this.#proposals = proposals
    this.#settings = settings
    this.#epoch = epoch
    this.#needsSnapshot = needsSnapshot
  }

  /** How the histories are brought together; null before the leader has told. */
  get mode(): 'diff' | 'trunc' | 'snap' | null {
    switch (this.#mode) {
      case PacketType.diff:
        return 'diff'
      case PacketType.trunc:
        return 'trunc'
      case PacketType.snap:
        return 'snap'
      default:
        return null
    }
  }

  /** Whether the tree is what snapshot and log say together. */
  get isTreeWhole(): boolean {
    return this.#isTreeWhole
  }

  /**
   * @returns whether it was UPTODATE: synchronisation is over
   * @throws LeaveLeaderError
   */
  packet(packet: QuorumPacketReader): boolean {
    switch (packet.type) {
      case PacketType.diff:
      case PacketType.trunc:
      case PacketType.snap:
        this.#begin(packet, packet.type)
        return false
      case PacketType.newLeader:
        this.#takeNewLeader(packet)
        return false
      case PacketType.upToDate:
        this.#finish()
        return true
      case PacketType.ping:
        // Not answered before UPTODATE: the first packet that a leader reads now must be the ACK of NEWLEADER.
        return false
      default:
        if (this.#mode === null)
          throw new LeaveLeaderError(`packet of type ${packet.type} instead of DIFF, TRUNC or SNAP`)
        this.#takeOther(packet)
        return false
    }
  }

  /** Bytes behind SNAP. Returns how many belonged to the snapshot. Throws LeaveLeaderError. */
  raw(bytes: Buffer): number {
    if (this.#snapshot === null || this.#snapshot.isDone) return 0
    return this.#snapshot.take(bytes)
  }

  truncated(): void {
    this.#isTreeWhole = true
  }

  /** currentEpoch is durable, and with it all that was appended. */
  epochStored(): void {
    this.#proposals.allLogged()
    this.#acknowledgeNewLeader()
  }

  /** The snapshot and currentEpoch are durable. */
  installed(): void {
    this.#isTreeWhole = true
    this.#proposals.snapshotInstalled()
    this.#acknowledgeNewLeader()
  }

  #begin(packet: QuorumPacketReader, mode: SyncMode): void {
    const { zxidHi, zxidLo } = packet
    if (this.#mode !== null) throw new LeaveLeaderError(`a second DIFF, TRUNC or SNAP, of type ${mode}`)
    if (this.#needsSnapshot && mode !== PacketType.snap) {
      throw new LeaveLeaderError(`${modeName(mode)} where only a snapshot helps: this server's data must be removed`)
    }
    this.#mode = mode
    this.#host.log('info', `synchronising by ${modeName(mode)} 0x${toHex(zxidHi, zxidLo)}`)
    if (mode === PacketType.trunc) this.#truncate(zxidHi, zxidLo)
    if (mode === PacketType.snap) {
      this.#isTreeWhole = false
      this.#snapshot = new SnapshotIntake(this.#host)
      this.#proposals.snapshotBegun(zxidHi, zxidLo)
      this.#host.beginSnapshot(zxidHi, zxidLo)
      packet.startRaw()
    }
  }

  #truncate(zxidHi: number, zxidLo: number): void {
    const { lastHi, lastLo } = this.#proposals
    if (compareInt64(zxidHi, zxidLo, lastHi, lastLo) > 0) {
      const end = toHex(lastHi, lastLo)
      throw new LeaveLeaderError(
        `TRUNC to 0x${toHex(zxidHi, zxidLo)}, which the log, ending at 0x${end}, does not have`
      )
    }
    this.#isTreeWhole = false
    this.#proposals.truncated(zxidHi, zxidLo)
    this.#stream.standStill('truncated')
    this.#host.truncate(zxidHi, zxidLo)
  }

  #takeNewLeader(packet: QuorumPacketReader): void {
    if (this.#mode === null) throw new LeaveLeaderError('NEWLEADER before DIFF, TRUNC or SNAP')
    if (this.#hasNewLeader) throw new LeaveLeaderError('a second NEWLEADER')
    if (packet.zxidHi !== this.#epoch) {
      throw new LeaveLeaderError(`NEWLEADER of epoch ${packet.zxidHi}, after LEADERINFO of epoch ${this.#epoch}`)
    }
    this.#hasNewLeader = true
    this.#newConfig = this.#configOf(packet.data)
    if (this.#newConfig !== null) this.#host.configurationSeen(this.#newConfig)
    if (!this.#settings.isObserver) this.#proposals.expectAcks()
    if (this.#mode === PacketType.snap) {
      this.#stream.standStill('installed')
      this.#host.install(this.#epoch)
    } else {
      this.#stream.standStill('currentEpoch')
      this.#host.setCurrentEpoch(this.#epoch)
    }
  }

  /** From here on a crash loses nothing that the leader counts on. */
  #acknowledgeNewLeader(): void {
    this.#output.ack(this.#epoch, 0)
  }

  #finish(): void {
    if (!this.#hasNewLeader) throw new LeaveLeaderError('UPTODATE before NEWLEADER')
    // A leader that serves tells what it has proposed, too. Nobody must act by that before it is committed. (Upstream does.)
    if (this.#newConfig === null || this.#proposals.isConfigPending(this.#newConfig.version)) return
    if (!this.#host.configurationActivated(this.#newConfig, null)) return
    throw new LeaveLeaderError("the leader's configuration changes roles", 'info')
  }

  #takeOther(packet: QuorumPacketReader): void {
    if (takeTransactionPacket(packet, this.#proposals, this.#settings.reconfigEnabled)) return
    if (packet.type === PacketType.leaderInfo) throw new LeaveLeaderError('a second LEADERINFO')
    // compat: as upstream, which looks at no other packets during synchronisation
    this.#host.log('debug', `ignored a packet of type ${packet.type} during synchronisation`)
  }

  /** NEWLEADER's configuration; null if there is none to be taken. */
  #configOf(data: Buffer | null): EnsembleConfig | null {
    if (data === null || data.length <= 1 || !this.#settings.reconfigEnabled) return null
    try {
      return parseConfigText(data.toString('utf8'))
    } catch (error) {
      if (!(error instanceof ConfigTextError)) throw error
      // compat: as upstream. The configuration in force goes on; leaving would end in the same place again.
      this.#host.log('error', `the leader's configuration cannot be read and is not taken: ${error.message}`)
      return null
    }
  }
}

function modeName(mode: SyncMode): string {
  if (mode === PacketType.diff) return 'DIFF'
  return mode === PacketType.trunc ? 'TRUNC' : 'SNAP'
}
