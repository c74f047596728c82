import { checkReplicas } from './checkers/final-check.ts'
import type { Coverage } from './coverage.ts'
import { Dice } from './dice.ts'
import { Faults } from './faults.ts'
import { HandOvers } from './hand-overs.ts'
import { Operator } from './operator.ts'
import { RandomOperations } from './random-operations.ts'
import { RandomReconfigs } from './random-reconfigs.ts'
import type { Sabotage } from './sabotage.ts'
import { drawScenario, type ScenarioChoices } from './scenario.ts'
import { SimulatedClient } from './simulated-client.ts'
import { demand } from './violation.ts'
import { type Trace, World } from './world.ts'
import { showZxid } from './zxid.ts'

/** How long the ensemble may take to serve everywhere once everything works again, ms of the world's time. */
const CONVERGENCE_MS = 15_000
/** How often it is looked at meanwhile. */
const LOOK_MS = 50
/** How long clients go on asking when everything works. */
const PEACE_MS = 1500
const FIRST_CLIENT = 1000

export interface SimulationOptions extends ScenarioChoices {
  readonly sabotage?: Sabotage
  readonly trace?: Trace | undefined
}

/** What a simulation went through, so that one that tests nothing is noticed. */
export interface SimulationReport {
  readonly servers: number
  readonly committed: number
  readonly epochs: number
  readonly replies: number
  readonly events: number
  readonly sessions: number
  readonly expired: number
  readonly steps: number
  readonly faults: number
  /** How often a leader had to be restarted for a server that had promised to follow none of its epoch. */
  readonly restartedLeaders: number
  /** How long it took until everybody served, ms of the world's time. */
  readonly convergenceMs: number
  readonly coverage: Coverage
}

/**
 * Runs a whole ensemble with clients, while things go wrong, then heals everything and waits until all servers agree.
 * Every choice comes from the seed.
 *
 * @throws Violation, or whatever the production code throws, when something that must hold does not
 */
export function simulate(seed: number, options: SimulationOptions = {}): SimulationReport {
  const dice = new Dice(seed)
  const scenario = drawScenario(seed, dice, options)
  const world = new World(dice, scenario, options.sabotage ?? {}, options.trace ?? null)
  const operations = new RandomOperations(dice, world.history, scenario.features.nodeKinds)
  const clients = Array.from(
    { length: scenario.clients },
    (_, index) => new SimulatedClient(world, FIRST_CLIENT + index, operations)
  )
  if (scenario.features.reconfig) {
    clients.push(new SimulatedClient(world, FIRST_CLIENT + clients.length, new RandomReconfigs(world)))
    new Operator(world).begin()
  }
  if (scenario.features.handOvers) new HandOvers(world).begin()
  world.oracle?.begin()
  const { weights, groups } = scenario.config
  if (groups.length > 0) world.count('groupQuorums')
  if ([...weights.values()].includes(0)) world.count('zeroWeights')
  const seeds = [...scenario.treeSeeds.values()]
  if (seeds.includes(null) && seeds.some((each) => each !== null)) world.count('treesOfBothKinds')
  const faults = new Faults(world, clients.length)
  for (const server of world.servers) world.agenda.after(dice.below(200), () => server.start())
  faults.begin()
  runUntil(world, scenario.chaosMs)
  world.isChaotic = false
  if (dice.chance(0.3)) faults.cutPower()
  faults.healAll()
  const convergenceMs = converge(world, () => isServing(world))
  runUntil(world, world.agenda.nowMs + PEACE_MS)
  world.isResting = true
  converge(world, () => isServing(world) && isQuiet(world) && clients.every(({ isAtRest }) => isAtRest))
  checkReplicas(
    world.members.flatMap(({ process }) => process ?? []),
    world.history
  )
  const sum = (of: (figures: SimulatedClient['figures']) => number): number =>
    clients.reduce((total, { figures }) => total + of(figures), 0)
  return {
    servers: world.servers.length,
    committed: world.history.length,
    epochs: world.checker.leaderCount,
    replies: sum(({ replies }) => replies),
    events: sum(({ events }) => events),
    sessions: sum(({ sessions }) => sessions),
    expired: world.expiry.expiredCount,
    steps: world.stepCount,
    faults: Object.values(faults.counts).reduce((total, count) => total + count, 0),
    restartedLeaders: world.restartedLeaders,
    convergenceMs,
    coverage: world.coverage
  }
}

function runUntil({ agenda }: World, untilMs: number): void {
  while (agenda.runNext(untilMs));
  agenda.nowMs = untilMs
}

/** @returns how long it took */
function converge(world: World, isReached: () => boolean): number {
  const beganMs = world.agenda.nowMs
  while (!isReached()) {
    const tookMs = world.agenda.nowMs - beganMs
    demand(tookMs < CONVERGENCE_MS, 'convergence', () => `after ${tookMs} ms without faults: ${describe(world)}`)
    runUntil(world, world.agenda.nowMs + LOOK_MS)
    world.runMembersOnly()
    world.replaceLeaderThatNobodyCanJoin()
  }
  return world.agenda.nowMs - beganMs
}

function isServing({ members, leader }: World): boolean {
  return leader !== undefined && members.every(({ process }) => process?.isServing === true)
}

function isQuiet({ members, history }: World): boolean {
  return members.every(({ process, disk }) => process?.history.verified === history.length && disk.operationCount === 0)
}

function describe({ servers, history, checker, configs }: World): string {
  const views = servers.map(({ sid, process, disk }) => {
    const role = process === null ? 'down' : `${process.view.state}/${process.isServing}/${process.epoch}`
    return `${sid}: ${role} log ${showZxid(disk.lastZxid)} epochs ${disk.acceptedEpoch},${disk.currentEpoch} verified ${process?.history.verified}`
  })
  const members = configs.current.members.map(({ id }) => id)
  return `${history.length} committed, epoch ${checker.lastEpoch}, members ${members}; ${views.join('; ')}`
}
