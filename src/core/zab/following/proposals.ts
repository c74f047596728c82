import { Fifo } from '../../../collections/fifo.ts'
import { compareInt64, toHex } from '../../../protocol/int64.ts'
import type { CommitLog } from '../commit-log.ts'
import type { PendingProposal } from '../leading/leading-host.ts'
import type { FollowingHost } from './following-host.ts'
import type { LeaderOutput } from './leader-output.ts'
import { LeaveLeaderError } from './leave-leader-error.ts'
import type { ReceivedTxn } from './received-txn.ts'

/** Most bytes of proposals that wait for their commit. A leader that proposes more is left; it limits itself long before. */
export const PENDING_BYTES_MAX = 256 * 1024 * 1024
/** A leader whose first counter is so high does not count from 1. */
const LATE_COUNTER_MIN = 1 << 20
/** What a pending proposal takes beside its bytes, about. */
const PENDING_OVERHEAD_BYTES = 100

/**
 * The transactions that come from the leader: each is appended to the log as it comes, acknowledged when it is durable,
 * and applied when its commit comes, whether or not it is durable here by then.
 *
 * All three happen strictly in zxid order, one packet a zxid: the leader counts acknowledgements one by one. A hole in
 * the order or a commit of something else than the oldest pending proposal means that something is missing here, so the
 * leader is left, and the next synchronisation fills the gap. (Upstream ends the process at such a commit and goes on
 * with a warning at a hole; leaving costs less than the one and is safe where the other is not: neither log nor tree
 * has taken anything wrong up to this point.)
 */
export class Proposals {
  readonly #host: FollowingHost
  readonly #output: LeaderOutput
  readonly #commitLog: CommitLog
  readonly #pendingBytesMax: number
  readonly #pending = new Fifo<ReceivedTxn>()
  #pendingBytes = 0
  /** Those for which the leader wants an ACK and has not got one. */
  readonly #unacked = new Fifo<ReceivedTxn>()
  /** Whether what comes is logged at once; if not, it is part of a snapshot that is being taken. */
  #isLogging = true
  #wantsAcks = false
  #mayAck = false
  /** Last transaction that came, or from which on they come. */
  #lastHi: number
  #lastLo: number
  #loggedHi: number
  #loggedLo: number
  #committedHi: number
  #committedLo: number
  /** A snapshot has been taken, and no transaction came since: the first one may be older than the snapshot. */
  #isBehindSnapshot = false
  /** Zxid of the snapshot; below all others while there is none. */
  #snapshotHi = -1
  #snapshotLo = -1

  /** @param lastHi end of the log, all of which has been applied */
  constructor(
    host: FollowingHost,
    output: LeaderOutput,
    commitLog: CommitLog,
    lastHi: number,
    lastLo: number,
    pendingBytesMax = PENDING_BYTES_MAX
  ) {
    this.#host = host
    this.#output = output
    this.#commitLog = commitLog
    this.#pendingBytesMax = pendingBytesMax
    this.#lastHi = this.#loggedHi = this.#committedHi = lastHi
    this.#lastLo = this.#loggedLo = this.#committedLo = lastLo
    commitLog.endAt(lastHi, lastLo)
  }

  get committedHi(): number {
    return this.#committedHi
  }

  get committedLo(): number {
    return this.#committedLo
  }

  get lastHi(): number {
    return this.#lastHi
  }

  get lastLo(): number {
    return this.#lastLo
  }

  /** The log ends here from now on. */
  truncated(zxidHi: number, zxidLo: number): void {
    this.#startAt(zxidHi, zxidLo)
    this.#commitLog.endAt(zxidHi, zxidLo)
  }

  /**
   * The tree becomes what a snapshot says, and has all transactions up to this zxid, which may come nevertheless: then
   * they are left out. (Upstream applies them again, which changes nothing.) Later ones are not logged before `snapshotInstalled`.
   */
  snapshotBegun(zxidHi: number, zxidLo: number): void {
    this.#startAt(zxidHi, zxidLo)
    this.#commitLog.clear()
    this.#isLogging = false
    this.#isBehindSnapshot = true
    this.#snapshotHi = zxidHi
    this.#snapshotLo = zxidLo
  }

  /** What has been committed is stored with the snapshot; what has not is appended behind it now. */
  snapshotInstalled(): void {
    this.#isLogging = true
    this.#forEachPending((txn) => this.#host.append(txn.zxidHi, txn.zxidLo, txn.bytes))
  }

  /** PROPOSAL. */
  propose(txn: ReceivedTxn): void {
    this.#mustFollow(txn)
    if (this.#isInSnapshot(txn.zxidHi, txn.zxidLo)) return
    this.#pendingBytes += txn.bytes.length + PENDING_OVERHEAD_BYTES
    if (this.#pendingBytes > this.#pendingBytesMax) {
      throw new LeaveLeaderError(`more than ${this.#pendingBytesMax} bytes of proposals wait for their commit`, 'info')
    }
    if (txn.config !== null) this.#host.configurationSeen(txn.config)
    this.#append(txn)
    this.#pending.push(txn)
    if (this.#wantsAcks) this.#unacked.push(txn)
  }

  /**
   * COMMIT, or COMMITANDACTIVATE.
   * @param designatedLeader null for COMMIT
   * @throws LeaveLeaderError also when all is done, if a reconfiguration has changed this server's part
   */
  commit(zxidHi: number, zxidLo: number, designatedLeader: number | null): void {
    if (this.#isInSnapshot(zxidHi, zxidLo)) return
    const txn = this.#pending.peek()
    if (txn === undefined || txn.zxidHi !== zxidHi || txn.zxidLo !== zxidLo) {
      const oldest = txn === undefined ? 'none' : `0x${toHex(txn.zxidHi, txn.zxidLo)}`
      throw new LeaveLeaderError(`commit of 0x${toHex(zxidHi, zxidLo)}, but the oldest pending proposal is ${oldest}`)
    }
    mustBeReconfig(txn, designatedLeader)
    this.#pending.shift()
    this.#pendingBytes -= txn.bytes.length + PENDING_OVERHEAD_BYTES
    this.#apply(txn, designatedLeader)
  }

  /** INFORM, or INFORMANDACTIVATE: proposal and commit in one. Throws as `commit`. */
  inform(txn: ReceivedTxn, designatedLeader: number | null): void {
    mustBeReconfig(txn, designatedLeader)
    const oldest = this.#pending.peek()
    if (oldest !== undefined) {
      const expected = toHex(oldest.zxidHi, oldest.zxidLo)
      throw new LeaveLeaderError(`0x${toHex(txn.zxidHi, txn.zxidLo)} was committed before the proposal 0x${expected}`)
    }
    this.#mustFollow(txn)
    if (this.#isInSnapshot(txn.zxidHi, txn.zxidLo)) return
    if (txn.config !== null) this.#host.configurationSeen(txn.config)
    this.#append(txn)
    this.#apply(txn, designatedLeader)
  }

  /** NEWLEADER: what is not committed yet and what comes from now on is to be acknowledged, as soon as `beginAcks` allows. */
  expectAcks(): void {
    this.#wantsAcks = true
    this.#forEachPending((txn) => this.#unacked.push(txn))
  }

  beginAcks(): void {
    this.#mayAck = true
    this.#ackLogged()
  }

  /** All that has been appended is durable. */
  allLogged(): void {
    this.logged(this.#lastHi, this.#lastLo)
  }

  /** The log is durable up to this zxid. */
  logged(zxidHi: number, zxidLo: number): void {
    if (compareInt64(zxidHi, zxidLo, this.#loggedHi, this.#loggedLo) <= 0) return
    this.#loggedHi = zxidHi
    this.#loggedLo = zxidLo
    this.#ackLogged()
  }

  /** Whether the reconfiguration to this version is proposed and not committed. */
  isConfigPending(version: bigint): boolean {
    let isPending = false
    this.#forEachPending(({ config }) => {
      if (config?.version === version) isPending = true
    })
    return isPending
  }

  /** What is in the log, or on its way there, and has not been applied, in order. */
  takePending(): PendingProposal[] {
    const pending: PendingProposal[] = []
    if (this.#isLogging) this.#forEachPending((txn) => pending.push(txn))
    this.#pending.clear()
    this.#unacked.clear()
    return pending
  }

  #startAt(zxidHi: number, zxidLo: number): void {
    this.#lastHi = this.#loggedHi = this.#committedHi = zxidHi
    this.#lastLo = this.#loggedLo = this.#committedLo = zxidLo
  }

  /** Within an epoch zxids count by one, and each epoch begins with 1; mostly. */
  #mustFollow({ zxidHi, zxidLo }: ReceivedTxn): void {
    const isFirst = zxidHi > this.#lastHi || (zxidHi === this.#lastHi && this.#lastLo === 0)
    const isNext = isFirst
      ? zxidLo === 1 || this.#beginsLate(zxidHi, zxidLo)
      : zxidHi === this.#lastHi && zxidLo === ((this.#lastLo + 1) | 0) && zxidLo !== 0
    if (!isNext && !(this.#isBehindSnapshot && this.#isInSnapshot(zxidHi, zxidLo))) {
      const last = toHex(this.#lastHi, this.#lastLo)
      throw new LeaveLeaderError(`proposal 0x${toHex(zxidHi, zxidLo)} does not follow 0x${last}`)
    }
    this.#isBehindSnapshot = false
    this.#lastHi = zxidHi
    this.#lastLo = zxidLo
  }

  /**
   * compat: a leader with `testingonly.initialZxid` begins its epochs near their end, and upstream's learners follow it with a
   * warning. They follow over any hole there; here it must be so large that nothing can have been lost.
   */
  #beginsLate(zxidHi: number, zxidLo: number): boolean {
    if (zxidLo >>> 0 < LATE_COUNTER_MIN) return false
    this.#host.log(
      'error',
      `the first proposal of epoch ${zxidHi} is 0x${toHex(zxidHi, zxidLo)}: unless the leader has testingonly.initialZxid, ` +
        `${(zxidLo >>> 0) - 1} transactions are missing`
    )
    return true
  }

  #isInSnapshot(zxidHi: number, zxidLo: number): boolean {
    return compareInt64(zxidHi, zxidLo, this.#snapshotHi, this.#snapshotLo) <= 0
  }

  /** In order. */
  #forEachPending(visit: (txn: ReceivedTxn) => void): void {
    for (let left = this.#pending.size; left > 0; left--) {
      const txn = this.#pending.shift()
      if (txn === undefined) return
      visit(txn)
      this.#pending.push(txn)
    }
  }

  #append(txn: ReceivedTxn): void {
    if (this.#isLogging) this.#host.append(txn.zxidHi, txn.zxidLo, txn.bytes)
  }

  #apply(received: ReceivedTxn, designatedLeader: number | null): void {
    const { zxidHi, zxidLo, bytes, txn, config } = received
    const mustLeave =
      config !== null && designatedLeader !== null && this.#host.configurationActivated(config, designatedLeader)
    this.#committedHi = zxidHi
    this.#committedLo = zxidLo
    this.#commitLog.add(zxidHi, zxidLo, bytes)
    this.#host.commit(zxidHi, zxidLo, bytes, txn)
    if (mustLeave) throw new LeaveLeaderError('a reconfiguration changes roles', 'info')
  }

  #ackLogged(): void {
    if (!this.#mayAck) return
    for (let txn = this.#unacked.peek(); txn !== undefined; txn = this.#unacked.peek()) {
      if (compareInt64(txn.zxidHi, txn.zxidLo, this.#loggedHi, this.#loggedLo) > 0) return
      this.#unacked.shift()
      this.#output.ack(txn.zxidHi, txn.zxidLo)
      this.#host.meter?.acknowledged(txn.bytes)
    }
  }
}

function mustBeReconfig(txn: ReceivedTxn, designatedLeader: number | null): void {
  if (designatedLeader === null || txn.isReconfig) return
  throw new LeaveLeaderError(`0x${toHex(txn.zxidHi, txn.zxidLo)} is to be activated, but is no reconfiguration`)
}
