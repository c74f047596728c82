import type { EnsembleConfig } from '../core/zab/membership/ensemble-config.ts'
import { memberOf, roleOf } from '../core/zab/membership/member-of.ts'
import { memberLine } from './scenario.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

/** Mean time between two deeds, ms. */
const DEED_MS = 500

/**
 * Does with machines what goes with reconfigurations: sets up new servers, which follow without a vote until they are
 * members, stops those that were removed, and sets some of them up anew.
 */
export class Operator {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  begin(): void {
    const { agenda, dice } = this.#world
    agenda.after(dice.exponential(DEED_MS), () => {
      if (!this.#world.isChaotic) return
      this.#act()
      this.begin()
    })
  }

  #act(): void {
    const { dice, servers } = this.#world
    const server = dice.pick(servers)
    if (!server.isInstalled) return this.#setUp(server)
    if (this.#world.isMentioned(server.sid)) return
    if (server.isUp) {
      if (!dice.chance(0.4)) return
      this.#world.note(() => `server ${server.sid} is stopped: it is no member`)
      this.#world.count('serversStopped')
      server.crash()
    } else if (this.#isForgotten(server)) this.#wipe(server)
  }

  /** A new server is told the members, and itself, if it is none of them yet. */
  #setUp(server: SimulatedServer): void {
    const { dice, configs } = this.#world
    const { members, groups, weights } = configs.current
    // A participant must be in a group, where there are any: that is for the reconfiguration.
    const role = groups.length === 0 && dice.chance(0.7) ? 'participant' : 'observer'
    const isMember = memberOf(configs.current, server.sid) !== undefined
    const all = isMember ? members : [...members, memberLine(server.sid, role, true)]
    this.#world.count('serversJoined')
    server.setUp({ members: all, groups, weights, version: 0n })
  }

  /** What it has promised is lost, so nobody must count on it any more. */
  #wipe(server: SimulatedServer): void {
    this.#world.note(() => `server ${server.sid} gets a new disk`)
    this.#world.count('serversWiped')
    server.disk.wipe({ current: this.#world.configs.current, next: null })
    server.isInstalled = false
  }

  /** Whether no server has a configuration in which it votes. */
  #isForgotten({ sid }: SimulatedServer): boolean {
    const votesIn = (config: EnsembleConfig | null): boolean => config !== null && roleOf(config, sid) === 'participant'
    return this.#world.servers.every(
      ({ sid: other, disk, isInstalled }) =>
        other === sid || !isInstalled || !(votesIn(disk.configs.current) || votesIn(disk.configs.next))
    )
  }
}
