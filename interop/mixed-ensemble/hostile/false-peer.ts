import { connect, type Socket } from 'node:net'
import { WireWriter } from '../../differential/wire/wire-writer.ts'
import { waitFor } from '../../harness/wait-for.ts'

/** Types of packets of the quorum port that a learner sends. */
export const Packet = {
  request: 1,
  ack: 3,
  ping: 5,
  revalidate: 6,
  followerInfo: 11,
  observerInfo: 16,
  ackEpoch: 18
} as const

const CONNECT_TIMEOUT_MS = 20_000
const ANSWER_TIMEOUT_MS = 60_000
/** Packets of a leader that a learner waits for. */
const Answer = { newLeader: 10, upToDate: 12, leaderInfo: 17 } as const
/** What is kept of what has been received, for a beginning that the next bytes continue. */
const KEPT_BYTES = 64

/** A connection to a quorum or election port that sends what it is told and reads without understanding. */
export class FalsePeer {
  readonly #socket: Socket
  /** Beginning of the packet that is looked for; null if it was found, or nothing is. */
  #wanted: Buffer | null = null
  #kept = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      const all = Buffer.concat([this.#kept, bytes])
      if (this.#wanted !== null && all.includes(this.#wanted)) this.#wanted = null
      this.#kept = all.subarray(-KEPT_BYTES)
    })
    socket.on('error', () => socket.destroy()) // to be thrown out is what it is for
  }

  static open(host: string, port: number): Promise<FalsePeer> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new FalsePeer(socket))
      })
    })
  }

  get isClosed(): boolean {
    return this.#socket.destroyed
  }

  send(bytes: Uint8Array): void {
    if (!this.isClosed) this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Sends something, and waits for a packet of the leader, or the end of the connection. */
  async #converse(bytes: Uint8Array, answer: Buffer): Promise<void> {
    this.#wanted = answer
    this.send(bytes)
    await waitFor("the leader's answer", ANSWER_TIMEOUT_MS, async () => {
      return this.isClosed || this.#wanted === null ? true : null
    })
  }

  /**
   * Goes the whole way of a learner, up to being one that the leader serves; as the server with this id, which need not be a member.
   *
   * @param epoch the leader's
   */
  async becomeLearner(sid: bigint, epoch: number): Promise<void> {
    const zxid = BigInt(epoch) << 32n
    const begun = (type: number) => new WireWriter().int(type).long(zxid).take()
    await this.#converse(learnerInfo(Packet.observerInfo, sid, epoch), begun(Answer.leaderInfo))
    await this.#converse(packet(Packet.ackEpoch, 0n, new WireWriter().int(epoch).take()), begun(Answer.newLeader))
    await this.#converse(packet(Packet.ack, zxid, null), new WireWriter().int(Answer.upToDate).take())
  }
}

export function packet(type: number, zxid: bigint, data: Buffer | null): Buffer {
  const writer = new WireWriter().int(type).long(zxid)
  if (data === null) writer.int(-1)
  else writer.int(data.length).raw(data)
  return writer.int(-1).take()
}

/** FOLLOWERINFO or OBSERVERINFO. */
export function learnerInfo(type: number, sid: bigint, acceptedEpoch: number): Buffer {
  const data = new WireWriter().long(sid).int(0x10000).long(0n).take()
  return packet(type, BigInt(acceptedEpoch) << 32n, data)
}

/** REQUEST: a client's request as a learner forwards it. */
export function request(session: bigint, cxid: number, type: number, body: Buffer): Buffer {
  return packet(Packet.request, -1n, new WireWriter().long(session).int(cxid).int(type).raw(body).take())
}

/** First bytes of a connection to an election port. */
export function electionHandshake(sid: bigint, address: string): Buffer {
  return new WireWriter().long(-65536n).long(sid).blob(address).take()
}

export interface FalseVote {
  /** 0 looking, 1 following, 2 leading, 3 observing. */
  readonly state: number
  readonly leader: bigint
  readonly zxid: bigint
  readonly round: bigint
  readonly peerEpoch: bigint
  readonly config: string
}

/** A message of the election port with its length. */
export function notification({ state, leader, zxid, round, peerEpoch, config }: FalseVote): Buffer {
  const body = new WireWriter()
    .int(state)
    .long(leader)
    .long(zxid)
    .long(round)
    .long(peerEpoch)
    .int(2)
    .blob(config)
    .take()
  return new WireWriter().int(body.length).raw(body).take()
}
