import type { Id } from '../../protocol/generated/data.ts'
import type { Following } from '../zab/following/following.ts'
import type { SnapshotSource } from '../zab/leading/leading-host.ts'
import { formatConfigText } from '../zab/membership/config-text.ts'
import type { MessageTracker } from '../zab/message-tracker.ts'
import { ObserverMaster } from '../zab/observer-master/observer-master.ts'
import type { ObserverMasterHost } from '../zab/observer-master/observer-master-host.ts'
import type { LinkId } from '../zab/peer-link.ts'
import type { EnsembleMeter } from './ensemble-meter.ts'
import type { Member } from './member.ts'

/** Joins a follower's service for observers with its tree, its log, its sessions and its connection to the leader. */
export class ObserverMasterRole implements ObserverMasterHost {
  readonly master: ObserverMaster
  readonly meter: EnsembleMeter
  readonly #member: Member
  readonly #following: Following

  /** @param following serves from now on */
  constructor(member: Member, following: Following, sizeLimitBytes: number) {
    this.#member = member
    this.#following = following
    this.meter = member.meter
    const { epoch, lastCommittedHi: committedHi, lastCommittedLo: committedLo } = following
    const start = { epoch, committedHi, committedLo, nowMs: member.nowMs }
    this.master = new ObserverMaster(this, { ...member.settings, sizeLimitBytes }, start, member.commitLog)
  }

  newMessageTracker(): MessageTracker | null {
    return this.#member.newMessageTracker()
  }

  linkWriter(link: LinkId) {
    return this.#member.out.linkWriter(link)
  }

  awaitLinkDrained(link: LinkId): void {
    this.#member.out.awaitLinkDrained(link)
  }

  closeLink(link: LinkId, reason: string): void {
    this.#member.out.closeLink(link, reason)
  }

  request(
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    type: number,
    body: Uint8Array,
    identities: readonly Id[] | null
  ): void {
    this.meter.relayed()
    this.#following.request(sessionHi, sessionLo, cxid, type, body, identities)
  }

  revalidate(sessionHi: number, sessionLo: number, timeoutMs: number): void {
    this.meter.revalidated()
    this.#following.revalidate(sessionHi, sessionLo, timeoutMs)
  }

  touch(sessionHi: number, sessionLo: number, timeoutMs: number): void {
    const { sessions, nowMs } = this.#member
    const session = sessions.get(sessionHi, sessionLo)
    if (session !== undefined) sessions.changeTimeout(session, timeoutMs, nowMs)
  }

  /**
   * compat: upstream tells the configuration last seen. One that is not in force yet would be in force on an observer then,
   * committed or not; it comes with its transaction.
   */
  get configText(): Uint8Array {
    return Buffer.from(formatConfigText(this.#member.config))
  }

  get configVersion(): bigint {
    return this.#member.config.version
  }

  openSnapshot(): SnapshotSource {
    const { tree, sessions } = this.#member
    return tree.openSnapshot(sessions.records())
  }

  findInLog(request: number, zxidHi: number, zxidLo: number): void {
    this.#member.store({ kind: 'findInLog', zxidHi, zxidLo }, (answer) => {
      const found = answer.kind === 'zxid' ? { hi: answer.zxidHi, lo: answer.zxidLo } : null
      this.master.logFound(request, found)
    })
  }

  readLog(request: number, afterHi: number, afterLo: number, bytesMax: number): void {
    this.#member.store({ kind: 'readLog', afterHi, afterLo, bytesMax }, (answer) => {
      this.master.logRead(request, answer.kind === 'slice' ? answer : null)
    })
  }

  log(level: 'error' | 'info' | 'warn' | 'debug', message: string): void {
    this.#member.out.log(level, message)
  }
}
