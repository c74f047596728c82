import { JuteError } from 'jute-ts'
import type { Id } from '../../../protocol/generated/data.ts'
import type { CommitLog } from '../commit-log.ts'
import type { PendingProposal } from '../leading/leading-host.ts'
import type { MessageTracker } from '../message-tracker.ts'
import type { PacketHandler, QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import type { ZabStage } from '../zab-meter.ts'
import { Broadcast } from './broadcast.ts'
import { Discovery } from './discovery.ts'
import type { FollowingHost } from './following-host.ts'
import type { FollowingSettings, FollowingStart } from './following-settings.ts'
import { LeaderOutput } from './leader-output.ts'
import { LeaderSilence } from './leader-silence.ts'
import { type Awaited, LeaderStream } from './leader-stream.ts'
import { LeaveLeaderError } from './leave-leader-error.ts'
import { Proposals } from './proposals.ts'
import { Synchronisation } from './synchronisation.ts'

/**
 * Zab on a learner, follower or observer: one connection to one leader, from FOLLOWERINFO to its end.
 *
 *     connecting ──► discovery ──► synchronisation ──► broadcast (serving)
 *          └──────────────┴──────────────┴──────────────────┴──► over: FollowingHost.resign, or close
 *
 * It ends with the connection, at a leader that is silent for too long or breaks the protocol, and when a reconfiguration
 * changes this server's part. Then nothing of what comes is looked at any more.
 */
export class Following {
  readonly #host: FollowingHost
  readonly #settings: FollowingSettings
  readonly #leaderSid: number
  readonly #needsSnapshot: boolean
  readonly #output: LeaderOutput
  readonly #tracker: MessageTracker | null
  readonly #stream: LeaderStream
  readonly #silence: LeaderSilence
  readonly #proposals: Proposals
  readonly #discovery: Discovery
  readonly #broadcast: Broadcast
  readonly #handler: PacketHandler = {
    packet: (packet) => this.#packet(packet),
    raw: (bytes) => this.#synchronisation?.raw(bytes) ?? 0
  }
  #synchronisation: Synchronisation | null = null
  #phase: 'connecting' | 'discovery' | 'synchronisation' | 'broadcast' | 'over' = 'connecting'
  #isLinkOpen = true
  #isClosed = false

  /** @param commitLog gets every transaction that is committed: this server may lead next */
  constructor(host: FollowingHost, settings: FollowingSettings, start: FollowingStart, commitLog: CommitLog) {
    this.#host = host
    this.#settings = settings
    this.#leaderSid = start.leaderSid
    this.#needsSnapshot = start.needsSnapshot ?? false
    this.#tracker = host.newMessageTracker?.() ?? null
    this.#output = new LeaderOutput(host, start.link, this.#tracker)
    this.#stream = new LeaderStream(settings.dataBytesMax)
    this.#silence = new LeaderSilence(settings.initLimitTicks * settings.tickTimeMs, start.nowMs)
    this.#proposals = new Proposals(host, this.#output, commitLog, start.lastLoggedHi, start.lastLoggedLo)
    this.#discovery = new Discovery(host, this.#output, this.#stream, start)
    this.#broadcast = new Broadcast(host, this.#output, this.#proposals, settings)
  }

  /** Whether UPTODATE has come. */
  get isServing(): boolean {
    return this.#phase === 'broadcast'
  }

  get stage(): ZabStage {
    if (this.#phase === 'synchronisation') return 'synchronization'
    return this.#phase === 'broadcast' ? 'broadcast' : 'discovery'
  }

  /** How the histories are brought together; null before that is known, and when it is over. */
  get syncMode(): 'diff' | 'trunc' | 'snap' | null {
    return this.#phase === 'synchronisation' ? (this.#synchronisation?.mode ?? null) : null
  }

  get leaderSid(): number {
    return this.#leaderSid
  }

  /** The leader's epoch; the accepted one before it is known. */
  get epoch(): number {
    return this.#discovery.epoch
  }

  /**
   * Whether the tree is what snapshot and log say together. If not, tree and sessions must be read anew from what is
   * stored once this role has ended: a TRUNC or a SNAP has not come to its end.
   */
  get isTreeWhole(): boolean {
    return this.#synchronisation?.isTreeWhole ?? true
  }

  /** Last transaction that was committed here; the end of the log where none has been. */
  get lastCommittedHi(): number {
    return this.#proposals.committedHi
  }

  get lastCommittedLo(): number {
    return this.#proposals.committedLo
  }

  /** Last transaction that the leader sent. */
  get lastProposedHi(): number {
    return this.#proposals.lastHi
  }

  get lastProposedLo(): number {
    return this.#proposals.lastLo
  }

  /** Last zxid that the leader told by PING; 0 before. */
  get leaderZxidHi(): number {
    return this.#broadcast.leaderZxidHi
  }

  get leaderZxidLo(): number {
    return this.#broadcast.leaderZxidLo
  }

  /** The link to the leader is open. */
  connected(nowMs: number): void {
    if (this.#phase !== 'connecting') return
    this.#phase = 'discovery'
    this.#silence.heard(nowMs)
    this.#discovery.begin(this.#settings)
  }

  /** The next bytes from the leader, which may be reused afterwards. */
  received(bytes: Uint8Array, nowMs: number): void {
    if (this.#phase === 'over') return
    this.#silence.heard(nowMs)
    this.#guarded(() => this.#stream.take(bytes, this.#handler))
  }

  linkClosed(): void {
    this.#isLinkOpen = false
    const problem = this.#phase === 'connecting' ? 'could not connect to' : 'lost the connection to'
    this.#end(`${problem} leader ${this.#leaderSid}`)
  }

  /** setAcceptedEpoch or setCurrentEpoch is done. */
  epochStored(): void {
    if (this.#answered('acceptedEpoch')) {
      this.#discovery.epochStored()
      this.#synchronise()
    } else if (this.#answered('currentEpoch')) {
      this.#synchronisation?.epochStored()
      this.#silence.setLimit(this.#settings.syncLimitTicks * this.#settings.tickTimeMs)
    } else {
      return
    }
    this.#goOn()
  }

  truncated(): void {
    if (!this.#answered('truncated')) return
    this.#synchronisation?.truncated()
    this.#goOn()
  }

  installed(): void {
    if (!this.#answered('installed')) return
    this.#synchronisation?.installed()
    this.#silence.setLimit(this.#settings.syncLimitTicks * this.#settings.tickTimeMs)
    this.#goOn()
  }

  /** The log is durable up to this zxid: what waited for it is acknowledged. */
  logged(zxidHi: number, zxidLo: number): void {
    if (this.#phase !== 'over') this.#proposals.logged(zxidHi, zxidLo)
  }

  /**
   * Forwards a request to the leader, while serving; without effect otherwise: its client's connection is being closed.
   *
   * @param body the request record; null for closeSession
   * @param identities what the client has authenticated as; null for what this server asks by itself
   */
  request(
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    type: number,
    body: Uint8Array | null,
    identities: readonly Id[] | null
  ): void {
    if (this.isServing) this.#output.request(sessionHi, sessionLo, cxid, type, body, identities)
  }

  /** Asks whether a session that a client came back with is alive, while serving; `FollowingHost.revalidated` answers. */
  revalidate(sessionHi: number, sessionLo: number, timeoutMs: number): void {
    if (this.isServing) this.#output.revalidate(sessionHi, sessionLo, timeoutMs)
  }

  tick(nowMs: number): void {
    if (this.#phase === 'over' || !this.#silence.isTooLong(nowMs)) return
    const problem = this.#phase === 'connecting' ? 'could not connect to' : 'heard nothing from'
    this.#end(`${problem} leader ${this.#leaderSid} in time`)
  }

  /** When `tick` is to be called, at the latest. */
  get nextDeadlineMs(): number {
    return this.#phase === 'over' ? Number.POSITIVE_INFINITY : this.#silence.deadlineMs
  }

  /** The process stood still for so long: nobody is blamed for it. */
  postpone(deltaMs: number): void {
    this.#silence.postpone(deltaMs)
  }

  /**
   * Ends the role and closes the link.
   * @returns what was appended to the log and not committed, in order; nothing the second time
   */
  close(): PendingProposal[] {
    if (this.#isClosed) return []
    this.#isClosed = true
    this.#phase = 'over'
    this.#stream.stop()
    if (this.#isLinkOpen) this.#output.close(`leader ${this.#leaderSid} is not followed any more`)
    return this.#proposals.takePending()
  }

  #packet(packet: QuorumPacketReader): void {
    this.#tracker?.received(packet.type)
    switch (this.#phase) {
      case 'connecting':
        throw new LeaveLeaderError('the leader spoke first')
      case 'discovery':
        if (this.#discovery.packet(packet)) this.#synchronise()
        break
      case 'synchronisation':
        if (this.#synchronisation?.packet(packet)) this.#serve()
        break
      case 'broadcast':
        this.#broadcast.packet(packet)
        break
      case 'over':
    }
  }

  #synchronise(): void {
    this.#phase = 'synchronisation'
    this.#synchronisation = new Synchronisation(
      this.#host,
      this.#output,
      this.#stream,
      this.#proposals,
      this.#settings,
      this.#discovery.epoch,
      this.#needsSnapshot
    )
  }

  #serve(): void {
    this.#phase = 'broadcast'
    this.#host.serve()
    this.#output.ack(this.epoch, 0)
    this.#proposals.beginAcks()
  }

  #answered(answer: Awaited): boolean {
    return this.#phase !== 'over' && this.#stream.answered(answer)
  }

  /** The storage is ready: what has come meanwhile is handled. */
  #goOn(): void {
    this.#silence.resume()
    this.#guarded(() => this.#stream.goOn(this.#handler))
  }

  /** Handles input; what is wrong with it ends the role. */
  #guarded(handle: () => void): void {
    try {
      handle()
    } catch (error) {
      if (error instanceof JuteError) this.#fault(`malformed packet: ${error.message}`, 'error')
      else if (error instanceof LeaveLeaderError) this.#fault(error.message, error.level)
      else throw error
    }
    if (this.#stream.isStandingStill) this.#silence.suspend()
  }

  #fault(problem: string, level: 'error' | 'info'): void {
    const reason = `leader ${this.#leaderSid}: ${problem}`
    this.#host.log(level, reason)
    this.#end(reason)
  }

  #end(reason: string): void {
    if (this.#phase === 'over') return
    if (this.#phase !== 'connecting') {
      this.#tracker?.dump(`server ${this.#leaderSid}`, (level, message) => this.#host.log(level, message))
    }
    this.#phase = 'over'
    this.#stream.stop()
    this.#host.resign(reason)
  }
}
