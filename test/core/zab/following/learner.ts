import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import { Following } from '../../../../src/core/zab/following/following.ts'
import type { FollowingSettings, FollowingStart } from '../../../../src/core/zab/following/following-settings.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { FakeFollowingHost } from './fake-following-host.ts'
import { diff, leaderInfo, newLeader, txnBytes, upToDate } from './leader-bytes.ts'

export const INIT_LIMIT_MS = 10_000
export const SYNC_LIMIT_MS = 5_000
export const LEADER = 2

/** A learner, sid 1, of leader 2; its log ends with 100000005, and it has accepted epoch 1. */
export class Learner {
  readonly host = new FakeFollowingHost()
  readonly commitLog = new CommitLog(500, 1 << 20)
  readonly following: Following

  constructor({
    settings = {},
    start = {},
    committed = [],
    isConnected = true
  }: {
    readonly settings?: Partial<FollowingSettings>
    readonly start?: Partial<FollowingStart>
    /** Counters of epoch 1's transactions in the log of commits. */
    readonly committed?: readonly number[]
    readonly isConnected?: boolean
  } = {}) {
    for (const lo of committed) this.commitLog.add(1, lo, txnBytes(1, lo))
    this.following = new Following(
      this.host,
      {
        sid: 1,
        isObserver: false,
        tickTimeMs: 1000,
        initLimitTicks: INIT_LIMIT_MS / 1000,
        syncLimitTicks: SYNC_LIMIT_MS / 1000,
        dataBytesMax: 10_000,
        reconfigEnabled: true,
        ...settings
      },
      {
        link: -1 as LinkId,
        leaderSid: LEADER,
        acceptedEpoch: 1,
        currentEpoch: 1,
        lastLoggedHi: 1,
        lastLoggedLo: 5,
        configVersion: 0x100000000n,
        nowMs: 0,
        ...start
      },
      this.commitLog
    )
    this.host.following = this.following
    if (isConnected) this.following.connected(0)
  }

  /** Bytes from the leader. */
  get(...packets: readonly Buffer[]): this {
    this.following.received(Buffer.concat(packets), 0)
    return this
  }

  /** As `get`, and the storage does at once what it is asked for. */
  getAll(...packets: readonly Buffer[]): this {
    for (const packet of packets) {
      this.get(packet)
      while (this.host.answer());
    }
    return this
  }

  /** A learner that has accepted epoch 2. */
  discovered(): this {
    return this.getAll(leaderInfo(2))
  }

  /** A learner that serves in epoch 2, with an empty DIFF. What it did for that is forgotten. */
  serving(): this {
    this.discovered().getAll(diff(1, 5), newLeader(2), upToDate)
    this.host.forget()
    return this
  }

  /** Zxids of the acknowledgements sent. */
  get acks(): string[] {
    return this.host.sent.filter(({ name }) => name === 'ack').map(({ zxid }) => zxid)
  }
}
