import type { EnsembleConfig } from '../core/zab/membership/ensemble-config.ts'
import { memberOf } from '../core/zab/membership/member-of.ts'
import { ErrorCode } from '../protocol/error-code.ts'
import { OpCode } from '../protocol/op-code.ts'
import { Agenda } from './agenda.ts'
import { type Committed, CommittedHistory } from './checkers/committed-history.ts'
import { ConfigurationChecker } from './checkers/configuration-checker.ts'
import { EnsembleChecker } from './checkers/ensemble-checker.ts'
import { ExpiryChecker } from './checkers/expiry-checker.ts'
import { checkLimitsHeld } from './checkers/prefix-rules.ts'
import { isQuorumOf } from './checkers/quorum-rule.ts'
import { type Covered, noCoverage } from './coverage.ts'
import type { Dice } from './dice.ts'
import type { FirstState } from './disk.ts'
import { ElectionMesh } from './election-mesh.ts'
import { firstState } from './first-state.ts'
import { Network } from './network.ts'
import type { Sabotage } from './sabotage.ts'
import type { Scenario } from './scenario.ts'
import type { ServerProcess } from './server-process.ts'
import { SimulatedOracle } from './simulated-oracle.ts'
import { SimulatedServer } from './simulated-server.ts'
import { Violation } from './violation.ts'

/** Is told what happens, with the world's time. */
export type Trace = (line: string) => void

/** What all parts of one simulation share. */
export class World {
  readonly dice: Dice
  readonly scenario: Scenario
  readonly sabotage: Sabotage
  readonly agenda = new Agenda()
  readonly network: Network
  readonly mesh: ElectionMesh
  readonly history: CommittedHistory
  readonly configs: ConfigurationChecker
  readonly coverage = noCoverage()
  readonly checker: EnsembleChecker
  readonly expiry: ExpiryChecker
  readonly servers: SimulatedServer[] = []
  /** Null where only majorities count. */
  readonly oracle: SimulatedOracle | null
  /** Things go wrong on purpose. */
  isChaotic = true
  /** Clients ask for nothing any more. */
  isResting = false
  stepCount = 0
  restartedLeaders = 0
  readonly #trace: Trace | null

  constructor(dice: Dice, scenario: Scenario, sabotage: Sabotage, trace: Trace | null) {
    this.dice = dice
    this.scenario = scenario
    this.sabotage = sabotage
    this.#trace = trace
    this.network = new Network(this.agenda, dice, scenario.linkDelayMs)
    this.mesh = new ElectionMesh(this.network)
    this.oracle = scenario.features.oracle ? new SimulatedOracle(this) : null
    this.expiry = new ExpiryChecker(this)
    this.configs = new ConfigurationChecker(scenario.config, (sid) => this.server(sid)?.disk.configVersion ?? -1n)
    this.history = new CommittedHistory(
      this.configs,
      scenario.features,
      scenario.baseZxid,
      (scenario.ensemble.initialCounter ?? 0) + 1
    )
    this.checker = new EnsembleChecker(this.history, {
      isDurable: (zxid, bytes) =>
        this.configs
          .neededFor(zxid)
          .every((config) =>
            this.#isQuorum(config, 'oracleCommits', (sid) => this.server(sid)?.disk.has(zxid, bytes) ?? false)
          ),
      isEpochDurable: (epoch) =>
        this.#isQuorum(this.configs.current, 'oracleLeaders', (sid) => {
          const { acceptedEpoch, currentEpoch } = this.server(sid)?.disk ?? { acceptedEpoch: -1, currentEpoch: -1 }
          return acceptedEpoch >= epoch && currentEpoch >= epoch
        }),
      committed: (entry) => {
        this.expiry.committed(entry)
        this.#countCommitted(entry)
      },
      established: (sid, epoch) => {
        const config = this.server(sid)?.process?.member?.member.config
        if (config !== undefined && epoch === this.checker.lastEpoch) this.configs.established(sid, config)
        if (epoch === this.checker.lastEpoch) this.expiry.established(sid, epoch)
        this.note(() => `server ${sid} is the established leader of epoch ${epoch}`)
      }
    })
    for (let sid = 1; sid <= scenario.servers; sid++) {
      this.servers.push(new SimulatedServer(this, sid))
    }
    if (scenario.baseZxid > 0) this.#beginWith(firstState(dice, scenario.baseZxid))
  }

  /** Servers have more or less of what was proposed last, and those set up later nothing. */
  #beginWith(state: FirstState): void {
    this.count('highCounters')
    this.checker.known(state.snapshot.zxid, state.digest)
    for (const { disk, isInstalled } of this.servers) {
      if (isInstalled) disk.fill(state, state.log.slice(0, this.dice.below(state.log.length + 1)))
    }
  }

  server(sid: number): SimulatedServer | undefined {
    return this.servers[sid - 1]
  }

  /** The servers of the configuration in force. */
  get members(): SimulatedServer[] {
    return this.configs.current.members.flatMap(({ id }) => this.server(id) ?? [])
  }

  /** Whether a server is a member, or may be one soon. */
  isMentioned(sid: number): boolean {
    if (memberOf(this.configs.current, sid) !== undefined) return true
    return this.servers.some(({ process, disk }) => {
      const seen = process?.member?.member.lastSeen ?? disk.configs.next
      return seen !== null && seen.version > this.configs.current.version && memberOf(seen, sid) !== undefined
    })
  }

  /**
   * As an operator does when all is quiet: members run, servers that were removed do not, as soon as all members know the
   * configuration, since some may only know those. A member that has joined by a reconfiguration that was still on its way
   * when its disk was replaced is set up once more.
   */
  runMembersOnly(): void {
    const { current } = this.configs
    const isKnown = this.members.every(({ process }) => process?.member?.member.config.version === current.version)
    for (const server of this.servers) {
      const isMember = memberOf(current, server.sid) !== undefined
      if (isMember && !server.isInstalled) server.setUp({ ...current, version: 0n })
      else if (isMember) server.start()
      else if (server.isUp && isKnown && !this.isMentioned(server.sid)) server.crash()
    }
  }

  /** The leader that has begun to serve last, if it still does. */
  get leader(): SimulatedServer | undefined {
    const isLeader = ({ process }: SimulatedServer): boolean =>
      process?.member?.leading?.leading.isEstablished === true && process.epoch === this.checker.lastEpoch
    return this.servers.find(isLeader)
  }

  /**
   * A server that has accepted a later epoch than that of the leader, which was never established, is refused until there
   * is another election. Upstream's servers behave so, too; an operator restarts the leader then.
   */
  replaceLeaderThatNobodyCanJoin(): void {
    const { leader } = this
    const epoch = leader?.process?.epoch ?? Number.POSITIVE_INFINITY
    if (leader === undefined || !this.members.some(({ disk }) => disk.acceptedEpoch > epoch)) return
    this.note(() => `server ${leader.sid} is restarted: another one has accepted a later epoch than ${epoch}`)
    this.restartedLeaders++
    leader.crash()
    leader.start()
  }

  note(line: () => string): void {
    if (this.#trace !== null) this.#trace(`${this.agenda.nowMs.toFixed(3).padStart(10)} ${line()}`)
  }

  count(what: Covered): void {
    this.coverage[what]++
  }

  fail(rule: string, detail: string): never {
    throw new Violation(rule, detail)
  }

  stepped(process: ServerProcess): void {
    this.stepCount++
    this.checker.stepped(process)
  }

  /** A client has heard that its session is gone. */
  sessionRefused(session: string): void {
    this.expiry.refused(session)
  }

  /** By majority, or where there is an oracle, by who may go on alone. */
  #isQuorum(config: EnsembleConfig, byOracle: Covered, holds: (sid: number) => boolean): boolean {
    if (isQuorumOf(config, holds)) return true
    const alone = this.oracle?.granted ?? null
    if (alone === null || !holds(alone)) return false
    this.count(byOracle)
    return true
  }

  #countCommitted({ txn: { body } }: Committed): void {
    const { coverage, history, scenario } = this
    if (scenario.features.prefixLimits) checkLimitsHeld(history.tree, history.length)
    if (body.kind === 'error' && body.err === ErrorCode.QUOTAEXCEEDED) coverage.prefixRefusals++
    if (body.kind === 'delete' && body.type === OpCode.deleteContainer) {
      if (history.tree.at(body.path, history.length - 1)?.isContainer === true) coverage.containersReaped++
      else coverage.ttlReaped++
    }
    if (body.kind === 'closeSession' && (body.paths?.length ?? 0) > 0) coverage.ephemeralsClosed++
    if (body.kind === 'createSession' && scenario.features.localSessions === 'upgraded') coverage.localUpgrades++
  }
}
