import { Agenda } from './agenda.ts'
import { CommittedHistory } from './checkers/committed-history.ts'
import { EnsembleChecker } from './checkers/ensemble-checker.ts'
import { ExpiryChecker } from './checkers/expiry-checker.ts'
import type { Dice } from './dice.ts'
import { ElectionMesh } from './election-mesh.ts'
import { Network } from './network.ts'
import type { Sabotage } from './sabotage.ts'
import type { Scenario } from './scenario.ts'
import type { ServerProcess } from './server-process.ts'
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
  readonly history = new CommittedHistory()
  readonly checker: EnsembleChecker
  readonly expiry: ExpiryChecker
  readonly servers: SimulatedServer[] = []
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
    this.expiry = new ExpiryChecker(this)
    this.checker = new EnsembleChecker(this.history, {
      isDurable: (zxid, bytes) => this.#isQuorum(({ disk }) => disk.has(zxid, bytes)),
      isEpochDurable: (epoch) =>
        this.#isQuorum(({ disk }) => disk.acceptedEpoch >= epoch && disk.currentEpoch >= epoch),
      committed: (entry) => this.expiry.committed(entry),
      established: (sid, epoch) => {
        if (epoch === this.checker.lastEpoch) this.expiry.established(epoch)
        this.note(() => `server ${sid} is the established leader of epoch ${epoch}`)
      }
    })
    for (let sid = 1; sid <= scenario.voters + scenario.observers; sid++) {
      this.servers.push(new SimulatedServer(this, sid))
    }
  }

  server(sid: number): SimulatedServer | undefined {
    return this.servers[sid - 1]
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
    if (leader === undefined || !this.servers.some(({ disk }) => disk.acceptedEpoch > epoch)) return
    this.note(() => `server ${leader.sid} is restarted: another one has accepted a later epoch than ${epoch}`)
    this.restartedLeaders++
    leader.crash()
    leader.start()
  }

  note(line: () => string): void {
    if (this.#trace !== null) this.#trace(`${this.agenda.nowMs.toFixed(3).padStart(10)} ${line()}`)
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

  #isQuorum(holds: (server: SimulatedServer) => boolean): boolean {
    const { voters } = this.scenario
    let count = 0
    for (const server of this.servers) if (server.sid <= voters && holds(server)) count++
    return count * 2 > voters
  }
}
