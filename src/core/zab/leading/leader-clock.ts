import type { LeadingSettings } from './leading-settings.ts'

/** The leader's time: milliseconds as its caller told last, and ticks since it is established. */
export class LeaderClock {
  readonly initLimitMs: number
  readonly syncLimitMs: number
  readonly halfTickMs: number
  readonly #initLimitTicks: number
  readonly #syncLimitTicks: number
  nowMs: number
  tick = 0

  constructor(settings: Pick<LeadingSettings, 'tickTimeMs' | 'initLimitTicks' | 'syncLimitTicks'>, nowMs: number) {
    this.initLimitMs = settings.initLimitTicks * settings.tickTimeMs
    this.syncLimitMs = settings.syncLimitTicks * settings.tickTimeMs
    this.halfTickMs = Math.max(1, settings.tickTimeMs / 2)
    this.#initLimitTicks = settings.initLimitTicks
    this.#syncLimitTicks = settings.syncLimitTicks
    this.nowMs = nowMs
  }

  /** Deadline of what begins now and is part of discovery or synchronisation. */
  get initDeadlineMs(): number {
    return this.nowMs + this.initLimitMs
  }

  /** Deadline of the next sign of life of a learner that is served. */
  get syncDeadlineMs(): number {
    return this.nowMs + this.syncLimitMs
  }

  /** Last tick in which a learner counts as synced that has connected now. */
  get firstTickLimit(): number {
    return this.tick + this.#initLimitTicks + this.#syncLimitTicks
  }

  /** Last tick in which a learner counts as synced that was heard of now. */
  get tickLimit(): number {
    return this.tick + this.#syncLimitTicks
  }
}
