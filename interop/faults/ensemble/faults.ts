import type { Ensemble } from '../../harness/ensemble.ts'
import type { Member } from '../../harness/member.ts'
import type { Random } from '../power-cut/random.ts'
import { FAULT_KINDS, type FaultKind } from './fault-kinds.ts'
import { nowUs } from './history.ts'
import type { Network } from './network.ts'

/** One fault that was done: `SIGSTOP of zoonode, leader`. */
export interface FaultDone {
  readonly what: string
  readonly who: string
  readonly sid: number
  readonly lastsMs: number
  /** Whether voters enough are left that nobody has to wait for its end. */
  readonly leavesQuorum: boolean
  /** By the clock of the history. */
  readonly beganUs: number
  readonly endedUs: number
}

export interface Faults {
  /** Whether there is nothing more to do; those at random never end. */
  readonly areOver: boolean
  /** Does one fault from its beginning to its end; null if nobody is there for the one whose turn it was. */
  next(): Promise<FaultDone | null>
}

/** Which faults are done, and for how long each. */
export interface FaultSelection {
  readonly kinds: readonly FaultKind[]
  readonly shortestMs: number
  readonly longestMs: number
  /** Least number of voters, where reconfigurations change it; null: those of the configuration at the start. */
  readonly votersMin: number | null
}

/** Faults of all kinds of half a second to five seconds. */
export const ALL_FAULTS: FaultSelection = { kinds: FAULT_KINDS, shortestMs: 500, longestMs: 5_000, votersMin: null }

interface Choice {
  readonly kind: FaultKind
  readonly victim: Member
}

/** Faults of an ensemble, each from the seed as far as a busy machine lets it. */
export class RandomFaults implements Faults {
  readonly areOver = false
  readonly #ensemble: Ensemble
  readonly #random: Random
  readonly #network: Network | null
  readonly #selection: FaultSelection

  constructor(ensemble: Ensemble, random: Random, network: Network | null, selection: FaultSelection) {
    this.#ensemble = ensemble
    this.#selection = selection
    this.#random = random
    this.#network = network
  }

  async next(): Promise<FaultDone> {
    const lastsMs = lengthOf(this.#selection, this.#random)
    const leader = await this.#ensemble.leader()
    const members = this.#ensemble.members
    const victim = leader !== null && this.#random.chance(0.5) ? leader : members[this.#random.below(members.length)]
    if (victim === undefined) throw new Error('there is nobody')
    const choice = { kind: this.#kindFor(victim), victim }
    return perform(this.#ensemble, this.#selection, choice, lastsMs, this.#random, this.#network)
  }

  #kindFor(victim: Member): FaultKind {
    const kinds = kindsFor(this.#selection, victim, this.#network)
    let dice = this.#random.below(kinds.reduce((sum, kind) => sum + kind.weight, 0))
    for (const kind of kinds) {
      dice -= kind.weight
      if (dice < 0) return kind
    }
    throw new Error('there is no fault to do')
  }
}

/** Each kind of fault once for whoever leads, once for a follower, and once for an observer if there is one. */
export class EachFault implements Faults {
  readonly #ensemble: Ensemble
  readonly #random: Random
  readonly #network: Network | null
  readonly #selection: FaultSelection
  readonly #left: (readonly [kind: FaultKind, role: 'leader' | 'follower' | 'observer'])[]

  constructor(ensemble: Ensemble, random: Random, network: Network | null, selection: FaultSelection) {
    this.#ensemble = ensemble
    this.#selection = selection
    this.#random = random
    this.#network = network
    const roles = [
      'leader',
      'follower',
      ...(ensemble.voters.length < ensemble.members.length ? ['observer'] : [])
    ] as const
    this.#left = selection.kinds
      .filter((kind) => !kind.needsNetwork || network !== null)
      .flatMap((kind) =>
        roles.map((role) => [kind, role === 'leader' || role === 'follower' ? role : 'observer'] as const)
      )
  }

  get areOver(): boolean {
    return this.#left.length === 0
  }

  async next(): Promise<FaultDone | null> {
    const [kind, role] = this.#left.shift() ?? []
    if (kind === undefined || role === undefined) throw new Error('all faults have been done')
    const leader = await this.#ensemble.serving()
    const candidates = this.#ensemble.members.filter((member) => {
      if (role === 'leader') return member === leader
      return member !== leader && (role === 'observer') === (member.role === 'observer')
    })
    const able = candidates.filter((member) => kindsFor(this.#selection, member, this.#network).includes(kind))
    const victim = able[this.#random.below(Math.max(able.length, 1))]
    if (victim === undefined) return null
    const lastsMs = lengthOf(this.#selection, this.#random)
    return perform(this.#ensemble, this.#selection, { kind, victim }, lastsMs, this.#random, this.#network)
  }
}

function isVoter({ role }: Member): boolean {
  return role === 'participant'
}

function lengthOf({ shortestMs, longestMs }: FaultSelection, random: Random): number {
  return shortestMs + random.below(longestMs - shortestMs)
}

function kindsFor({ kinds }: FaultSelection, victim: Member, network: Network | null): FaultKind[] {
  return kinds.filter(
    (kind) => (network !== null || !kind.needsNetwork) && (victim.kind === 'zoonode' || kind.isForZoonodeOnly !== true)
  )
}

async function perform(
  ensemble: Ensemble,
  { votersMin }: FaultSelection,
  { kind, victim }: Choice,
  lastsMs: number,
  random: Random,
  network: Network | null
): Promise<FaultDone> {
  const role = (await victim.mode()) ?? 'not serving'
  const others = shuffled(
    ensemble.members.filter((member) => member !== victim),
    random
  )
  const victims = [victim, ...others].slice(0, kind.victimCount)
  const beganUs = nowUs()
  await kind.run({ victim, victims, others, lastsMs, random, network })
  const lostCount = votersMin === null ? victims.filter(isVoter).length : victims.length
  return {
    what: kind.name,
    who: `${victim.kind}, ${role}`,
    sid: victim.sid,
    lastsMs,
    leavesQuorum: lostCount * 2 < (votersMin ?? ensemble.voters.length),
    beganUs,
    endedUs: nowUs()
  }
}

function shuffled(members: readonly Member[], random: Random): Member[] {
  const mixed = [...members]
  for (let index = mixed.length - 1; index > 0; index--) {
    const other = random.below(index + 1)
    const [one, two] = [mixed[index], mixed[other]]
    if (one !== undefined && two !== undefined) {
      mixed[index] = two
      mixed[other] = one
    }
  }
  return mixed
}
