import type { Ensemble } from '../harness/ensemble.ts'
import type { Member } from '../harness/member.ts'
import type { ServerKind } from '../harness/server.ts'
import type { Arrangement, ServerUnderTest } from '../harness/suite.ts'

/** To whom the clients connect: to one follower all of them, to the leader, or each to whom it likes. */
export const TARGETS = ['follower', 'leader', 'all'] as const
export type TargetName = (typeof TARGETS)[number]

/**
 * An ensemble as the cases of a client see it. The server that they kill and start again is the one that they are connected to; where they are
 * connected to all, it is the leader, since then each of them loses its connection. After that, what was the leader may be a follower.
 */
export class EnsembleTarget implements ServerUnderTest {
  readonly kind: ServerKind
  readonly arrangement: Arrangement
  readonly connectString: string
  readonly #ensemble: Ensemble
  /** The server to kill; null for whoever leads then. */
  readonly #member: Member | null
  #ended: Member | null = null

  private constructor(ensemble: Ensemble, kind: ServerKind, member: Member | null) {
    this.#ensemble = ensemble
    this.kind = kind
    this.#member = member
    this.arrangement = member === null ? 'spread' : 'member'
    this.connectString = (member ?? ensemble).connectString
  }

  /** @throws Error if the ensemble has no leader, or no follower */
  static async of(ensemble: Ensemble, name: TargetName): Promise<EnsembleTarget> {
    const leader = await ensemble.serving()
    if (name === 'all') return new EnsembleTarget(ensemble, leader.kind, null)
    if (name === 'leader') return new EnsembleTarget(ensemble, leader.kind, leader)
    const followers = ensemble.voters.filter((member) => member !== leader)
    // In an ensemble of both kinds, a follower of the kind that does not lead has more to prove.
    const follower = followers.find((member) => member.kind !== leader.kind) ?? followers[0]
    if (follower === undefined) throw new Error('there is no follower')
    return new EnsembleTarget(ensemble, follower.kind, follower)
  }

  get isRunning(): boolean {
    return this.#ensemble.members.every((member) => member.isRunning)
  }

  async kill(place?: number): Promise<void> {
    this.#ended = await this.#choose(place)
    await this.#ended.kill()
  }

  async stop(): Promise<void> {
    this.#ended = await this.#choose()
    await this.#ended.stop()
  }

  async start(place?: number): Promise<void> {
    await (place === undefined ? this.#ended : this.#at(place))?.start()
    await this.#ensemble.serving()
  }

  async #choose(place?: number): Promise<Member> {
    if (place !== undefined) return this.#at(place)
    return this.#member ?? (await this.#ensemble.nextLeader())
  }

  #at(place: number): Member {
    const found = this.#member === null ? this.#ensemble.members[place - 1] : undefined
    if (found === undefined) throw new Error(`no server ${place} in ${this.connectString}`)
    return found
  }
}
