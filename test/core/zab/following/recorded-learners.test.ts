import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import { Following } from '../../../../src/core/zab/following/following.ts'
import type { EnsembleConfig } from '../../../../src/core/zab/membership/ensemble-config.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { toBigInt, toHex } from '../../../../src/protocol/int64.ts'
import { FakeFollowingHost } from './fake-following-host.ts'
import { sentPackets } from './leader-bytes.ts'
import { fieldsOf, type RecordedLearner, type RecordedPacket, recordedLearners } from './recorded-learners.ts'

/** Chosen by the property: where the leader's bytes are split, and what the storage does between two pieces. */
interface Schedule {
  readonly sizes: readonly number[]
  readonly storage: readonly ('nothing' | 'one' | 'all')[]
}

const SIGNATURE_BYTES = 14
const SENT_BY_HOST = new Set(['REQUEST', 'REVALIDATE'])

/** A learner in the place of the recorded one, fed with what its leader sent. */
class Replay {
  readonly host = new FakeFollowingHost()
  readonly #recorded: RecordedLearner
  readonly #schedule: Schedule
  #turn = 0
  #unfed: Buffer[] = []

  constructor(recorded: RecordedLearner, schedule: Schedule) {
    this.#recorded = recorded
    this.#schedule = schedule
    const info = fieldsOf(this.#first('INFO'))
    const ackEpoch = fieldsOf(this.#first('ACKEPOCH'))
    const isObserver = info.type === 16
    const currentEpoch = ackEpoch.data?.readInt32BE(0) ?? 0
    this.host.snapshotBytes = Math.max(0, this.#bytesOf('SNAP-BODY') - SIGNATURE_BYTES)
    this.host.mustLeave = (config, leader) => isOtherRole(config, recorded.sid, isObserver, leader, recorded.leaderSid)
    for (const { isFromLeader, name, bytes } of recorded.packets) {
      if (!isFromLeader && name === 'PING') this.host.sessions.push(sessionsOf(bytes))
    }
    this.host.following = new Following(
      this.host,
      {
        sid: recorded.sid,
        isObserver,
        tickTimeMs: 1000,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        dataBytesMax: 1 << 20,
        reconfigEnabled: true
      },
      {
        link: -1 as LinkId,
        leaderSid: recorded.leaderSid,
        acceptedEpoch: info.zxidHi,
        currentEpoch: currentEpoch === -1 ? info.zxidHi : currentEpoch,
        lastLoggedHi: ackEpoch.zxidHi,
        lastLoggedLo: ackEpoch.zxidLo,
        configVersion: toBigInt(info.data?.readInt32BE(12) ?? 0, info.data?.readInt32BE(16) ?? 0),
        nowMs: 0
      },
      new CommitLog(500, 1 << 24)
    )
  }

  run(): this {
    this.host.following.connected(0)
    for (const packet of this.#recorded.packets) {
      // May end the role, and with it the acknowledgements that wait for the log: the recorded learners had sent theirs.
      if (packet.name.endsWith('ANDACTIVATE')) this.#feed()
      if (packet.isFromLeader) this.#unfed.push(packet.bytes)
      else if (SENT_BY_HOST.has(packet.name)) this.#ask(packet)
    }
    this.#feed()
    return this
  }

  /** A request of a client, made as soon as all that the leader sent before has been handled. */
  #ask({ name, bytes }: RecordedPacket): void {
    this.#feed()
    const { data, authinfo } = fieldsOf(bytes)
    if (data === null) throw new Error('a request without data was recorded')
    const [hi, lo, third] = [data.readInt32BE(0), data.readInt32BE(4), data.readInt32BE(8)]
    if (name === 'REVALIDATE') {
      this.host.following.revalidate(hi, lo, third)
      return
    }
    const body = data.length > 16 ? data.subarray(16) : null
    this.host.following.request(hi, lo, third, data.readInt32BE(12), body, authinfo)
  }

  #feed(): void {
    const stream = Buffer.concat(this.#unfed)
    this.#unfed = []
    for (let offset = 0; offset < stream.length; this.#turn++) {
      const size = this.#schedule.sizes[this.#turn % this.#schedule.sizes.length] ?? 1
      const chunk = Buffer.from(stream.subarray(offset, offset + size))
      this.host.following.received(chunk, 1)
      chunk.fill(0xee)
      offset += size
      this.#store(this.#schedule.storage[this.#turn % this.#schedule.storage.length] ?? 'all')
    }
    while (this.host.answer()) this.host.persist()
    this.host.persist()
  }

  #store(what: 'nothing' | 'one' | 'all'): void {
    if (what === 'nothing') return
    if (!this.host.answer()) this.host.persist(what === 'one' ? 1 : undefined)
  }

  #first(nameEnd: string): Buffer {
    const found = this.#recorded.packets.find(({ name }) => name.endsWith(nameEnd) && name !== 'LEADERINFO')
    if (found === undefined) throw new Error(`no ${nameEnd} was recorded`)
    return found.bytes
  }

  #bytesOf(wanted: string): number {
    return this.#recorded.packets.find(({ name }) => name === wanted)?.bytes.length ?? 0
  }
}

function isOtherRole(
  config: EnsembleConfig,
  sid: number,
  isObserver: boolean,
  designatedLeader: number | null,
  leaderSid: number
): boolean {
  const role = config.members.find(({ id }) => id === sid)?.role
  const hasOtherLeader = designatedLeader !== null && designatedLeader !== leaderSid
  return hasOtherLeader || (role !== undefined && (role === 'observer') !== isObserver)
}

function sessionsOf(ping: Buffer): { idHi: number; idLo: number; timeoutMs: number }[] {
  const data = fieldsOf(ping).data ?? Buffer.alloc(0)
  return Array.from({ length: data.length / 12 }, (_, index) => ({
    idHi: data.readInt32BE(index * 12),
    idLo: data.readInt32BE(index * 12 + 4),
    timeoutMs: data.readInt32BE(index * 12 + 8)
  }))
}

/** The learner's packets by what decides on their order: its own protocol, its clients, the leader's pings. */
function byCause(packets: readonly { readonly name: string; readonly hex: string }[]): Record<string, string[]> {
  const groups: Record<string, string[]> = { protocol: [], clients: [], pings: [] }
  for (const { name, hex } of packets) {
    const group = name === 'ping' ? 'pings' : name === 'request' || name === 'revalidate' ? 'clients' : 'protocol'
    groups[group]?.push(hex)
  }
  return groups
}

function recordedAnswers(recorded: RecordedLearner): Record<string, string[]> {
  const sent = recorded.packets.filter(({ isFromLeader }) => !isFromLeader)
  return byCause(
    sent.flatMap(({ bytes }) => sentPackets(bytes).map(({ name }) => ({ name, hex: bytes.toString('hex') })))
  )
}

/** The zxids that the leader let the learner commit: those of all COMMITs and INFORMs. */
function recordedCommits(recorded: RecordedLearner): string[] {
  return recorded.packets
    .filter(({ isFromLeader, name }) => isFromLeader && /^(COMMIT|INFORM)/.test(name))
    .map(({ bytes }) => toHex(bytes.readInt32BE(4), bytes.readInt32BE(8)))
}

const schedule: fc.Arbitrary<Schedule> = fc.record({
  sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 3000 })), {
    minLength: 1,
    maxLength: 7
  }),
  storage: fc.array(fc.constantFrom('nothing' as const, 'one' as const, 'all' as const), { minLength: 1, maxLength: 5 })
})

describe('in the place of a learner of Apache ZooKeeper', () => {
  test.each(recordedLearners().map((recorded) => ({ recorded, ...recorded })))(
    'server $sid (connection $connection) answers leader $leaderSid with the same bytes',
    ({ recorded }) => {
      const answers = recordedAnswers(recorded)
      const commits = recordedCommits(recorded)
      fc.assert(
        fc.property(schedule, (chosen) => {
          const { host } = new Replay(recorded, chosen).run()

          expect(byCause(host.sentHex)).toEqual(answers)
          expect(host.committed).toEqual(commits)
        }),
        { numRuns: 12 }
      )
    }
  )
})
