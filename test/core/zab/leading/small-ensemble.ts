import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import { Following } from '../../../../src/core/zab/following/following.ts'
import type { LogSlice } from '../../../../src/core/zab/leading/leading-host.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { highWord, lowWord, toHex } from '../../../../src/protocol/int64.ts'
import { FakeFollowingHost } from '../following/fake-following-host.ts'
import { Harness, SETTINGS, txn } from './leading-harness.ts'

const EPOCH = 2n
const CONFIG_VERSION = 0n

/** A learner whose server never forgets: its log outlives its roles. */
class LearnerServer {
  readonly sid: number
  readonly isObserver: boolean
  /** Zxids in its log, in order. */
  log: bigint[]
  /** All that it has applied to its tree, in order. */
  applied: bigint[]
  role: { readonly following: Following; readonly host: FakeFollowingHost; readonly link: LinkId } | null = null
  toLeader = Buffer.alloc(0)
  toLearner = Buffer.alloc(0)
  #acceptedEpoch = 1
  #currentEpoch = 1
  #appended = 0
  #committed = 0
  /** Epochs that the role has asked its storage to keep. */
  #stored: string[] = []

  constructor(sid: number, isObserver: boolean, log: readonly bigint[]) {
    this.sid = sid
    this.isObserver = isObserver
    this.log = [...log]
    this.applied = [...log]
  }

  start(link: LinkId): void {
    const host = new FakeFollowingHost()
    const last = this.log.at(-1) ?? 0n
    const following = new Following(
      host,
      { ...SETTINGS, sid: this.sid, isObserver: this.isObserver },
      {
        link,
        leaderSid: SETTINGS.sid,
        acceptedEpoch: this.#acceptedEpoch,
        currentEpoch: this.#currentEpoch,
        lastLoggedHi: highWord(last),
        lastLoggedLo: lowWord(last),
        configVersion: CONFIG_VERSION,
        nowMs: 0
      },
      new CommitLog(3, 0)
    )
    host.following = following
    this.role = { following, host, link }
    this.#appended = this.#committed = 0
    this.#stored = []
    following.connected(0)
    this.collect()
  }

  /** What the role has done since the last time. */
  collect(): void {
    if (this.role === null) return
    const { host } = this.role
    const sent = host.sentHex.map(({ hex }) => Buffer.from(hex, 'hex'))
    this.toLeader = Buffer.concat([this.toLeader, ...sent])
    this.#stored.push(...host.calls.filter((call) => call.startsWith('set')))
    host.forget()
    for (const zxid of host.logged.slice(this.#appended)) this.log.push(BigInt(`0x${zxid}`))
    this.#appended = host.logged.length
    for (const zxid of host.committed.slice(this.#committed)) this.applied.push(BigInt(`0x${zxid}`))
    this.#committed = host.committed.length
    if (host.awaited !== null) return
    if (this.#stored.includes(`setAcceptedEpoch ${EPOCH}`)) this.#acceptedEpoch = Number(EPOCH)
    if (this.#stored.includes(`setCurrentEpoch ${EPOCH}`)) this.#currentEpoch = Number(EPOCH)
  }

  /** The role ends: all that is on its way to the log gets there, and is applied. */
  stop(): void {
    if (this.role === null) return
    const { following, host } = this.role
    while (host.answer()) this.collect()
    this.collect()
    for (const { zxidHi, zxidLo } of following.close()) this.applied.push(BigInt(`0x${toHex(zxidHi, zxidLo)}`))
    this.role = null
    this.toLeader = Buffer.alloc(0)
    this.toLearner = Buffer.alloc(0)
  }
}

/** A leader, two followers and an observer of ours, whose bytes and disks go on when they are told to. */
export class SmallEnsemble {
  readonly harness: Harness
  readonly learners: readonly LearnerServer[]
  /** The leader's log. */
  readonly log: bigint[]
  #proposed = 0
  #links = 0

  constructor(history: readonly bigint[], behind: readonly number[]) {
    this.harness = new Harness({
      history,
      commitLog: new CommitLog(4, 0),
      start: { acceptedEpoch: 1, currentEpoch: 1 }
    })
    this.log = [...history]
    this.learners = [1, 3, 9].map((sid, index) => {
      return new LearnerServer(sid, sid === 9, history.slice(0, history.length - (behind[index] ?? 0)))
    })
  }

  /** Does one thing of several that may happen; `choice` and `size` say which. */
  step(choice: number, size: number): void {
    const learner = this.learners[size % this.learners.length]
    if (learner === undefined) return
    switch (choice) {
      case 0:
        return this.#toLearner(learner, size)
      case 1:
        return this.#toLeader(learner, size)
      case 2:
        learner.role?.host.answer()
        learner.role?.host.persist()
        return this.#collect()
      case 3:
        return this.#leaderDisk()
      case 4:
        return this.#propose()
      case 5:
        return size % 8 === 0 ? this.#cut(learner) : undefined
      default:
        return this.#connect(learner)
    }
  }

  /** Everything goes on until nothing is left to be done. */
  settle(): void {
    for (let quietRounds = 0; quietRounds < 3; quietRounds++) {
      const before = this.#progress()
      for (const learner of this.learners) {
        this.#connect(learner)
        this.#toLeader(learner, 1 << 20)
        this.#toLearner(learner, 1 << 20)
        while (learner.role?.host.answer()) this.#collect()
        learner.role?.host.persist()
        this.#collect()
      }
      this.#leaderDisk()
      if (this.#progress() !== before) quietRounds = 0
    }
  }

  #progress(): string {
    const { leading, host } = this.harness
    const learners = this.learners.map(({ applied, log, role }) => [
      applied.length,
      log.length,
      role?.following.isServing
    ])
    return JSON.stringify([leading.outstandingCount, leading.learners, host.calls.length, learners])
  }

  #propose(): void {
    if (!this.harness.leading.isEstablished) return
    const zxid = (EPOCH << 32n) + BigInt(++this.#proposed)
    this.log.push(zxid)
    this.harness.propose(zxid)
    this.#collect()
  }

  /** The leader's storage answers what it was asked, and has logged everything. */
  #leaderDisk(): void {
    const { leading, host } = this.harness
    for (const call of host.takeCalls()) {
      const [what = '', request, zxid = ''] = call.split(' ')
      if (what.endsWith('Epoch')) leading.epochStored()
      if (what === 'findInLog') {
        const floor = this.log.filter((each) => each <= BigInt(`0x${zxid}`)).at(-1)
        leading.logFound(Number(request), floor === undefined ? null : { hi: highWord(floor), lo: lowWord(floor) })
      }
      if (what === 'readLog') leading.logRead(Number(request), this.#slice(BigInt(`0x${zxid}`)))
    }
    this.harness.logged(this.log.at(-1) ?? 0n)
    this.#collect()
  }

  #slice(after: bigint): LogSlice | null {
    const zxids = this.log.filter((each) => each > after).slice(0, 2)
    const last = zxids.at(-1)
    if (last === undefined) return null
    const body = Buffer.concat(zxids.flatMap((zxid) => [Buffer.from([0, 0, 0, 48]), txn(zxid)]))
    return { lastZxidHi: highWord(last), lastZxidLo: lowWord(last), body }
  }

  #connect(learner: LearnerServer): void {
    if (learner.role !== null) return
    const link = ++this.#links as LinkId
    this.harness.leading.learnerConnected(link, `learner ${learner.sid}`, 0)
    learner.start(link)
  }

  #cut(learner: LearnerServer): void {
    // Before, it can cost the leader its quorum: who has accepted an epoch does not count a second time.
    if (learner.role === null || !this.harness.leading.isEstablished) return
    const { link, host } = learner.role
    host.following.linkClosed()
    learner.stop()
    this.harness.leading.linkClosed(link)
    this.harness.host.takeBytes(link)
    this.#collect()
  }

  #toLeader(learner: LearnerServer, size: number): void {
    if (learner.role === null) return
    const bytes = learner.toLeader.subarray(0, size)
    learner.toLeader = learner.toLeader.subarray(size)
    this.harness.leading.received(learner.role.link, bytes, 0)
    this.#collect()
  }

  #toLearner(learner: LearnerServer, size: number): void {
    if (learner.role === null) return
    const bytes = learner.toLearner.subarray(0, size)
    learner.toLearner = learner.toLearner.subarray(size)
    learner.role.following.received(bytes, 0)
    this.#collect()
  }

  #collect(): void {
    for (const learner of this.learners) {
      learner.collect()
      if (learner.role === null) continue
      learner.toLearner = Buffer.concat([learner.toLearner, this.harness.host.takeBytes(learner.role.link)])
    }
  }
}
