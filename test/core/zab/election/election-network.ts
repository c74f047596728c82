import { Election } from '../../../../src/core/zab/election/election.ts'
import type { EnsembleConfig } from '../../../../src/core/zab/membership/ensemble-config.ts'
import { isQuorumOfAll, verifierOf, verifiersOf } from '../../../../src/core/zab/quorum/verifier-of.ts'
import { ServerState } from '../../../../src/core/zab/vote.ts'

/** What a server keeps over restarts. */
export interface History {
  readonly sid: number
  readonly peerEpoch: number
  readonly zxidLo: number
  /** It has not seen the pending configuration. */
  readonly isUnaware?: boolean
}

export interface NetworkOptions {
  readonly seed: number
  readonly config: EnsembleConfig
  readonly lastSeen?: EnsembleConfig | null
  readonly servers: readonly History[]
  readonly delayMsMax: number
  /** Share of the messages that are lost, together with the connection, which repeats its last message when it is back. */
  readonly loss?: number
  readonly maxNotificationIntervalMs?: number
}

interface Server {
  readonly history: History
  election: Election | null
  /** When it looks whether its role still makes sense, as a learner that loses its leader, or a leader its quorum. */
  checkAtMs: number
}

interface Link {
  readonly from: number
  readonly to: number
  /** The queue of one. */
  queued: Buffer | null
  last: Buffer | null
  inFlight: Buffer | null
  arrivesAtMs: number
}

const CHECK_INTERVAL_MS = 1500

/**
 * Servers that do nothing but elect, and a network with random delays, by a seed. Beyond elections there is only this: who
 * follows somebody that does not lead, or leads less than a quorum, looks again.
 */
export class ElectionNetwork {
  nowMs = 0
  loss: number
  readonly #options: NetworkOptions
  readonly #random: () => number
  readonly #servers = new Map<number, Server>()
  readonly #links = new Map<string, Link>()

  constructor(options: NetworkOptions) {
    this.#options = options
    this.#random = mulberry32(options.seed)
    this.loss = options.loss ?? 0
    for (const history of options.servers) {
      this.#servers.set(history.sid, { history, election: null, checkAtMs: Infinity })
    }
  }

  random(): number {
    return this.#random()
  }

  election(sid: number): Election | null {
    return this.#servers.get(sid)?.election ?? null
  }

  start(sid: number): void {
    const server = this.#server(sid)
    const host = {
      sendNotification: (to: number, bytes: Uint8Array) => this.#send(sid, to, Buffer.from(bytes)),
      elected: () => {
        server.checkAtMs = this.nowMs + CHECK_INTERVAL_MS
      },
      configurationLearnt: () => undefined,
      log: () => undefined
    }
    const { maxNotificationIntervalMs = 60_000, config, lastSeen = null } = this.#options
    server.election = new Election(host, { sid, minNotificationIntervalMs: 200, maxNotificationIntervalMs })
    server.election.setConfiguration(config, server.history.isUnaware === true ? null : lastSeen)
    this.#look(server)
  }

  stop(sid: number): void {
    const server = this.#server(sid)
    server.election = null
    server.checkAtMs = Infinity
    for (const link of this.#links.values()) {
      if (link.from === sid) Object.assign(link, { queued: null, last: null, inFlight: null, arrivesAtMs: Infinity })
    }
  }

  /** Lets time pass until `isDone`, at most until `untilMs`. Returns whether it is done. */
  run(untilMs: number, isDone: () => boolean = () => false): boolean {
    while (!isDone()) {
      const nextMs = this.#nextMs()
      if (nextMs > untilMs) {
        this.nowMs = untilMs
        return isDone()
      }
      this.nowMs = Math.max(this.nowMs, nextMs)
      this.#step()
    }
    return true
  }

  /** The leader whom all that are up have settled on, if there is one, and it has a quorum. */
  agreedLeader(): number | null {
    const up = this.#up()
    const leader = up[0]?.election?.vote.leader
    if (leader === undefined || up.some(({ election }) => !isFollowing(election, leader))) return null
    if (this.election(leader)?.state !== ServerState.leading) return null
    return this.#isQuorum(up.map(({ history }) => history.sid)) ? leader : null
  }

  /** Sids of servers that lead with a quorum of followers. */
  leaders(): number[] {
    return this.#up()
      .filter(({ election, history }) => election?.state === ServerState.leading && this.#hasQuorum(history.sid))
      .map(({ history }) => history.sid)
  }

  /**
   * Whether those who can have voted for the leader are a quorum: the ones whose history is not better, and those who only
   * vote by the pending configuration, who do not propose themselves.
   */
  isLeaderSupported(leader: number): boolean {
    const { voters } = verifierOf(this.#options.config)
    const best = this.#server(leader).history
    const supporters = this.#options.servers.filter(({ sid, ...rest }) => {
      return !voters.has(sid) || !isBetter({ sid, ...rest }, best)
    })
    return this.#isQuorum(supporters.map(({ sid }) => sid))
  }

  #server(sid: number): Server {
    const server = this.#servers.get(sid)
    if (server === undefined) throw new Error(`no server ${sid}`)
    return server
  }

  #up(): Server[] {
    return [...this.#servers.values()].filter(({ election }) => election !== null)
  }

  #isQuorum(sids: readonly number[]): boolean {
    return isQuorumOfAll(verifiersOf(this.#options.config, this.#options.lastSeen ?? null), new Set(sids))
  }

  #hasQuorum(leader: number): boolean {
    return this.#isQuorum(
      this.#up()
        .filter(({ election }) => isFollowing(election, leader))
        .map(({ history }) => history.sid)
    )
  }

  #look(server: Server): void {
    server.checkAtMs = Infinity
    const { zxidLo, peerEpoch } = server.history
    server.election?.look({ zxidHi: peerEpoch, zxidLo, peerEpoch, nowMs: this.nowMs })
  }

  #send(from: number, to: number, bytes: Buffer): void {
    const key = `${from}>${to}`
    const link = this.#links.get(key) ?? { from, to, queued: null, last: null, inFlight: null, arrivesAtMs: Infinity }
    this.#links.set(key, link)
    link.queued = bytes
    if (link.inFlight === null) this.#sendQueued(link)
  }

  #sendQueued(link: Link): void {
    link.inFlight = link.queued
    link.arrivesAtMs = Infinity
    if (link.inFlight === null) return
    link.last = link.inFlight
    link.queued = null
    link.arrivesAtMs = this.nowMs + this.random() * this.#options.delayMsMax
  }

  #arrive(link: Link): void {
    const receiver = this.#servers.get(link.to)?.election ?? null
    const bytes = link.inFlight
    if (receiver === null || this.random() < this.loss) {
      link.queued ??= link.last
      link.inFlight = link.queued
      link.arrivesAtMs = this.nowMs + this.#options.delayMsMax
      return
    }
    this.#sendQueued(link)
    if (bytes !== null) receiver.received(link.from, bytes, this.nowMs)
  }

  #nextMs(): number {
    const arrivals = [...this.#links.values()].map(({ arrivesAtMs }) => arrivesAtMs)
    const timers = this.#up().map(({ election, checkAtMs }) =>
      Math.min(election?.nextDeadlineMs ?? Infinity, checkAtMs)
    )
    return Math.min(...arrivals, ...timers)
  }

  #step(): void {
    for (const link of [...this.#links.values()]) {
      if (link.arrivesAtMs <= this.nowMs) this.#arrive(link)
    }
    for (const server of this.#up()) {
      server.election?.tick(this.nowMs)
      if (server.checkAtMs <= this.nowMs) this.#check(server)
    }
  }

  #check(server: Server): void {
    server.checkAtMs = this.nowMs + CHECK_INTERVAL_MS
    const { election, history } = server
    const leader = election?.vote.leader ?? -1
    const isFine =
      leader === history.sid ? this.#hasQuorum(leader) : this.election(leader)?.state === ServerState.leading
    if (!isFine) this.#look(server)
  }
}

function isFollowing(election: Election | null, leader: number): boolean {
  return election !== null && election.state !== ServerState.looking && election.vote.leader === leader
}

/** By epoch, zxid and sid. */
export function isBetter(a: History, b: History): boolean {
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch
  return a.zxidLo !== b.zxidLo ? a.zxidLo > b.zxidLo : a.sid > b.sid
}

/** A small generator of numbers in [0, 1) by a seed. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
