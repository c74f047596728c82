import type { CoreSettings } from '../../src/core/pipeline/core-settings.ts'
import { Dice } from './dice.ts'

/** Far from the seeds of the simulations themselves, whose choices stay what they were. */
const SEED_OFFSET = 7_000_000

/**
 * Throttling, delayed flushes, large requests, few tokens and the audit log, each on or off: what is off by default, and what only a
 * server under load would meet.
 */
export function flowSettings(seed: number): Partial<CoreSettings> {
  const dice = new Dice(seed + SEED_OFFSET)
  const flushDelayMs = dice.pick([0, 0, 20, 250])
  return {
    requestThrottleMax: dice.pick([0, 1, 3, 20]),
    requestThrottleStallMs: dice.pick([1, 100]),
    requestThrottleDropStale: dice.chance(0.7),
    requestStaleLatencyCheck: dice.chance(0.4),
    requestStaleConnectionCheck: dice.chance(0.7),
    throttledOpWaitTimeMs: dice.pick([0, 0, 100, 2000]),
    flushDelayMs,
    maxWriteQueuePollTimeMs: dice.pick([Math.floor(flushDelayMs / 3), flushDelayMs]),
    largeRequestThresholdBytes: dice.pick([0, 0, 60, 120]),
    largeRequestMaxBytes: dice.pick([150, 400, 5000]),
    connectionThrottle: {
      tokensMax: dice.pick([0, 0, 3, 6]),
      fillTimeMs: dice.pick([1, 100, 1000]),
      fillCount: 1,
      weightEnabled: dice.chance(0.3),
      globalSessionWeight: 3,
      renewSessionWeight: 2
    },
    audit: dice.chance(0.3) ? { serverUser: 'server' } : null
  }
}

/** How likely a connection is to stop taking its replies, in each step. */
export function congestionOf(seed: number): number {
  return new Dice(seed + 2 * SEED_OFFSET).pick([0, 0, 0.02, 0.1])
}
