import type { FaultKind } from './scenario.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

const FIRST_CLIENT = 1000

/** Lets things go wrong, by chance, until it is told to stop. */
export class Faults {
  readonly #world: World
  readonly #clientCount: number
  readonly counts: Partial<Record<FaultKind, number>> = {}

  constructor(world: World, clientCount: number) {
    this.#world = world
    this.#clientCount = clientCount
  }

  begin(): void {
    this.#plan()
  }

  /** All machines stop at the same moment. */
  cutPower(): void {
    this.#world.note(() => 'the power fails')
    for (const server of this.#world.servers) server.crash()
  }

  /** Everything works again. */
  healAll(): void {
    const { network, servers } = this.#world
    this.#world.note(() => 'everything heals')
    network.heal()
    const spoilt = this.#forGood()
    for (const server of servers) {
      server.disk.isFull = false
      server.disk.failsSnapshots = false
      server.disk.installBegun = null
      server.disk.slowness = 1
      server.takenPorts.clear()
      if (server === spoilt) server.takenPorts.add('learners')
      if (server.process !== null) server.process.diesInStep = false
      server.start()
    }
  }

  /** Whose ports stay taken: the others must do without it as a leader. Null where they could not. */
  #forGood(): SimulatedServer | null {
    const { scenario, servers, dice } = this.#world
    const { takenPorts, oracle, groups, reconfig } = scenario.features
    if (!takenPorts || oracle || groups || reconfig || !dice.chance(0.5)) return null
    return dice.pick(servers.slice(0, scenario.voters))
  }

  #plan(): void {
    const { agenda, dice, scenario } = this.#world
    agenda.after(dice.exponential(scenario.faultEveryMs), () => {
      if (!this.#world.isChaotic) return
      const kind = dice.weighted(scenario.faults) as FaultKind
      this.counts[kind] = (this.counts[kind] ?? 0) + 1
      this.#happen(kind)
      this.#plan()
    })
  }

  #happen(kind: FaultKind): void {
    const { dice, network, servers, leader } = this.#world
    const server = dice.pick(servers)
    const other = dice.pick(servers)
    switch (kind) {
      case 'crash':
        return server.crash()
      case 'leaderCrash':
        return leader?.crash()
      case 'crashMany':
        for (const each of servers) if (dice.chance(0.6)) each.crash()
        return
      case 'crashInStep':
        if (server.process !== null) server.process.diesInStep = true
        return
      case 'restart':
        for (const each of servers) if (!each.isUp && dice.chance(0.5)) each.start()
        return
      case 'partition':
        return this.#partition()
      case 'isolate':
        return this.#isolate(server, dice.chance(0.5))
      case 'leaderIsolation':
        if (leader !== undefined) this.#isolate(leader, dice.chance(0.5))
        return
      case 'oneWay':
        this.#world.note(() => `nothing goes from ${server.sid} to ${other.sid}`)
        return network.cut(server.sid, other.sid)
      case 'healOne':
        network.healOne(server.sid, other.sid)
        return network.healOne(other.sid, server.sid)
      case 'healAll':
        return network.heal()
      default:
        return this.#happenMildly(kind, server, other)
    }
  }

  #happenMildly(kind: FaultKind, server: SimulatedServer, other: SimulatedServer): void {
    const { dice, network, mesh } = this.#world
    switch (kind) {
      case 'breakLink':
        for (const link of server.process?.links.with(other.sid) ?? []) link.break()
        return
      case 'breakElection':
        return mesh.breakLink(server.sid, other.sid)
      case 'slowLink':
        return network.slow(server.sid, other.sid, dice.pick([20, 100, 400]))
      case 'stall':
        return server.process?.stall(dice.between(50, 2000))
      case 'slowDisk':
        server.disk.slowness = dice.pick([3, 10, 40])
        return
      case 'fullDisk':
        server.disk.isFull = true
        return
      case 'badSnapshots':
        server.disk.failsSnapshots = true
        return
      case 'crashInInstall':
        server.disk.installBegun = () => server.crash()
        return
      case 'takePort':
        server.takenPorts.add(dice.chance(0.4) ? 'election' : 'learners')
        return
      case 'takeLeadersPort':
        this.#world.leader?.takenPorts.add('learners')
        return
      case 'freePorts':
        server.takenPorts.clear()
        return
      case 'goodDisk':
        server.disk.failsSnapshots = false
        server.disk.slowness = 1
        server.disk.isFull = false
        return
      case 'wallJump':
        server.clock.jump(dice.between(-5000, 5000), this.#world.agenda.nowMs)
        return
      case 'cutClients':
        return this.#cutClients(server)
      default:
    }
  }

  #cut(one: SimulatedServer, other: SimulatedServer): void {
    if (one === other) return
    this.#world.network.cut(one.sid, other.sid)
    this.#world.network.cut(other.sid, one.sid)
  }

  /** Two sides that do not hear each other. */
  #partition(): void {
    const { dice, servers } = this.#world
    const side = servers.filter(() => dice.chance(0.5))
    this.#world.note(() => `partition: ${side.map(({ sid }) => sid)} and the others`)
    for (const one of side) for (const other of servers) if (!side.includes(other)) this.#cut(one, other)
  }

  #isolate(server: SimulatedServer, withClients: boolean): void {
    this.#world.note(() => `server ${server.sid} is alone`)
    for (const other of this.#world.servers) this.#cut(server, other)
    if (withClients) this.#cutClients(server)
  }

  #cutClients(server: SimulatedServer): void {
    const { dice, network } = this.#world
    for (let place = FIRST_CLIENT; place < FIRST_CLIENT + this.#clientCount; place++) {
      if (!dice.chance(0.6)) continue
      network.cut(place, server.sid)
      if (dice.chance(0.7)) network.cut(server.sid, place)
    }
  }
}
