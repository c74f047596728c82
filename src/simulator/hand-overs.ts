import type { World } from './world.ts'

/** Mean time between two commands, ms. */
const COMMAND_MS = 1500
/** A successor leads by then, unless something went wrong. */
const DONE_MS = 500

/** An operator who has leaders hand their lead over: to whom it may be, or to a server that is named, whatever it is. */
export class HandOvers {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  begin(): void {
    const { agenda, dice } = this.#world
    agenda.after(dice.exponential(COMMAND_MS), () => {
      if (!this.#world.isChaotic) return
      this.#command()
      this.begin()
    })
  }

  #command(): void {
    const { agenda, dice, servers, leader } = this.#world
    const process = leader?.process
    const wanted = dice.chance(0.4) ? null : dice.pick(servers).sid
    if (leader === undefined || process?.member == null) return
    const answer = process.member.askToHandOver(wanted)
    process.wake()
    if ('refusal' in answer) return
    const { heir } = answer
    this.#world.note(() => `server ${leader.sid} is told to hand its lead to server ${heir}`)
    this.#world.count('handOvers')
    agenda.after(DONE_MS, () => {
      if (this.#world.leader?.sid === heir) this.#world.count('handOversDone')
    })
  }
}
