import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { simulate } from './simulation.ts'

/** More seeds: `tsx test/simulation/run.ts --seeds 1000`; one of them: `--seed 7 --trace`. */
const SEEDS = Array.from({ length: 15 }, (_, index) => 1000 + index)
const STEPS = 250

interface FoundSeed {
  readonly seed: number
  readonly steps: number
  readonly found: string
  /** Found since simulations have throttling, delayed flushes and congestion. */
  readonly hasFlowControl?: boolean
}

const found = JSON.parse(readFileSync(join(__dirname, 'seeds.json'), 'utf8')) as FoundSeed[]

describe('a server whose disk is slow, whose clients come and go, and which crashes', () => {
  test.each(SEEDS)('answers in order, loses nothing acknowledged, and comes back the same (seed %i)', async (seed) => {
    const { txns, replies, crashes } = await simulate(seed, STEPS)

    expect(Math.min(txns, replies, crashes)).toBeGreaterThan(0)
  })

  test.each(found)('does not fall back on seed $seed: $found', async ({ seed, steps, hasFlowControl = false }) => {
    await expect(simulate(seed, steps, { hasFlowControl })).resolves.toBeDefined()
  })
})
