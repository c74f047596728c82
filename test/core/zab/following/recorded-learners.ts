import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PacketHandler, QuorumPacketReader } from '../../../../src/core/zab/wire/quorum-packet-reader.ts'

/** Connections of learners to their leaders, as recorded between servers of Apache ZooKeeper (test/golden/quorum). */

export interface RecordedPacket {
  readonly isFromLeader: boolean
  /** As in the recording: PROPOSAL, SNAP-BODY … */
  readonly name: string
  readonly bytes: Buffer
}

export interface RecordedLearner {
  readonly connection: number
  readonly sid: number
  readonly leaderSid: number
  /** In the order seen on the wire. */
  readonly packets: readonly RecordedPacket[]
}

/** One life of one ensemble: connections go on from file to file. */
const FILES = [
  '01-first-start',
  '02-broadcast',
  '03-observer-joins',
  '03b-session-moved',
  '04-diff-sync',
  '05-snap-sync',
  '06-new-epoch-and-trunc',
  '06b-new-epoch-and-snap',
  '07-reconfig',
  '08-reconfig-remove-leader'
]

const FOLDER = join(__dirname, '..', '..', '..', 'golden', 'quorum')

export function recordedLearners(): RecordedLearner[] {
  const learners = new Map<number, Omit<RecordedLearner, 'packets'> & { readonly packets: RecordedPacket[] }>()
  for (const line of FILES.flatMap((file) => readFileSync(join(FOLDER, `${file}.jsonl`), 'utf8').split('\n'))) {
    if (line === '') continue
    const { port, event, conn, dir, name, hex, learner, leader } = JSON.parse(line)
    if (port !== 'quorum' || event !== undefined) continue
    const packets: RecordedPacket[] = []
    const found = learners.get(conn) ?? { connection: conn, sid: learner, leaderSid: leader, packets }
    learners.set(conn, found)
    found.packets.push({ isFromLeader: dir === 'leader->learner', name, bytes: Buffer.from(hex, 'hex') })
  }
  return [...learners.values()]
}

/** Fields of a single packet, kept. */
export function fieldsOf(bytes: Buffer): Pick<QuorumPacketReader, 'type' | 'zxidHi' | 'zxidLo' | 'authinfo' | 'data'> {
  const found: ReturnType<typeof fieldsOf>[] = []
  const handler: PacketHandler = {
    packet: ({ type, zxidHi, zxidLo, authinfo, data }) => found.push({ type, zxidHi, zxidLo, authinfo, data }),
    raw: () => 0
  }
  new QuorumPacketReader(1 << 20).push(Buffer.from(bytes), handler)
  const [fields] = found
  if (fields === undefined) throw new Error('half a packet was recorded')
  return fields
}
