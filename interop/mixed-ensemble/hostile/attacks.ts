import { setTimeout as delay } from 'node:timers/promises'
import { WireWriter } from '../../differential/wire/wire-writer.ts'
import { Random } from '../../faults/power-cut/random.ts'
import type { Member } from '../../harness/member.ts'
import { cuts, sendCutsAsClient, UNKNOWN_TYPES, WRITE_TYPES } from './client-cuts.ts'
import { electionHandshake, FalsePeer, learnerInfo, notification, Packet, packet, request } from './false-peer.ts'

/** Who is attacked: one server leads, zoonode and Apache ZooKeeper follow. */
export interface Victims {
  readonly leader: Member
  /** A zoonode. */
  readonly follower: Member
  readonly apache: Member
  readonly epoch: number
  /** Where learners connect: the leader's quorum port, or the port of a follower for observers. */
  readonly learnersPort: { readonly host: string; readonly port: number }
}

export interface Attack {
  readonly name: string
  /** Left out of the short run. */
  readonly isLong?: boolean
  /** Ends with its connections closed, unless the attack is that they stay open: then it returns them. */
  run(victims: Victims): Promise<readonly FalsePeer[]>
}

const FOREIGN_SID = 99n
const GARBAGE_BYTES = 60_000
const LINGER_MS = 300
const HUGE = 0x7fffffff
/** Znode that clients write behind a request that is cut off. */
export const BEHIND = '/hostile-behind'

/** What goes to the election ports of zoonodes. */
const ON_ELECTION_PORTS: readonly Attack[] = [
  onElectionPort('garbage', () => [garbage(3)]),
  onElectionPort('half a handshake, and silence', (own) => [electionHandshake(1n, own).subarray(0, 19)], true),
  onElectionPort('handshakes that lie', (own, victim) => [
    electionHandshake(BigInt(victim.sid), own),
    electionHandshake(FOREIGN_SID, own),
    electionHandshake(-5n, own),
    electionHandshake(1n, 'no address'),
    new WireWriter().long(-65536n).long(1n).int(HUGE).take(),
    new WireWriter().long(-7n).take()
  ]),
  onElectionPort('messages that lie', (own) => [
    Buffer.concat([electionHandshake(FOREIGN_SID, own), vote(FOREIGN_SID, 0), vote(FOREIGN_SID, 2)]),
    Buffer.concat([electionHandshake(FOREIGN_SID, own), new WireWriter().int(HUGE).take(), garbage(4)]),
    Buffer.concat([electionHandshake(FOREIGN_SID, own), new WireWriter().int(3).raw(Buffer.alloc(3)).take()]),
    Buffer.concat([electionHandshake(1n, own), vote(1n, 0), vote(1n, 2), vote(1n, 77)])
  ])
]

/** What clients of either follower and of the leader send: a follower forwards it, and has to go on in the leader's order. */
const BY_CLIENTS: readonly Attack[] = [
  byZoonodesFollower(),
  byClient("Apache's follower", ({ apache }) => apache),
  { ...byClient('the leader', ({ leader }) => leader), isLong: true }
]

/** What goes to where learners connect. */
const ON_LEARNERS_PORT: readonly Attack[] = [
  onQuorumPort('connections that say nothing', () => [Buffer.alloc(0)], { isKept: true, count: 30 }),
  onQuorumPort('half a packet, and silence', () => [learnerInfo(Packet.followerInfo, FOREIGN_SID, 0).subarray(0, 9)], {
    isKept: true
  }),
  onQuorumPort('garbage', () => [garbage(1), garbage(2)]),
  onQuorumPort('packets of impossible lengths', () => [
    new WireWriter().int(Packet.followerInfo).long(0n).int(HUGE).take(),
    new WireWriter().int(Packet.followerInfo).long(0n).int(-5).int(HUGE).take()
  ]),
  onQuorumPort('a packet of another kind first', () => [
    packet(Packet.ack, 1n, null),
    request(1n, 1, 1, Buffer.alloc(4)),
    packet(Packet.ping, 0n, Buffer.alloc(5))
  ]),
  onQuorumPort('introductions with too little in them', () => [
    packet(Packet.followerInfo, 0n, Buffer.alloc(3)),
    packet(Packet.followerInfo, 0n, null),
    learnerInfo(Packet.followerInfo, -1n, HUGE)
  ]),
  onQuorumPort('a foreign id with an epoch of the far future', () => [
    learnerInfo(Packet.followerInfo, FOREIGN_SID, HUGE)
  ]),
  onQuorumPort('a foreign id that never goes on', () => [learnerInfo(Packet.followerInfo, FOREIGN_SID, 0)], {
    isKept: true
  }),
  onQuorumPort("a member's own id", ({ follower, epoch }) => [
    learnerInfo(Packet.followerInfo, BigInt(follower.sid), epoch)
  ]),
  asLearner('forwarded requests whose body ends early', (victims) =>
    WRITE_TYPES.flatMap((type) =>
      cuts(type).map((body, index) => request(sessionLike(victims, index), index, type, body))
    )
  ),
  asLearner('forwarded requests of unknown types', () =>
    UNKNOWN_TYPES.map((type, index) => request(0x99n, index, type, Buffer.from('0000000000000001', 'hex')))
  ),
  asLearner('a REQUEST without its header', () => [packet(Packet.request, -1n, Buffer.alloc(7))]),
  asLearner('half a session in a PING', () => [packet(Packet.ping, 0n, Buffer.alloc(11))]),
  asLearner('a REVALIDATE without a session', () => [packet(Packet.revalidate, 0n, null)]),
  asLearner('acknowledgements of what was never proposed', ({ epoch }) => [
    packet(Packet.ack, (BigInt(epoch) << 32n) + 0xffffffn, null),
    packet(Packet.ack, -1n, null)
  ]),
  asLearner('half a REQUEST, and silence', () => [request(0x99n, 1, 1, Buffer.alloc(400)).subarray(0, 100)])
]

/** Where zoonode leads. */
export const ATTACKS: readonly Attack[] = [...ON_LEARNERS_PORT, ...ON_ELECTION_PORTS, ...BY_CLIENTS]

/** What goes to a follower that has observers, and to observers; `follower` and `apache` are the observers here. */
export const ATTACKS_ON_OBSERVERS: readonly Attack[] = [
  ...ON_LEARNERS_PORT,
  byClient("zoonode's observer", ({ follower }) => follower),
  byClient("Apache's observer", ({ apache }) => apache)
]

/**
 * Where Apache ZooKeeper leads. A request that it cannot read gets the zxid of the transaction before it: its followers end, and that transaction may be
 * lost. Its own followers forward such requests; a zoonode answers them itself.
 */
export const ATTACKS_UNDER_APACHE: readonly Attack[] = [...ON_ELECTION_PORTS, byZoonodesFollower()]

function byZoonodesFollower(): Attack {
  return byClient("zoonode's follower", ({ follower }) => follower)
}

function byClient(whose: string, memberOf: (victims: Victims) => Member): Attack {
  return {
    name: `cut-off requests of each type, by clients of ${whose}`,
    run: async (victims) => {
      await sendCutsAsClient(memberOf(victims), BEHIND)
      return []
    }
  }
}

/** Each piece on a connection of its own. */
function onQuorumPort(
  name: string,
  pieces: (victims: Victims) => readonly Buffer[],
  { isKept = false, count = 1 } = {}
): Attack {
  return {
    name: `learners' port: ${name}`,
    run: async (victims) => {
      const { host, port } = victims.learnersPort
      return sendEach(host, port, Array(count).fill(pieces(victims)).flat(), isKept)
    }
  }
}

function onElectionPort(
  name: string,
  pieces: (ownAddress: string, victim: Member) => readonly Buffer[],
  isKept = false
): Attack {
  return {
    name: `election port: ${name}`,
    run: async ({ leader, follower }) => {
      const kept: FalsePeer[] = []
      for (const victim of [leader, follower].filter(({ kind }) => kind === 'zoonode')) {
        const { host, electionPort } = victim.address
        kept.push(...(await sendEach(host, electionPort, pieces('127.0.0.1:1', victim), isKept)))
      }
      return kept
    }
  }
}

/** Each piece by a false peer that has become a learner. */
function asLearner(name: string, pieces: (victims: Victims) => readonly Buffer[]): Attack {
  return {
    name: `a learner that nobody knows: ${name}`,
    run: async (victims) => {
      const { host, port } = victims.learnersPort
      const open = async () => {
        const peer = await FalsePeer.open(host, port)
        await peer.becomeLearner(FOREIGN_SID, victims.epoch)
        if (peer.isClosed) throw new Error('it was not taken as a learner')
        return peer
      }
      let peer = await open()
      for (const piece of pieces(victims)) {
        peer.send(piece)
        await delay(1)
        if (peer.isClosed) peer = await open()
      }
      await delay(LINGER_MS)
      peer.close()
      return []
    }
  }
}

async function sendEach(host: string, port: number, pieces: readonly Buffer[], isKept: boolean): Promise<FalsePeer[]> {
  const peers = await Promise.all(pieces.map(() => FalsePeer.open(host, port)))
  for (const [index, peer] of peers.entries()) peer.send(pieces[index] ?? Buffer.alloc(0))
  if (isKept) return peers
  await delay(LINGER_MS)
  for (const peer of peers) peer.close()
  return []
}

function sessionLike({ leader }: Victims, index: number): bigint {
  return (BigInt(leader.sid) << 56n) + BigInt(index)
}

function vote(leader: bigint, state: number): Buffer {
  const far = 0x7fff_ffffn
  return notification({
    state,
    leader,
    zxid: far << 32n,
    round: far,
    peerEpoch: far,
    config: 'server.99=nowhere:1:2\nversion=7f'
  })
}

function garbage(seed: number): Buffer {
  const random = new Random(seed)
  return Buffer.from(Array.from({ length: GARBAGE_BYTES }, () => random.below(256)))
}
