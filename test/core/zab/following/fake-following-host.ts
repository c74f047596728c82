import { JuteWriter } from 'jute-ts'
import type { Following } from '../../../../src/core/zab/following/following.ts'
import type { ActiveSession, FollowingHost } from '../../../../src/core/zab/following/following-host.ts'
import type { EnsembleConfig } from '../../../../src/core/zab/membership/ensemble-config.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { compareInt64, toHex } from '../../../../src/protocol/int64.ts'
import { type SentPacket, sentPackets } from './leader-bytes.ts'

interface Zxid {
  readonly hi: number
  readonly lo: number
}

/**
 * A server around a learner: records what it is asked for, in order, as lines of text. Its storage does nothing by
 * itself: `answer` and `persist` are its progress.
 */
export class FakeFollowingHost implements FollowingHost {
  readonly calls: string[] = []
  readonly logLines: string[] = []
  /** Zxids in the log, oldest first, from the start of the role on. */
  readonly logged: string[] = []
  /** Zxids that have been applied, in order. */
  readonly committed: string[] = []
  /** What the next PINGs are answered with. */
  readonly sessions: ActiveSession[][] = []
  isSnapshotComplete = false
  /** Bytes of the next snapshot stream; behind it is the signature. */
  snapshotBytes = 0
  snapshotProblem: Error | null = null
  mustLeave: (config: EnsembleConfig, designatedLeader: number | null) => boolean = () => false
  resignedFor: string | null = null
  /** The storage request that has not been answered. */
  awaited: (() => void) | null = null
  readonly #writer = new JuteWriter()
  readonly #unpersisted: Zxid[] = []
  #following: Following | null = null

  set following(following: Following) {
    this.#following = following
  }

  get following(): Following {
    if (this.#following === null) throw new Error('no learner yet')
    return this.#following
  }

  /** All packets that were written to the leader. */
  get sent(): SentPacket[] {
    return sentPackets(this.#writer.bytes())
  }

  /** The same, each as it was written. */
  get sentHex(): { readonly name: string; readonly hex: string }[] {
    return this.sent.map(({ name, hex }) => ({ name, hex }))
  }

  /** As `ack 100000001`, in order. */
  get sentNames(): string[] {
    return this.sent.map(({ name, zxid }) => `${name} ${zxid}`)
  }

  /** Forgets what was called and sent up to here. */
  forget(): void {
    this.calls.length = 0
    this.logLines.length = 0
    this.#writer.reset()
  }

  /** Zxids that are in the log and may be lost by a crash. */
  get unpersistedCount(): number {
    return this.#unpersisted.length
  }

  /** The log becomes durable up to its end, or by so many transactions. */
  persist(count = this.#unpersisted.length): void {
    const last = this.#unpersisted.splice(0, count).at(-1)
    if (last === undefined) return
    this.calls.push(`durable ${toHex(last.hi, last.lo)}`)
    this.following.logged(last.hi, last.lo)
  }

  /** The storage finishes what it was asked for. Returns whether there was something. */
  answer(): boolean {
    const answer = this.awaited
    this.awaited = null
    answer?.()
    return answer !== null
  }

  setAcceptedEpoch(epoch: number): void {
    this.calls.push(`setAcceptedEpoch ${epoch}`)
    this.#await(() => this.following.epochStored())
  }

  setCurrentEpoch(epoch: number): void {
    this.calls.push(`setCurrentEpoch ${epoch}`)
    this.#await(() => {
      this.#unpersisted.length = 0
      this.following.epochStored()
    })
  }

  truncate(zxidHi: number, zxidLo: number): void {
    this.calls.push(`truncate ${toHex(zxidHi, zxidLo)}`)
    this.#await(() => this.following.truncated())
  }

  beginSnapshot(zxidHi: number, zxidLo: number): void {
    this.calls.push(`beginSnapshot ${toHex(zxidHi, zxidLo)}`)
    this.isSnapshotComplete = this.snapshotBytes === 0
  }

  takeSnapshot(bytes: Uint8Array): number {
    if (this.snapshotProblem !== null) throw this.snapshotProblem
    const taken = Math.min(bytes.length, this.snapshotBytes)
    this.snapshotBytes -= taken
    this.isSnapshotComplete = this.snapshotBytes === 0
    return taken
  }

  install(currentEpoch: number): void {
    if (!this.isSnapshotComplete) throw new Error('installed half a snapshot')
    this.calls.push(`install ${currentEpoch}`)
    this.logged.length = 0
    this.#await(() => this.following.installed())
  }

  append(zxidHi: number, zxidLo: number): void {
    if (this.awaited !== null) throw new Error('appended while the storage was at work')
    this.calls.push(`append ${toHex(zxidHi, zxidLo)}`)
    this.logged.push(toHex(zxidHi, zxidLo))
    const last = this.#unpersisted.at(-1)
    if (last !== undefined && compareInt64(zxidHi, zxidLo, last.hi, last.lo) <= 0) throw new Error('the log went back')
    this.#unpersisted.push({ hi: zxidHi, lo: zxidLo })
  }

  commit(zxidHi: number, zxidLo: number): void {
    if (this.awaited !== null) throw new Error('committed while the storage was at work')
    this.calls.push(`commit ${toHex(zxidHi, zxidLo)}`)
    this.committed.push(toHex(zxidHi, zxidLo))
  }

  serve(): void {
    this.calls.push('serve')
  }

  takeActiveSessions(): readonly ActiveSession[] {
    return this.sessions.shift() ?? []
  }

  revalidated(sessionHi: number, sessionLo: number, isValid: boolean): void {
    this.calls.push(`revalidated ${toHex(sessionHi, sessionLo)} ${isValid}`)
  }

  synced(): void {
    this.calls.push('synced')
  }

  configurationSeen(config: EnsembleConfig): void {
    this.calls.push(`configurationSeen ${config.version.toString(16)}`)
  }

  configurationActivated(config: EnsembleConfig, designatedLeader: number | null): boolean {
    this.calls.push(`configurationActivated ${config.version.toString(16)} ${designatedLeader}`)
    return this.mustLeave(config, designatedLeader)
  }

  resign(reason: string): void {
    if (this.resignedFor !== null) throw new Error('resigned twice')
    this.calls.push('resign')
    this.resignedFor = reason
  }

  log(level: string, message: string): void {
    this.logLines.push(`${level}: ${message}`)
  }

  linkWriter(_link: LinkId): JuteWriter {
    return this.#writer
  }

  awaitLinkDrained(): void {
    throw new Error('a learner does not ask for that')
  }

  closeLink(_link: LinkId, _reason: string): void {
    this.calls.push('closeLink')
  }

  #await(answer: () => void): void {
    if (this.awaited !== null) throw new Error('two requests to the storage at a time')
    this.awaited = answer
  }
}
