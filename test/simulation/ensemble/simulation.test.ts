import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, jest, test } from '@jest/globals'
import type { Features } from '../../../src/simulator/features.ts'
import { type SimulationReport, simulate } from '../../../src/simulator/simulation.ts'

// Pure computing: on a machine that has much else to do it takes many times as long.
jest.setTimeout(300_000)

/** Of the chaos in each of the short simulations. More and longer ones: `npm run simulate -- --seeds 1000`. */
const CHAOS_MS = 3000
const SEEDS_A_TEST = 10
const FIRST_SEEDS = Array.from({ length: 20 }, (_, index) => 1 + index * SEEDS_A_TEST)

interface FoundSeed {
  readonly seed: number
  readonly chaosMs?: number
  readonly servers?: number
  /** Those that are left out are off; without this, they are drawn from the seed. */
  readonly features?: Partial<Features>
  readonly found: string
}

const found = JSON.parse(readFileSync(join(__dirname, 'seeds.json'), 'utf8')) as FoundSeed[]

/** Runs some seeds, and adds up what they went through. @throws an error that names the seed */
function simulateAll(first: number): Pick<SimulationReport, 'committed' | 'epochs' | 'replies' | 'events' | 'faults'> {
  const sums = { committed: 0, epochs: 0, replies: 0, events: 0, faults: 0 }
  for (let seed = first; seed < first + SEEDS_A_TEST; seed++) {
    const report = simulateNamed(seed)
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += report[key]
  }
  return sums
}

function simulateNamed(seed: number): SimulationReport {
  try {
    return simulate(seed, { chaosMs: CHAOS_MS })
  } catch (error) {
    throw new Error(`seed=${seed} chaosMs=${CHAOS_MS}: ${String(error)}`, { cause: error })
  }
}

describe('an ensemble in a world where everything fails', () => {
  test.each(FIRST_SEEDS)('keeps what Zab and ZooKeeper promise (10 seeds from %i)', (first) => {
    const { committed, epochs, replies, events, faults } = simulateAll(first)

    expect(Math.min(committed, epochs, replies, events, faults)).toBeGreaterThan(SEEDS_A_TEST)
  })

  test.each(found)('does not fall back on seed $seed: $found', ({ seed, servers, chaosMs, features }) => {
    expect(simulate(seed, { servers, chaosMs, features }).committed).toBeGreaterThan(0)
  })

  test('is the same each time for one seed', () => {
    const traces = [0, 1].map(() => {
      const lines: string[] = []
      simulate(7, { chaosMs: CHAOS_MS, trace: (line) => lines.push(line) })
      return lines
    })

    expect(traces[0]).toEqual(traces[1])
  })
})
