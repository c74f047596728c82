import { JuteWriter } from 'jute-ts'
import { describeDifference } from '../membership/config-difference.ts'
import { ConfigTextError, formatConfigText, isSameMembership, parseConfigText } from '../membership/config-text.ts'
import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import { roleOf } from '../membership/member-of.ts'
import type { Oracle } from '../quorum/oracle.ts'
import type { QuorumVerifier } from '../quorum/quorum-verifier.ts'
import { isQuorumOfAll, verifierOf, verifiersOf } from '../quorum/verifier-of.ts'
import { ServerState, type Vote } from '../vote.ts'
import { type Ballots, isLeaderConfirmed, supportersOf } from './ballots.ts'
import type { ElectionHost } from './election-host.ts'
import {
  decodeElectionNotification,
  type ElectionNotification,
  encodeElectionNotification,
  NO_VOTE,
  NO_ZXID_HI,
  NotificationError
} from './notification.ts'
import { isBetterVote, isSameHistory, type RecordedVote } from './vote-order.ts'

export interface ElectionSettings {
  readonly sid: number
  /** Silence after which notifications are sent again at first; doubled each time. */
  readonly minNotificationIntervalMs: number
  readonly maxNotificationIntervalMs: number
  /** Decides between two voters, if one does not hear of the other; not given: nobody does. */
  readonly oracle?: Oracle
}

export interface ElectionStart {
  /** Last zxid in this server's log. */
  readonly zxidHi: number
  readonly zxidLo: number
  /** Its currentEpoch. */
  readonly peerEpoch: number
  readonly nowMs: number
  /** The leader whose connection has just broken: it is not waited for. Null or left out where there is none. */
  readonly lost?: number | null
  /**
   * Whom this server votes for in place of itself: one that is known to have the same history, to which it has handed its lead. Null or left out
   * where there is none.
   */
  readonly favoured?: number | null
}

/** The oracle is asked at least so often. */
const ORACLE_INTERVAL_MS = 1000

/** Silence that must follow a quorum of equal votes, in case that a better one is on its way. */
const FINALIZE_WAIT_MS = 200

/** Notifications kept while this server is looking but has not entered a round yet; the oldest ones are dropped. */
const EARLY_COUNT_MAX = 100

/** Servers whose configurations are remembered so that each difference is told once. */
const NOTED_COUNT_MAX = 255

/** A notification and who sent it. */
interface Received {
  readonly from: number
  readonly notification: ElectionNotification
}

/**
 * Fast leader election (quorum-protocol sections 3 and 4): one instance for the life of a server. It also answers those who
 * look for a leader while this server has one.
 *
 *     idle ──look──> collecting ──a quorum votes alike──> finalizing ──silence──> settled ──look──> …
 *                        │  ^───────a better vote──────────────┘                    ^
 *                        └───────a quorum follows a leader that says it leads───────┘
 *
 * @see class FastLeaderElection
 */
export class Election {
  readonly #host: ElectionHost
  readonly #settings: ElectionSettings
  readonly #writer = new JuteWriter()

  #config: EnsembleConfig = { members: [], groups: [], weights: new Map(), version: 0n }
  #configText = ''
  #current: QuorumVerifier = verifierOf(this.#config)
  /** Those whose quorum decides. */
  #verifiers: readonly QuorumVerifier[] = [this.#current]
  /** Of the configuration in force and of the one last seen. */
  #voters: ReadonlySet<number> = new Set()

  #phase: 'idle' | 'collecting' | 'finalizing' | 'settled' = 'idle'
  #state: ServerState = ServerState.looking
  /** What this server answers while it has settled. */
  #vote: Vote
  /** The logical clock. */
  #round = 0
  #proposal: Vote
  #start: ElectionStart = { zxidHi: 0, zxidLo: 0, peerEpoch: 0, nowMs: 0 }
  /** Votes of this round. */
  readonly #votes: Ballots = new Map()
  /** Votes of those who have settled, of any round. */
  readonly #settledVotes: Ballots = new Map()
  #intervalMs: number
  #deadlineMs = Infinity
  #nowMs = 0
  /**
   * Who has answered as one that had a leader still, and so has not taken up what this server proposes: it is sent again when they look, too. (Upstream waits
   * until it sends all again, when it has heard nothing for a while.)
   */
  readonly #notLooking = new Set<number>()
  /** What this server sent to itself, and what came while it was idle. */
  readonly #waiting: Received[] = []
  /** Configurations of others that have been compared with the own one, of the same version. */
  readonly #noted = new Map<number, string>()
  /** With an oracle: as `#verifiers`, and this server alone, if it is granted that. */
  #loneVerifiers: readonly QuorumVerifier[] = []
  #isByOracle = false

  constructor(host: ElectionHost, settings: ElectionSettings) {
    this.#host = host
    this.#settings = settings
    this.#intervalMs = settings.minNotificationIntervalMs
    this.#vote = { leader: settings.sid, zxidHi: 0, zxidLo: 0, peerEpoch: 0, electionEpoch: 0 }
    this.#proposal = this.#vote
  }

  get state(): ServerState {
    return this.#state
  }

  /** The vote that led to the present role; while looking, the proposal. */
  get vote(): Vote {
    return this.#phase === 'settled' ? this.#vote : this.#proposal
  }

  /** Whether this server was elected by the oracle's word, without the other voter. */
  get isByOracle(): boolean {
    return this.#isByOracle
  }

  get round(): number {
    return this.#round
  }

  /** When `tick` must be called; Infinity while nothing is waited for. */
  get nextDeadlineMs(): number {
    return this.#deadlineMs
  }

  /**
   * Sets the configuration in force, and the one last seen (pending if later than that in force) or null. An election under
   * way begins anew if the membership in force is another one.
   */
  setConfiguration(config: EnsembleConfig, lastSeen: EnsembleConfig | null): void {
    const isChanged = !isSameMembership(config, this.#config)
    this.#config = config
    this.#configText = formatConfigText(config)
    this.#current = verifierOf(config)
    this.#verifiers = verifiersOf(config, lastSeen)
    const { oracle, sid } = this.#settings
    if (oracle !== undefined) {
      this.#loneVerifiers = verifiersOf(config, lastSeen, { sid, isGranted: () => oracle.grants })
    }
    this.#voters = new Set([...this.#current.voters, ...(lastSeen === null ? [] : verifierOf(lastSeen).voters)])
    if (isChanged && (this.#phase === 'collecting' || this.#phase === 'finalizing')) {
      this.#host.log('info', 'the membership has changed: the election begins anew')
      this.#enterRound()
      this.#takeWaiting()
    }
  }

  /** Starts a new round: this server is looking for a leader. Ends with `ElectionHost.elected`. */
  look(start: ElectionStart): void {
    this.#start = start
    this.#nowMs = start.nowMs
    this.#state = ServerState.looking
    this.#enterRound()
    this.#takeWaiting()
  }

  /**
   * Takes the payload of a frame of the election port, and answers it where needed, whether this server is looking or not.
   * Malformed ones are ignored with a line in the log.
   *
   * @param from sid that the connection's handshake gave
   */
  received(from: number, bytes: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs
    const notification = this.#decode(from, bytes)
    if (notification === null) return
    this.#learnConfiguration(from, notification.configText)
    const isSenderLooking = notification.state === ServerState.looking
    if (!this.#voters.has(from)) this.#sendTo(from, { ...this.vote, electionEpoch: this.#round })
    else if (this.#state !== ServerState.looking) {
      if (isSenderLooking) {
        this.#sendTo(from, this.#vote)
        this.#host.voterLooks?.(from, notification.vote.electionEpoch > this.#round)
      }
    } else if (this.#phase === 'idle') this.#keep({ from, notification })
    else {
      if (!isSenderLooking) this.#notLooking.add(from)
      else if (notification.vote.electionEpoch < this.#round || this.#notLooking.has(from))
        this.#sendTo(from, this.#proposal)
      this.#consider({ from, notification })
      this.#takeWaiting()
    }
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs
    if (nowMs < this.#deadlineMs) return
    if (this.#phase === 'finalizing') this.#settleOn(this.#proposal)
    else if (this.#phase === 'collecting') {
      if (this.#mayLeadAlone()) return this.#settleOn(this.#proposal, true)
      this.#intervalMs = Math.min(this.#intervalMs * 2, this.#longestIntervalMs)
      this.#deadlineMs = nowMs + this.#intervalMs
      this.#host.log('debug', `nothing heard: notifications are sent again, next time after ${this.#intervalMs} ms`)
      this.#sendToAll()
      this.#takeWaiting()
    }
  }

  /** The process stood still for so long: waiting begins where it was. */
  postpone(deltaMs: number): void {
    this.#deadlineMs += deltaMs
    this.#nowMs += deltaMs
  }

  /**
   * Takes a role without an election, as after a reconfiguration with a designated leader, or refreshes the vote. With the
   * state looking: the role has ended and `look` has not been called yet; notifications are kept until then.
   */
  settle(state: ServerState, vote: Vote): void {
    this.#round = Math.max(this.#round, vote.electionEpoch)
    this.#state = state
    this.#isByOracle = false
    this.#vote = vote
    this.#proposal = vote
    this.#phase = state === ServerState.looking ? 'idle' : 'settled'
    this.#waiting.length = 0
    this.#deadlineMs = Infinity
  }

  /**
   * Tells all voters that this server, which they have elected, does not lead, and proposes nobody: who follows it need not wait for it. It
   * looks for a leader later.
   */
  withdraw(): void {
    const vote = { leader: NO_VOTE, zxidHi: NO_ZXID_HI, zxidLo: 0, peerEpoch: NO_VOTE, electionEpoch: this.#round + 1 }
    encodeElectionNotification(this.#writer.reset(), ServerState.looking, vote, this.#configText)
    for (const sid of this.#voters)
      if (sid !== this.#settings.sid) this.#host.sendNotification(sid, this.#writer.bytes())
  }

  /** This server has begun to serve, or to be served, in this epoch: answers give it from now on. */
  setPeerEpoch(epoch: number): void {
    this.#vote = { ...this.#vote, peerEpoch: epoch }
  }

  #decode(from: number, bytes: Uint8Array): ElectionNotification | null {
    try {
      return decodeElectionNotification(bytes)
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error
      this.#host.log('warn', `a notification of server ${from} is ignored: ${error.message}`)
      return null
    }
  }

  #learnConfiguration(from: number, text: string | null): void {
    if (text === null || text === this.#configText) return
    const isLooking = this.#state === ServerState.looking
    // Who has a role has its configuration from there, and answers for as long as others look.
    if (!isLooking && this.#noted.get(from) === text) return
    try {
      const config = parseConfigText(text)
      if (config.version === this.#config.version) this.#noteDifference(from, text, config)
      else if (isLooking && config.version > this.#config.version) this.#host.configurationLearnt(config)
    } catch (error) {
      if (!(error instanceof ConfigTextError)) throw error
      if (!this.#isNews(from, text)) return
      this.#host.log('warn', `the configuration that server ${from} sent is ignored: ${error.message}`)
    }
  }

  /** Neither side can know which one is right, and both go on: an operator must see it, once for each other server. */
  #noteDifference(from: number, text: string, config: EnsembleConfig): void {
    if (!this.#isNews(from, text)) return
    const difference = describeDifference(this.#config, config)
    if (difference === null) return
    this.#host.log('warn', `server ${from} has another configuration than this server: ${difference}`)
  }

  /** Whether the configuration of another server is not the one that it had when it was last looked at. */
  #isNews(from: number, text: string): boolean {
    if (this.#noted.get(from) === text || this.#noted.size >= NOTED_COUNT_MAX) return false
    this.#noted.set(from, text)
    return true
  }

  #keep(received: Received): void {
    if (this.#waiting.length === EARLY_COUNT_MAX) this.#waiting.shift()
    this.#waiting.push(received)
  }

  #takeWaiting(): void {
    while (this.#phase === 'collecting' || this.#phase === 'finalizing') {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#consider(next)
    }
  }

  #enterRound(): void {
    this.#round++
    this.#phase = 'collecting'
    this.#votes.clear()
    this.#settledVotes.clear()
    this.#notLooking.clear()
    this.#intervalMs = this.#settings.minNotificationIntervalMs
    this.#deadlineMs = this.#nowMs + this.#intervalMs
    this.#proposal = this.#initialVote()
    this.#host.log('info', `looking for a leader, round ${this.#round}`)
    this.#sendToAll()
  }

  /** This server's vote for itself, or for who has taken its lead; whoever does not vote proposes nobody. */
  #initialVote(): Vote {
    const { zxidHi, zxidLo, peerEpoch } = this.#start
    const electionEpoch = this.#round
    const { sid } = this.#settings
    const favoured = this.#start.favoured ?? sid
    const leader = this.#current.voters.has(favoured) ? favoured : sid
    return this.#current.voters.has(sid)
      ? { leader, zxidHi, zxidLo, peerEpoch, electionEpoch }
      : { leader: NO_VOTE, zxidHi: NO_ZXID_HI, zxidLo: 0, peerEpoch: NO_VOTE, electionEpoch }
  }

  /** One notification of somebody, this server included, goes into the election. */
  #consider(received: Received): void {
    const { from, notification } = received
    const { state, vote } = notification
    if (!this.#voters.has(from) || !this.#voters.has(vote.leader)) {
      this.#host.log('debug', `a vote of server ${from} for ${vote.leader} is ignored: not both of them are voters`)
      return
    }
    if (this.#phase === 'finalizing') {
      // A worse vote must not prolong the wait, or those who have found this leader give up on it. (With upstream it does.)
      if (!this.#isBetter(vote, this.#proposal)) {
        if (state === ServerState.looking && vote.electionEpoch === this.#round) this.#joinFinal(from, vote)
        return
      }
      this.#phase = 'collecting'
    }
    // Who repeats itself lacks something: that must not keep this server from sending its vote again. (Upstream waits anew.)
    if (!isRepetition(this.#votes.get(from), vote)) this.#deadlineMs = this.#nowMs + this.#intervalMs
    if (state === ServerState.looking) this.#considerProposal(from, vote)
    else if (state !== ServerState.observing) this.#considerSettled(from, notification)
  }

  #considerProposal(from: number, vote: Vote): void {
    if (isUnknownZxid(vote) || isUnknownZxid(this.#start)) return
    // Whoever proposes nobody goes back to an older round as well. Its own one would never be taken up, since votes for
    // nobody are ignored, while a pending configuration may need its vote: both sides would wait for ever.
    const hasProposal = this.#proposal.leader !== NO_VOTE
    if (hasProposal && vote.electionEpoch < this.#round) return
    if (vote.electionEpoch !== this.#round) {
      this.#round = vote.electionEpoch
      this.#votes.clear()
      const own = this.#initialVote()
      this.#propose(this.#isBetter(vote, own) ? vote : own)
    } else if (this.#isBetter(vote, this.#proposal)) this.#propose(vote)
    this.#votes.set(from, { vote, state: ServerState.looking, version: 0 })
    const wanted: RecordedVote = { vote: this.#proposal, state: ServerState.looking, version: 0 }
    const supporters = supportersOf(this.#votes, wanted)
    if (!isQuorumOfAll(this.#verifiers, supporters)) return
    if (this.#isUnanimous(supporters)) return this.#settleOn(this.#proposal)
    this.#phase = 'finalizing'
    this.#deadlineMs = this.#nowMs + FINALIZE_WAIT_MS
  }

  /** One more votes while better votes are waited for: it may be the last that there is to wait for. */
  #joinFinal(from: number, vote: Vote): void {
    this.#votes.set(from, { vote, state: ServerState.looking, version: 0 })
    const wanted: RecordedVote = { vote: this.#proposal, state: ServerState.looking, version: 0 }
    if (this.#isUnanimous(supportersOf(this.#votes, wanted))) this.#settleOn(this.#proposal)
  }

  /**
   * Whether no better vote can be on its way: everyone who votes wants the same, but for the leader that was lost. (Upstream
   * waits all the same; a fail-over is shorter by that.)
   */
  #isUnanimous(supporters: ReadonlySet<number>): boolean {
    for (const voter of this.#voters) if (voter !== this.#start.lost && !supporters.has(voter)) return false
    return true
  }

  #propose(vote: Vote): void {
    this.#proposal = { ...vote, electionEpoch: this.#round }
    this.#sendToAll()
  }

  /** A vote of a server that follows or leads. */
  #considerSettled(from: number, { state, vote, version }: ElectionNotification): void {
    const wanted: RecordedVote = { vote, state, version }
    if (vote.electionEpoch === this.#round) {
      // compat: recorded without a version, so that among those who settled in this round the leader alone counts,
      // whether or not they serve already.
      this.#votes.set(from, { vote, state, version: 0 })
      if (this.#isEstablished(this.#votes, wanted)) return this.#settleOn(vote)
    }
    this.#settledVotes.set(from, wanted)
    if (!this.#isEstablished(this.#settledVotes, wanted) && !this.#isLeftTo(from, wanted)) return
    this.#round = vote.electionEpoch
    this.#settleOn(vote)
  }

  /** Nothing was heard for a while, and the oracle says that there is nobody to wait for. */
  #mayLeadAlone(): boolean {
    const { sid, oracle } = this.#settings
    if (oracle === undefined || this.#proposal.leader !== sid || isUnknownZxid(this.#start)) return false
    const wanted: RecordedVote = { vote: this.#proposal, state: ServerState.looking, version: 0 }
    return isQuorumOfAll(this.#loneVerifiers, supportersOf(this.#votes, wanted))
  }

  /**
   * One of two voters leads by the word of its oracle: the other one alone is no majority that could say so. While the own oracle
   * does not say the same to this server, it follows.
   */
  #isLeftTo(from: number, { vote, state }: RecordedVote): boolean {
    const { oracle } = this.#settings
    if (oracle === undefined || state !== ServerState.leading || vote.leader !== from || oracle.grants) return false
    return this.#current.voters.size === 2 && this.#config.groups.length === 0 && this.#current.voters.has(from)
  }

  get #longestIntervalMs(): number {
    const { oracle, maxNotificationIntervalMs } = this.#settings
    return oracle === undefined ? maxNotificationIntervalMs : Math.min(maxNotificationIntervalMs, ORACLE_INTERVAL_MS)
  }

  /**
   * Here the quorum of the configuration in force is enough. One that is pending has a say in who can lead, which that leader
   * knows; who has seen one that never was committed could not come back else, if its quorum is not there.
   * (Upstream asks for both.)
   */
  #isEstablished(ballots: Ballots, wanted: RecordedVote): boolean {
    const { leader, electionEpoch } = wanted.vote
    return (
      this.#current.isQuorum(supportersOf(ballots, wanted)) &&
      isLeaderConfirmed(ballots, leader, this.#settings.sid, electionEpoch === this.#round)
    )
  }

  #isBetter(a: Vote, b: Vote): boolean {
    if (this.#weightOf(a.leader) <= 0) return false
    // Who has not seen the pending configuration cannot vote for one that has its weight there only.
    const isPreferred = this.#current.weight(a.leader) > 0
    if (isSameHistory(a, b) && isPreferred !== this.#current.weight(b.leader) > 0) return isPreferred
    return isBetterVote(a, b)
  }

  /**
   * One who has none in the configuration in force may have some in the pending one, and the best history of those who must
   * agree: they would not vote for anybody else. (Upstream asks the configuration in force only.)
   */
  #weightOf(sid: number): number {
    const weights = this.#verifiers.map((verifier) => (verifier.voters.has(sid) ? verifier.weight(sid) : 0))
    return Math.max(...weights)
  }

  #settleOn(vote: Vote, isByOracle = false): void {
    this.#vote = vote
    this.#isByOracle = isByOracle
    this.#phase = 'settled'
    this.#deadlineMs = Infinity
    this.#waiting.length = 0
    this.#state = vote.leader === this.#settings.sid ? ServerState.leading : this.#learningState()
    const by = isByOracle ? "the oracle's word" : `round ${vote.electionEpoch}`
    this.#host.log('info', `server ${vote.leader} is the leader, by ${by}`)
    this.#host.elected(vote)
  }

  /** Whoever is no member any more follows without a vote. */
  #learningState(): ServerState {
    return roleOf(this.#config, this.#settings.sid) === 'observer' ? ServerState.observing : ServerState.following
  }

  #sendToAll(): void {
    for (const sid of this.#voters) {
      if (sid !== this.#settings.sid) this.#sendTo(sid, this.#proposal)
      else {
        const notification = { state: this.#state, vote: this.#proposal, version: 0, configText: null }
        this.#waiting.push({ from: sid, notification })
      }
    }
  }

  #sendTo(sid: number, vote: Vote): void {
    if (this.#state === ServerState.looking) this.#notLooking.delete(sid)
    encodeElectionNotification(this.#writer.reset(), this.#state, vote, this.#configText)
    this.#host.sendNotification(sid, this.#writer.bytes())
  }
}

function isUnknownZxid({ zxidHi, zxidLo }: { readonly zxidHi: number; readonly zxidLo: number }): boolean {
  return zxidHi === -1 && zxidLo === -1
}

/** Whether a server says what it has said before in this round. */
function isRepetition(before: RecordedVote | undefined, { leader, zxidHi, zxidLo, electionEpoch }: Vote): boolean {
  return (
    before !== undefined &&
    before.vote.leader === leader &&
    before.vote.zxidHi === zxidHi &&
    before.vote.zxidLo === zxidLo &&
    before.vote.electionEpoch === electionEpoch
  )
}
