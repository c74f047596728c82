import { seededRandom } from '../random.ts'
import type { EnsembleConfig, MemberAddress } from '../zab/membership/ensemble-config.ts'

/** A server from which an observer learns, and where it listens for observers (`quorumPort`). */
export interface LearnerMaster {
  readonly sid: number
  readonly addresses: readonly MemberAddress[]
}

/** Times that all followers are tried in vain before the leader is asked. */
const FRUITLESS_ROUNDS_MAX = 3

/**
 * From whom an observer learns that has an `observerMasterPort`: from the voters, one after the other in an order made by
 * chance, which spreads the observers over them.
 *
 * compat: upstream tries the leader too, which does not listen there; and it never turns to the leader's quorum port, even
 * where no follower serves observers.
 * @see `QuorumPeer.findLearnerMaster`
 */
export class LearnerMasters {
  readonly #port: number
  readonly #random: () => number
  /** Sids of the voters that the order was made of, and the order. */
  #voters = ''
  #order: number[] = []
  #next = 0
  #fruitlessCount = 0

  constructor(port: number, seed: number) {
    this.#port = port
    this.#random = seededRandom(seed)
  }

  /** Whether all followers have been tried, so that the next choice begins anew. */
  isRoundOver(leader: number): boolean {
    return this.#order.length > 0 && !this.#order.slice(this.#next).some((sid) => sid !== leader)
  }

  /** @returns null: the leader itself is to be asked */
  choose({ members }: EnsembleConfig, leader: number): LearnerMaster | null {
    this.#order = this.#orderOf(members.filter(({ role }) => role === 'participant').map(({ id }) => id))
    const followers = this.#order.filter((sid) => sid !== leader)
    if (this.#fruitlessCount >= followers.length * FRUITLESS_ROUNDS_MAX) {
      this.#fruitlessCount = 0
      return null
    }
    this.#fruitlessCount++
    for (;;) {
      if (this.#next >= this.#order.length) this.#next = 0
      const sid = this.#order[this.#next++]
      const master = members.find(({ id }) => id === sid)
      if (sid === undefined || master === undefined) return null
      if (sid !== leader) {
        const addresses = master.addresses.map((address) => ({ ...address, quorumPort: this.#port }))
        return { sid, addresses }
      }
    }
  }

  /** The one chosen last serves this observer. */
  served(): void {
    this.#fruitlessCount = 0
  }

  #orderOf(voters: number[]): number[] {
    const known = [...voters].sort((one, other) => one - other).join()
    if (known === this.#voters) return this.#order
    this.#voters = known
    this.#next = 0
    const order = [...voters]
    for (let last = order.length - 1; last > 0; last--) {
      const index = Math.floor(this.#random() * (last + 1))
      const moved = order[last] as number
      order[last] = order[index] as number
      order[index] = moved
    }
    return order
  }
}
