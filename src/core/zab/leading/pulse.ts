import { PacketType } from '../packet-type.ts'
import { AckSet } from './ack-set.ts'
import type { Broadcast } from './broadcast.ts'
import type { Configurations } from './configurations.ts'
import { listed } from './establishment.ts'
import type { LeaderClock } from './leader-clock.ts'
import type { Learner } from './learner.ts'
import type { Learners } from './learners.ts'

/** So that it is at least half a tick, whenever in a half tick the configuration came into force. */
const DEPOSED_HALF_TICKS_MIN = 2
/** If its learners do not leave: they may be of a kind that waits for it to go. */
const DEPOSED_HALF_TICKS_MAX = 6

/**
 * What an established leader does each half tick (quorum-protocol section 14): every second time a tick begins and it asks
 * itself whether a quorum still follows; each time it pings its learners, but those that owe an ACK for too long are closed.
 */
export class Pulse {
  readonly #sid: number
  readonly #clock: LeaderClock
  readonly #learners: Learners
  readonly #broadcast: Broadcast
  readonly #configurations: Configurations
  #isWholeTick = false
  /** Half ticks since a configuration has made another server the leader. */
  #deposedCount = 0

  constructor(
    sid: number,
    clock: LeaderClock,
    learners: Learners,
    broadcast: Broadcast,
    configurations: Configurations
  ) {
    this.#sid = sid
    this.#clock = clock
    this.#learners = learners
    this.#broadcast = broadcast
    this.#configurations = configurations
  }

  /** @returns why the leader must resign; null if it need not */
  beat(): string | null {
    if (this.#broadcast.isDeposed) return this.#beatOfDeposed()
    if (this.#isWholeTick) {
      this.#clock.tick++
      const synced = this.#synced()
      if (!synced.isQuorum) return `not enough followers are in sync, only ${listed(synced.sids)}`
    }
    this.#isWholeTick = !this.#isWholeTick
    for (const learner of this.#learners.all) this.#ping(learner)
    return null
  }

  /**
   * Another server leads, but this one stays a little: its learners leave by themselves, having got the commit, and its
   * clients, who have got the answer, find the others serving when they are sent away.
   */
  #beatOfDeposed(): string | null {
    this.#deposedCount++
    if (this.#deposedCount < DEPOSED_HALF_TICKS_MIN) return null
    const isFollowed = this.#synced().isQuorum && this.#deposedCount < DEPOSED_HALF_TICKS_MAX
    return isFollowed ? null : 'a reconfiguration has given the lead to another server'
  }

  #synced(): AckSet {
    const synced = new AckSet(this.#configurations.electorate)
    synced.add(this.#sid)
    for (const learner of this.#learners.all) {
      if (this.#learners.isHeard(learner)) synced.add(learner.sid)
    }
    return synced
  }

  #ping(learner: Learner): void {
    if (learner.phase !== 'synced' && learner.phase !== 'ready' && learner.phase !== 'serving') return
    if (learner.ackDeadline.isOver(this.#clock.nowMs, this.#clock.syncLimitMs)) {
      this.#learners.drop(learner, 'it has not acknowledged a proposal in time')
      return
    }
    learner.send(PacketType.ping, this.#broadcast.lastProposedHi, this.#broadcast.lastProposedLo, null)
  }
}
