import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import { Leading } from '../../../../src/core/zab/leading/leading.ts'
import type { SnapshotSource } from '../../../../src/core/zab/leading/leading-host.ts'
import { parseConfigText } from '../../../../src/core/zab/membership/config-text.ts'
import type { EnsembleConfig } from '../../../../src/core/zab/membership/ensemble-config.ts'
import { SNAPSHOT_SIGNATURE } from '../../../../src/core/zab/packet-type.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { highWord, lowWord } from '../../../../src/protocol/int64.ts'
import { FakeHost, MemorySnapshot } from './fake-host.ts'
import { SETTINGS } from './leading-harness.ts'

const FOLDER = join(__dirname, '../../../golden/quorum')
const SIGNATURE_BYTES = 4 + SNAPSHOT_SIGNATURE.length
/** -1 is a zxid in some packets. */
const NO_ZXID = -1n

/** Packets of a leader that answer one of the learner. */
const ANSWERS = new Set(['LEADERINFO', 'DIFF', 'TRUNC', 'SNAP', 'UPTODATE'])

/** One line of a recording, as far as it concerns a leader. */
interface Recorded {
  readonly conn: number
  readonly port: string
  readonly name?: string
  readonly event?: string
  readonly dir?: string
  readonly leader?: number
  readonly acceptorSid?: number
  readonly connectorSid?: number | null
  readonly hex?: string
  readonly decoded?: { readonly zxid?: string; readonly data?: string | null } | null
}

/** What each connection carried from the leader, in hex. */
export type Transcript = Map<number, string>

/** The life of one leader, in recordings that follow each other. */
export interface RecordedLeader {
  readonly sid: number
  readonly files: readonly string[]
  /** Its connections are those opened from this one on, and until this one. */
  readonly connections: readonly [number, number]
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  readonly lastLogged: bigint
  /** Files in which what is in its log was proposed. */
  readonly historyFiles: readonly string[]
  readonly configText: string
}

function linesOf(files: readonly string[]): Recorded[] {
  return files.flatMap((file) =>
    readFileSync(join(FOLDER, `${file}.jsonl`), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"port":"quorum"'))
      .map((line): Recorded => JSON.parse(line))
  )
}

function zxidOf({ decoded }: Recorded): bigint {
  return BigInt(decoded?.zxid ?? NO_ZXID)
}

/** Committed transactions, as they were proposed in the recordings. */
function historyOf(files: readonly string[], last: bigint): CommitLog {
  const commitLog = new CommitLog(20, 0)
  let newest = 0n
  for (const line of linesOf(files)) {
    const zxid = zxidOf(line)
    if (line.name !== 'PROPOSAL' || zxid <= newest || zxid > last) continue
    newest = zxid
    commitLog.add(highWord(zxid), lowWord(zxid), Buffer.from(line.decoded?.data ?? '', 'hex'))
  }
  return commitLog
}

/** The configuration in a reconfiguration's transaction; null in others. */
function configIn(data: Buffer): EnsembleConfig | null {
  if (data.readInt32BE(28) !== 16) return null
  const length = data.readInt32BE(32)
  const size = data.readInt32BE(36 + length)
  return parseConfigText(data.subarray(40 + length, 40 + length + size).toString('utf8'))
}

/** Plays what learners sent to a recorded leader to a `Leading` of ours, which is told what that one proposed. */
export class Replay {
  /** All but pings, which depend on time. */
  readonly recorded: Transcript = new Map()
  /** The same of our leader, whom no time passes. */
  readonly written: Transcript = new Map()
  readonly host = new FakeHost()
  readonly #leading: Leading
  readonly #lines: readonly Recorded[]
  readonly #opened = new Set<number>()
  /** By connection: what the recorded leader has not answered yet, and where in the recording it is. */
  readonly #held = new Map<number, { readonly line: Recorded; readonly index: number }>()
  /** Connections on which the ACK of NEWLEADER has been met. */
  readonly #synced = new Set<number>()
  #proposed = 0n
  #logged = 0n
  #answered = 0

  constructor(life: RecordedLeader) {
    const [first, end] = life.connections
    this.#lines = linesOf(life.files).filter(({ conn, leader, acceptorSid }) => {
      return conn >= first && conn < end && (leader ?? acceptorSid) === life.sid
    })
    this.#leading = new Leading(
      this.host,
      { ...SETTINGS, sid: life.sid, reconfigEnabled: true },
      {
        acceptedEpoch: life.acceptedEpoch,
        currentEpoch: life.currentEpoch,
        lastLoggedHi: highWord(life.lastLogged),
        lastLoggedLo: lowWord(life.lastLogged),
        config: parseConfigText(life.configText),
        lastSeen: null,
        nowMs: 0
      },
      historyOf(life.historyFiles, life.lastLogged)
    )
    for (const [index, line] of this.#lines.entries()) this.#play(line, index)
    for (const conn of this.#opened) this.written.set(conn, this.host.takeBytes(conn as LinkId).toString('hex'))
  }

  #play(line: Recorded, index: number): void {
    if (line.event !== undefined) {
      if (line.event === 'fin') this.#leading.linkClosed(line.conn as LinkId)
    } else if (line.dir === 'learner->leader') {
      // Across connections the order of a recording is not reliable: the answer tells when the leader took the packet.
      if (this.#isAnswered(line)) this.#held.set(line.conn, { line, index })
      else this.#receive(line, index)
    } else if (line.name !== 'PING') {
      const held = ANSWERS.has(line.name ?? '') ? this.#held.get(line.conn) : undefined
      this.#held.delete(held === undefined ? -1 : line.conn)
      if (held !== undefined) this.#receive(held.line, held.index)
      this.#expect(line)
    }
  }

  #isAnswered({ conn, name }: Recorded): boolean {
    if (name !== 'ACK') return name === 'FOLLOWERINFO' || name === 'OBSERVERINFO' || name === 'ACKEPOCH'
    const isFirst = !this.#synced.has(conn)
    this.#synced.add(conn)
    return isFirst
  }

  #receive({ conn, name, hex = '' }: Recorded, index: number): void {
    if (!this.#opened.has(conn)) this.#leading.learnerConnected(conn as LinkId, `conn ${conn}`, 0)
    this.#opened.add(conn)
    if (name === 'ACKEPOCH') this.host.snapshot = () => this.#snapshotAfter(conn, index)
    if (name === 'REVALIDATE')
      this.host.validSession = this.#answerAfter(conn, index, 'REVALIDATE').endsWith('01ffffffff')
    this.#leading.received(conn as LinkId, Buffer.from(hex, 'hex'), 0)
    this.#answerHost()
  }

  /** A packet of the recorded leader: what its request pipeline or its disk did shows in it. */
  #expect(line: Recorded): void {
    const { conn, name = '', hex = '', decoded } = line
    const zxid = zxidOf(line)
    if (
      name === 'PROPOSAL' &&
      zxid > this.#proposed &&
      this.#leading.isEstablished &&
      zxid >> 32n === BigInt(this.#leading.epoch)
    ) {
      const data = Buffer.from(decoded?.data ?? '', 'hex')
      this.#proposed = zxid
      this.#leading.proposed(highWord(zxid), lowWord(zxid), data, configIn(data))
    } else if (name.startsWith('COMMIT') && zxid > this.#logged) {
      this.#logged = zxid
      this.#leading.logged(highWord(zxid), lowWord(zxid))
    } else if (name === 'SYNC') {
      this.#leading.sendSync(conn as LinkId)
    }
    this.recorded.set(conn, (this.recorded.get(conn) ?? '') + hex)
  }

  #answerHost(): void {
    const calls = this.host.calls
    for (; this.#answered < calls.length; this.#answered++) {
      const call = calls[this.#answered] ?? ''
      if (/^set\w+Epoch /.test(call)) this.#leading.epochStored()
      const request = /^findInLog (\d+) /.exec(call)?.[1]
      if (request !== undefined) this.#leading.logFound(Number(request), null)
    }
  }

  #answerAfter(conn: number, index: number, name: string): string {
    const answer = this.#lines
      .slice(index)
      .find((each) => each.conn === conn && each.name === name && each.dir !== 'learner->leader')
    return answer?.hex ?? ''
  }

  #snapshotAfter(conn: number, index: number): SnapshotSource {
    const snap = Buffer.from(this.#answerAfter(conn, index, 'SNAP'), 'hex')
    const body = Buffer.from(this.#answerAfter(conn, index, 'SNAP-BODY'), 'hex').subarray(0, -SIGNATURE_BYTES)
    return new MemorySnapshot(snap.readInt32BE(4), snap.readInt32BE(8), body)
  }
}
