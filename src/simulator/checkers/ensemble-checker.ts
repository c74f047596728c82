import type { EnsemblePeer } from '../../core/ensemble/ensemble-peer.ts'
import type { LeadingRole } from '../../core/ensemble/leading-role.ts'
import { demand } from '../violation.ts'
import { epochOf, showZxid } from '../zxid.ts'
import type { Applied, Committed, CommittedHistory } from './committed-history.ts'

/** What a server's tree is the outcome of: the first `verified` committed transactions, and then these. */
export interface ServerHistory {
  verified: number
  tail: Applied[]
}

/** A process, as far as it is checked. */
export interface CheckedProcess {
  readonly sid: number
  readonly member: EnsemblePeer | null
  readonly history: ServerHistory
  readonly isReadOnly: boolean
}

export interface EnsembleCheckerPorts {
  /** Whether a quorum has the transaction on its disks. */
  isDurable(zxid: number, bytes: Buffer): boolean
  /** Whether a quorum has stored this acceptedEpoch and currentEpoch, or later ones. */
  isEpochDurable(epoch: number): boolean
  committed(entry: Committed): void
  established(sid: number, epoch: number): void
}

/**
 * What Zab promises: one established leader for each epoch; all servers apply the same transactions in the same order,
 * with the same trees; what is committed is on the disks of a quorum, and in the history of every later leader.
 *
 * A transaction counts as committed when a leader that serves applies it; all that a leader has when it begins to serve
 * is committed as well.
 */
export class EnsembleChecker {
  readonly history: CommittedHistory
  readonly #ports: EnsembleCheckerPorts
  readonly #leaders = new Map<number, LeadingRole>()
  /** Histories of trees, by zxid and digest, of which a snapshot was opened. */
  readonly #snapshots = new Map<string, ServerHistory>()
  #lastEpoch = 0

  constructor(history: CommittedHistory, ports: EnsembleCheckerPorts) {
    this.history = history
    this.#ports = ports
  }

  /** Epoch of the newest leader that has begun to serve. */
  get lastEpoch(): number {
    return this.#lastEpoch
  }

  get leaderCount(): number {
    return this.#leaders.size
  }

  /** A process has applied a transaction to its tree. */
  applied(process: CheckedProcess, applied: Applied): void {
    const { history } = process
    if (!isServing(process)) {
      history.tail.push(applied)
      return
    }
    this.#checkEstablished(process)
    history.tail.push(applied)
    if (process.member?.leading != null) this.#commit(process)
    this.#verify(process)
  }

  /** A process has taken a step. */
  stepped(process: CheckedProcess): void {
    if (!isServing(process)) return
    this.#checkEstablished(process)
    this.#verify(process)
  }

  snapshotOpened(process: CheckedProcess, zxid: number, digest: string): void {
    const { verified, tail } = process.history
    this.#snapshots.set(`${zxid} ${digest}`, { verified, tail: [...tail] })
  }

  restored(process: CheckedProcess, zxid: number, digest: string): void {
    const { history } = process
    history.verified = 0
    history.tail = []
    if (zxid === 0) return
    const found = this.#snapshots.get(`${zxid} ${digest}`)
    demand(
      found !== undefined,
      'snapshots',
      () => `server ${process.sid} loads one of ${showZxid(zxid)} that nobody made`
    )
    history.verified = found.verified
    history.tail = [...found.tail]
  }

  /** A snapshot that was there before. */
  known(zxid: number, digest: string): void {
    this.#snapshots.set(`${zxid} ${digest}`, { verified: 0, tail: [] })
  }

  /** All that the process has must be committed. */
  #verify({ sid, history }: CheckedProcess): void {
    if (history.tail.length === 0) return
    for (const applied of history.tail) {
      const expected = this.history.entries[history.verified]
      demand(
        expected !== undefined,
        'agreement',
        () => `server ${sid} serves ${showZxid(applied.zxid)}, which is not committed`
      )
      checkSame(sid, applied, expected)
      history.verified++
    }
    history.tail = []
  }

  /** A serving leader has applied the last transaction of its history. */
  #commit(process: CheckedProcess): void {
    const { history, member, sid } = process
    const applied = history.tail.at(-1)
    const epoch = member?.leading?.leading.epoch ?? -1
    if (applied === undefined || history.verified + history.tail.length <= this.history.length) return
    demand(
      epoch === this.#lastEpoch,
      'primary order',
      () => `leader ${sid} of epoch ${epoch} commits ${showZxid(applied.zxid)} in epoch ${this.#lastEpoch}`
    )
    demand(
      epochOf(applied.zxid) === epoch,
      'primary order',
      () => `leader ${sid} of epoch ${epoch} commits ${showZxid(applied.zxid)}`
    )
    this.#append(applied)
  }

  #checkEstablished(process: CheckedProcess): void {
    const leading = process.member?.leading ?? null
    if (leading === null || !leading.leading.isEstablished) return
    const { epoch } = leading.leading
    const known = this.#leaders.get(epoch)
    if (known === leading) return
    demand(
      known === undefined,
      'one leader an epoch',
      () => `server ${process.sid} leads epoch ${epoch}, as server ${known?.member.settings.sid} does`
    )
    const isDurable = this.#ports.isEpochDurable(epoch)
    demand(isDurable, 'epochs are durable', () => `epoch ${epoch} is not on the disks of a quorum when it begins`)
    this.#leaders.set(epoch, leading)
    this.#established(process, epoch)
  }

  #established(process: CheckedProcess, epoch: number): void {
    const { sid, history } = process
    const count = history.verified + history.tail.length
    const isNewest = epoch > this.#lastEpoch
    demand(
      !isNewest || count >= this.history.length,
      'committed transactions stay',
      () => `leader ${sid} of epoch ${epoch} has ${count} transactions, but ${this.history.length} are committed`
    )
    for (const [index, applied] of history.tail.entries()) {
      const expected = this.history.entries[history.verified + index]
      if (expected !== undefined) checkSame(sid, applied, expected)
      else {
        demand(
          isNewest,
          'primary order',
          () => `leader ${sid} of epoch ${epoch} brings ${showZxid(applied.zxid)} in epoch ${this.#lastEpoch}`
        )
        this.#append(applied)
      }
    }
    history.verified = count
    history.tail = []
    if (isNewest) this.#lastEpoch = epoch
    this.#ports.established(sid, epoch)
  }

  #append(applied: Applied): void {
    const isDurable = this.#ports.isDurable(applied.zxid, applied.bytes)
    demand(
      isDurable,
      'committed transactions are durable',
      () => `${showZxid(applied.zxid)} is not on the disks of a quorum`
    )
    this.#ports.committed(this.history.append(applied))
  }
}

/** A server without a leader that serves reads only serves what it has: it may have more than is committed. */
function isServing({ member, isReadOnly }: CheckedProcess): boolean {
  return member?.peer != null && !isReadOnly
}

function checkSame(sid: number, applied: Applied, expected: Committed): void {
  const { zxid } = applied
  demand(
    zxid === expected.zxid,
    'agreement',
    () => `server ${sid} has ${showZxid(zxid)} where ${showZxid(expected.zxid)} is committed`
  )
  demand(
    applied.bytes.equals(expected.bytes),
    'agreement',
    () => `server ${sid} has another transaction as ${showZxid(zxid)}`
  )
  demand(
    applied.digest === expected.digest,
    'digests',
    () => `server ${sid} has digest ${applied.digest} after ${showZxid(zxid)}, others ${expected.digest}`
  )
}
