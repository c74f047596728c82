import type { EnsembleConfig, EnsembleMember } from '../core/zab/membership/ensemble-config.ts'
import { roleOf } from '../core/zab/membership/member-of.ts'
import type { Operation, ReconfigOperation } from './client-operation.ts'
import { groupsOf, memberLine, QUORUM_PORT } from './scenario.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

/** Another port than the usual one, for a member that moves. */
const OTHER_PORT = 2898

type Change = Pick<ReconfigOperation, 'joining' | 'leaving' | 'list'>
const NOTHING: Change = { joining: [], leaving: [], list: null }

/** What an operator asks for: mostly reconfigurations that make sense, of an ensemble that is in disorder. */
export class RandomReconfigs {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  next(): Operation {
    const { dice, isChaotic, configs } = this.#world
    if (!isChaotic || !dice.chance(0.15)) {
      return dice.chance(0.5)
        ? { kind: 'sync', path: '/' }
        : { kind: 'exists', path: dice.pick(['/a', '/b/x']), watch: false }
    }
    const { current } = configs
    const version = dice.chance(0.6) ? -1 : Number(current.version) - (dice.chance(0.2) ? 1 : 0)
    return { kind: 'reconfig', ...this.#change(current), version }
  }

  #change(current: EnsembleConfig): Change {
    const { dice, scenario } = this.#world
    if (scenario.features.groups || dice.chance(0.15)) return this.#list()
    switch (dice.weighted({ join: 5, leave: 3, leader: 2, role: 3, address: 2, swap: 2 })) {
      case 'join':
        return { ...NOTHING, joining: this.#joining() }
      case 'leave':
        return { ...NOTHING, leaving: [dice.pick(current.members).id] }
      case 'leader':
        return { ...NOTHING, leaving: [this.#world.leader?.sid ?? dice.pick(current.members).id] }
      case 'role':
        return { ...NOTHING, joining: [otherRole(dice.pick(current.members))] }
      case 'address':
        return { ...NOTHING, joining: [otherPort(this.#someMember(current))] }
      default:
        return { ...NOTHING, joining: this.#joining(), leaving: [dice.pick(current.members).id] }
    }
  }

  /** Mostly servers that are up and no members. */
  #joining(): EnsembleMember[] {
    const { dice, configs } = this.#world
    const strangers = this.#installed().filter(({ sid }) => roleOf(configs.current, sid) === undefined)
    const { sid } = dice.pick(strangers.length > 0 ? strangers : this.#installed())
    return [memberLine(sid, dice.chance(0.8) ? 'participant' : 'observer', true)]
  }

  /** The leader as often as all others together. */
  #someMember({ members }: EnsembleConfig): EnsembleMember {
    const { dice, leader } = this.#world
    const leading = members.find(({ id }) => id === leader?.sid)
    return leading !== undefined && dice.chance(0.5) ? leading : dice.pick(members)
  }

  #list(): Change {
    const { dice, scenario } = this.#world
    const chosen = this.#installed().filter(({ isUp }) => (isUp ? dice.chance(0.85) : dice.chance(0.3)))
    const some = chosen.length > 0 ? chosen : this.#installed()
    const members = some.map(({ sid }) => memberLine(sid, dice.chance(0.85) ? 'participant' : 'observer', true))
    const voters = members.filter(({ role }) => role === 'participant').map(({ id }) => id)
    const isHierarchical = scenario.features.groups && voters.length > 0 && dice.chance(0.8)
    const hierarchy = isHierarchical ? groupsOf(dice, voters) : { groups: [], weights: new Map<number, number>() }
    return { ...NOTHING, list: { members, ...hierarchy, version: 0n } }
  }

  #installed(): SimulatedServer[] {
    return this.#world.servers.filter(({ isInstalled }) => isInstalled)
  }
}

function otherRole(member: EnsembleMember): EnsembleMember {
  return { ...member, role: member.role === 'participant' ? 'observer' : 'participant' }
}

function otherPort(member: EnsembleMember): EnsembleMember {
  const addresses = member.addresses.map((address) => {
    const quorumPort = address.quorumPort === QUORUM_PORT ? OTHER_PORT : QUORUM_PORT
    return { ...address, quorumPort }
  })
  return { ...member, addresses }
}
