import type { CoreSettings } from '../../src/core/pipeline/core-settings.ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { DEFAULT_SETTINGS } from '../core/peer-harness.ts'
import { Dice } from './dice.ts'
import { congestionOf, flowSettings } from './flow-settings.ts'
import { RandomRequests } from './random-requests.ts'
import { ServerWorld, type Trace } from './server-world.ts'
import { SessionClock } from './session-clock.ts'
import { type ClientWorld, SimulatedClient } from './simulated-client.ts'
import { check } from './simulation-error.ts'

const STEPS_TO_REST_MAX = 3000

/** What a simulation went through, so that one that tests nothing is noticed. */
export interface SimulationReport {
  readonly txns: number
  readonly replies: number
  readonly events: number
  readonly crashes: number
  readonly snapshots: number
  readonly sessions: number
}

export interface SimulationOptions {
  /** Is told what goes in and what comes out. */
  readonly trace?: Trace | undefined
  /** False: without throttling, delayed flushes, large requests and congestion, as some seeds were found. */
  readonly hasFlowControl?: boolean
}

/**
 * Runs one server with a few clients for `steps` steps; every choice comes from the seed.
 *
 * @throws SimulationError, or whatever the peer throws, when something that must hold does not
 */
export async function simulate(
  seed: number,
  steps: number,
  options: SimulationOptions = {}
): Promise<SimulationReport> {
  return new Simulation(seed, options).run(steps)
}

class Simulation {
  readonly #dice: Dice
  readonly #world: ServerWorld
  readonly #clients: SimulatedClient[]
  readonly #clock: SessionClock
  #lastXid = 0
  #lastConnection = 0
  #crashes = 0
  /** How likely a client is to stop taking its replies, in each step; and those that do not take them. */
  readonly #congestion: number
  readonly #congested = new Set<ConnectionId>()
  /** Steps for which the disk goes on standing still. */
  #stallSteps = 0

  constructor(seed: number, { trace = ignore, hasFlowControl = true }: SimulationOptions) {
    const dice = new Dice(seed)
    this.#dice = dice
    const settings = { ...randomSettings(dice), ...(hasFlowControl ? flowSettings(seed) : {}) }
    this.#congestion = hasFlowControl ? congestionOf(seed) : 0
    const world = new ServerWorld(settings, dice, trace)
    this.#world = world
    this.#clock = new SessionClock(world)
    const requests = new RandomRequests(dice, dice.chance(0.5), dice.chance(0.08))
    const { naive } = world.shadow
    const shared: ClientWorld = {
      dice,
      world,
      requests,
      aim: {
        get paths() {
          return [...naive.nodes.keys()].filter(isNoQuota).map((path) => (path === '' ? '/' : path))
        },
        has: (path) => naive.nodes.has(path),
        versionOf: (path) => naive.nodes.get(path === '/' ? '' : path)?.version ?? 0
      },
      nextXid: () => ++this.#lastXid,
      get sessions() {
        return [...world.judge.sessionsGiven]
      }
    }
    const address = (index: number): string => (index % 2 === 0 ? '127.0.0.1' : `10.0.0.${index}`)
    this.#clients = Array.from(
      { length: dice.between(1, 6) },
      (_, index) => new SimulatedClient(shared, address(index))
    )
  }

  async run(steps: number): Promise<SimulationReport> {
    for (let step = 0; step < steps; step++) {
      this.#step()
      if (this.#dice.chance(0.05)) this.#world.compare()
      if (this.#dice.chance(0.008)) await this.#crash()
    }
    this.#comeToRest()
    await this.#crash()
    const { judge, shadow, snapshots } = this.#world
    const { replies, events, sessionsGiven } = judge
    const crashes = this.#crashes
    return {
      txns: shadow.zxid,
      replies,
      events,
      crashes,
      snapshots: snapshots.writtenCount,
      sessions: sessionsGiven.size
    }
  }

  #step(): void {
    const dice = this.#dice
    this.#passTime()
    for (const client of shuffled(this.#clients, dice)) {
      client.act(() => ++this.#lastConnection as ConnectionId)
      if (dice.chance(0.8)) client.deliver(dice.between(1, 8))
    }
    this.#moveDisk()
    if (this.#congestion > 0) this.#moveCongestion()
    if (dice.chance(0.5)) this.#world.snapshots.go()
    if (dice.chance(0.5)) this.#tellOfClosed()
    const isTick = dice.chance(0.3)
    if (isTick) this.#world.inputs.pushTick()
    this.#runStep(isTick)
  }

  #runStep(isTick: boolean): void {
    this.#clock.beforeStep()
    this.#world.step()
    this.#clock.afterStep(isTick)
  }

  #passTime(): void {
    const dice = this.#dice
    const world = this.#world
    const ms = dice.chance(0.02) ? dice.between(2000, 12_000) : dice.below(120)
    world.nowMs += ms
    world.wallMs += dice.chance(0.003) ? -dice.below(5000) : ms
    if (ms > 2000 && dice.chance(0.5)) {
      world.inputs.lateMs = ms
      world.lateMs += ms
    }
  }

  #moveDisk(): void {
    const dice = this.#dice
    if (this.#stallSteps > 0) {
      this.#stallSteps--
      return
    }
    if (dice.chance(0.01)) this.#stallSteps = dice.between(5, 60)
    const { inFlightCount } = this.#world.disk
    if (inFlightCount > 0 && dice.chance(0.6)) this.#world.commit(dice.between(1, inFlightCount))
  }

  #moveCongestion(): void {
    const { inputs, judge } = this.#world
    for (const id of this.#congested) if (this.#dice.chance(0.2)) this.#relieve(id)
    for (const { id, phase, isEnding } of judge.connections.values()) {
      if (phase !== 'established' || isEnding || this.#congested.has(id) || !this.#dice.chance(this.#congestion))
        continue
      this.#congested.add(id)
      inputs.pushCongested(id)
    }
  }

  #relieve(id: ConnectionId): void {
    this.#congested.delete(id)
    if (this.#world.judge.connections.has(id)) this.#world.inputs.pushDrained(id)
  }

  #tellOfClosed(): void {
    const { inputs, judge, outbox } = this.#world
    for (const id of outbox.closing.splice(0)) {
      inputs.pushClosed(id)
      this.#clients.find(({ connection }) => connection?.id === id)?.lost()
      judge.ending(id)
      outbox.paused.delete(id)
    }
  }

  async #crash(): Promise<void> {
    this.#crashes++
    this.#congested.clear()
    await this.#world.crash()
    for (const client of this.#clients) client.lost()
    this.#clock.restarted()
  }

  /** Lets everything under way come to its end: every request must get its answer. */
  #comeToRest(): void {
    const world = this.#world
    for (const client of this.#clients) client.rest()
    for (let left = STEPS_TO_REST_MAX; ; left--) {
      check(left > 0, () => `does not come to rest: ${world.peer.waitingWrites} writes wait`)
      for (const client of this.#clients) client.deliver(100)
      for (const id of [...this.#congested]) this.#relieve(id)
      // A flush may be delayed, and a throttled request is looked at again.
      world.nowMs += 100
      world.wallMs += 100
      if (world.disk.inFlightCount > 0) world.commit(world.disk.inFlightCount)
      world.snapshots.go()
      this.#tellOfClosed()
      this.#runStep(false)
      const isBusy = this.#clients.some(({ unreadCount }) => unreadCount > 0) || world.outbox.closing.length > 0
      const { waitingWrites, throttledRequests, isWritingSnapshot } = world.peer
      if (!isBusy && waitingWrites === 0 && throttledRequests === 0 && !isWritingSnapshot) break
    }
    check(world.disk.inFlightCount === 0, () => 'something is under way to the disk at rest')
    for (const { id, waiting } of world.judge.connections.values()) {
      check(waiting.length === 0, () => `${id} never got the reply to xid ${waiting[0]?.xid}`)
    }
    const { outstanding, largeRequests } = world.peer.state
    check(largeRequests.bytes === 0, () => `${largeRequests.bytes} bytes of large requests are counted at rest`)
    check(outstanding === 0, () => `${outstanding} requests are outstanding at rest`)
    check(world.outbox.paused.size === 0, () => `${[...world.outbox.paused]} are never read from again`)
    world.compare()
  }
}

/** Nodes that hold quotas are the server's to write, and their limits a tool's. */
function isNoQuota(path: string): boolean {
  return !path.startsWith('/zookeeper/quota')
}

function randomSettings(dice: Dice): CoreSettings {
  return {
    ...DEFAULT_SETTINGS,
    tickTimeMs: dice.pick([500, 2000]),
    minSessionTimeoutMs: 4000,
    maxSessionTimeoutMs: 40_000,
    globalOutstandingLimit: dice.pick([1, 5, 1000]),
    extendedTypesEnabled: dice.chance(0.9),
    enforceQuota: dice.chance(0.5),
    digestEnabled: dice.chance(0.9),
    closeSessionTxnEnabled: dice.chance(0.8),
    maxBatchSize: dice.pick([1, 3, 20, 1000]),
    snapCount: dice.pick([10, 100, 1000]),
    snapSizeLimitBytes: dice.pick([0, 4000]),
    containerCheckIntervalMs: dice.pick([500, 60_000]),
    containerMaxPerMinute: dice.pick([100, 10_000]),
    containerMaxNeverUsedIntervalMs: dice.pick([0, 3000])
  }
}

function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  const order = [...items]
  for (let index = order.length - 1; index > 0; index--) {
    const other = dice.below(index + 1)
    const [one, two] = [order[index], order[other]]
    if (one === undefined || two === undefined) continue
    order[index] = two
    order[other] = one
  }
  return order
}

function ignore(): void {
  // Nobody replays it.
}
