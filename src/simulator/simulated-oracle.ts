import type { Oracle } from '../core/zab/quorum/oracle.ts'
import type { Agenda } from './agenda.ts'
import type { CommittedHistory } from './checkers/committed-history.ts'
import type { Covered } from './coverage.ts'
import type { Dice } from './dice.ts'
import type { SimulatedDisk } from './disk.ts'

/** Mean time between two words of the oracle, ms. */
const WORD_MS = 500

/** What the oracle knows of its world. */
export interface OracleWorld {
  readonly dice: Dice
  readonly agenda: Agenda
  readonly isChaotic: boolean
  readonly history: CommittedHistory
  readonly checker: { readonly lastEpoch: number }
  server(sid: number): { readonly disk: SimulatedDisk } | undefined
  note(line: () => string): void
  count(what: Covered): void
}

/**
 * What tells the servers of an ensemble of two voters which of them may go on without the other: now one, now the other, now none.
 *
 * It does what such an oracle must: another one than the last may go on alone only when that one has everything on its disk, all that is
 * committed and the last epoch that was established. What one of them committed alone would be lost otherwise, whatever the servers do.
 */
export class SimulatedOracle {
  readonly #world: OracleWorld
  /** Who may go on alone now. */
  #granted: number | null = null
  /** Who last might. */
  #last: number | null = null

  constructor(world: OracleWorld) {
    this.#world = world
  }

  /** The oracle as one server sees it. */
  of(sid: number): Oracle {
    const grants = (): boolean => this.#granted === sid
    return {
      get grants() {
        return grants()
      }
    }
  }

  get granted(): number | null {
    return this.#granted
  }

  begin(): void {
    const { agenda, dice } = this.#world
    agenda.after(dice.exponential(WORD_MS), () => {
      if (!this.#world.isChaotic) return
      this.#speak()
      this.begin()
    })
  }

  #speak(): void {
    const { dice } = this.#world
    const sid = dice.between(1, 2)
    if (dice.chance(0.25)) this.#granted = null
    else if (sid === this.#last || this.#hasEverything(sid)) {
      if (this.#last !== null && this.#last !== sid) this.#world.count('oracleTurns')
      this.#granted = sid
      this.#last = sid
    }
    this.#world.note(
      () => `the oracle lets ${this.#granted === null ? 'nobody' : `server ${this.#granted}`} go on alone`
    )
  }

  #hasEverything(sid: number): boolean {
    const { history, checker } = this.#world
    const disk = this.#world.server(sid)?.disk
    const last = history.entries.at(-1)
    if (disk === undefined || disk.currentEpoch < checker.lastEpoch) return false
    return last === undefined || disk.has(last.zxid, last.bytes)
  }
}
