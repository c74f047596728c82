import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { Member, type MemberAddress, type MemberPlan } from './member.ts'
import type { ServerKind, ServerSettings } from './server.ts'
import { waitFor } from './wait-for.ts'

export interface EnsembleSettings extends ServerSettings {
  readonly members: readonly MemberPlan[]
  /** Whether server lines have client addresses, as those have that are reconfigured. */
  readonly hasClientPorts?: boolean
}

/** Where the members of an ensemble are; without it, all on the loopback address. */
export interface Placement {
  host(sid: number): string
  /** Put before the command of the server with this id. */
  prefix(sid: number): readonly string[]
}

const ON_LOOPBACK: Placement = { host: () => '127.0.0.1', prefix: () => [] }
const SERVING_TIMEOUT_MS = 60_000
const ATTEMPT_COUNT_MAX = 3

/** Short ticks, so that fail-overs and expiries come soon; containers and TTL znodes looked for every half second. */
export const ENSEMBLE_CONFIG: Readonly<Record<string, string>> = {
  tickTime: '500',
  initLimit: '20',
  syncLimit: '6',
  maxClientCnxns: '1000',
  'admin.enableServer': 'false',
  '4lw.commands.whitelist': '*',
  // Ours only, and means nothing to Apache's: what a wrong password does to a session's owner is compared, too.
  'session.wrongPasswordClosesOwner': 'true',
  extendedTypesEnabled: 'true',
  enforceQuota: 'true',
  'DigestAuthenticationProvider.superDigest': 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs='
}

/** Participants with the ids 1, 2 … of these kinds. */
export function participants(...kinds: readonly ServerKind[]): MemberPlan[] {
  return kinds.map((kind, index) => ({ sid: index + 1, kind, role: 'participant' }))
}

/** Several servers of both kinds that form one ensemble. */
export class Ensemble {
  readonly members: readonly Member[]

  private constructor(members: readonly Member[]) {
    this.members = members
  }

  /** Chooses ports and writes nothing but empty data directories; nobody is started. */
  static async plan(folder: string, settings: EnsembleSettings, placement = ON_LOOPBACK): Promise<Ensemble> {
    const addresses = new Map<number, MemberAddress>()
    const taken = new Set<number>()
    const port = async (): Promise<number> => {
      for (;;) {
        const found = await freePort()
        if (!taken.has(found)) {
          taken.add(found)
          return found
        }
      }
    }
    for (const { sid } of settings.members) {
      const [clientPort, quorumPort, electionPort] = [await port(), await port(), await port()]
      addresses.set(sid, { host: placement.host(sid), clientPort, quorumPort, electionPort })
    }
    const lines = settings.members.map(({ sid, role }) => {
      const address = addresses.get(sid)
      const client = settings.hasClientPorts === true ? `;${address?.host}:${address?.clientPort}` : ''
      return `server.${sid}=${address?.host}:${address?.quorumPort}:${address?.electionPort}:${role}${client}\n`
    })
    const config = { ...ENSEMBLE_CONFIG, ...settings.config }
    const text = Object.entries(config).map(([key, value]) => `${key}=${value}\n`)
    const shared = [...text, ...lines].join('')
    const properties = { 'znode.container.checkIntervalMs': '500', ...settings.properties }
    const members = settings.members.map((plan) => {
      const address = addresses.get(plan.sid)
      if (address === undefined) throw new Error(`server ${plan.sid} has no address`)
      const own = join(folder, `server-${plan.sid}`)
      return new Member(plan, address, own, shared, { ...settings, properties }, placement.prefix(plan.sid))
    })
    return new Ensemble(members)
  }

  /** For clients: all members. */
  get connectString(): string {
    return this.members.map((member) => member.connectString).join(',')
  }

  get voters(): readonly Member[] {
    return this.members.filter((member) => member.role === 'participant')
  }

  /** @throws Error if nobody has this id */
  member(sid: number): Member {
    const found = this.members.find((member) => member.sid === sid)
    if (found === undefined) throw new Error(`no member has the id ${sid}`)
    return found
  }

  /** Starts all members and waits until they serve. */
  async start(): Promise<void> {
    await Promise.all(this.members.map((member) => member.start()))
    await this.serving()
  }

  /**
   * Starts all members with this one as the leader.
   *
   * @param sid the highest id of the voters: with nothing to tell their logs apart, it wins an election in which all take part
   */
  async startLedBy(sid: number): Promise<Member> {
    await this.start()
    for (let attempt = 1; ; attempt++) {
      const leader = await this.serving()
      if (leader.sid === sid) return leader
      if (attempt === ATTEMPT_COUNT_MAX) throw new Error(`${leader.name} leads, not ${this.member(sid).name}`)
      // A slow start of the one that should lead left it out of the first quorum: another election, with all others up.
      await leader.kill()
      await this.nextLeader(leader)
      await leader.start()
    }
  }

  /** Waits until each member that runs serves, one of them as the leader, which is returned. */
  async serving(timeoutMs = SERVING_TIMEOUT_MS): Promise<Member> {
    const missing = new Map<Member, string>()
    try {
      return await waitFor('all members to serve', timeoutMs, async () => {
        const modes = await Promise.all(this.#running.map(async (member) => [member, await member.mode()] as const))
        missing.clear()
        for (const [member, mode] of modes) if (mode === null) missing.set(member, 'does not serve')
        const leaders = modes.filter(([, mode]) => mode === 'leader').map(([member]) => member)
        if (this.#running.length === 0) throw new Error('no member runs')
        return missing.size === 0 && leaders.length === 1 ? (leaders[0] ?? null) : null
      })
    } catch (error) {
      const who = [...missing.keys()].map((member) => `${member.name}:\n${member.lastLines(8)}`).join('\n')
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${who}`)
    }
  }

  /** The member that leads now; null if nobody says so. */
  async leader(): Promise<Member | null> {
    for (const member of this.#running) if ((await member.mode()) === 'leader') return member
    return null
  }

  /** Waits for a leader other than `not`, and returns it. */
  nextLeader(not: Member | null = null, timeoutMs = SERVING_TIMEOUT_MS): Promise<Member> {
    return waitFor('a leader', timeoutMs, async () => {
      const leader = await this.leader()
      return leader === not ? null : leader
    })
  }

  async killAll(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()))
  }

  get #running(): Member[] {
    return this.members.filter((member) => member.isRunning)
  }
}
