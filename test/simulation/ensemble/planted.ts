import { jest } from '@jest/globals'
import type { SimulationOptions, SimulationReport } from '../../../src/simulator/simulation.ts'

export type Simulate = (seed: number, options?: SimulationOptions) => SimulationReport

/** A violation as the simulator throws it, whichever copy of the module it comes from. */
export interface Found {
  readonly seed: number
  readonly rule: string
  readonly detail: string
}

/**
 * The simulator over production code in which one module is another: what `change` makes of what it exports.
 *
 * @param module path from the project's folder
 */
export function withChanged(
  module: string,
  change: (real: Record<string, unknown>) => Record<string, unknown>
): Simulate {
  const path = `../../../${module}`
  let simulate: Simulate | null = null
  jest.isolateModules(() => {
    jest.doMock(path, () => {
      const real = jest.requireActual<Record<string, unknown>>(path)
      return { ...real, ...change(real) }
    })
    simulate = (require('../../../src/simulator/simulation.ts') as { simulate: Simulate }).simulate
  })
  jest.dontMock(path)
  if (simulate === null) throw new Error('the simulator was not loaded')
  return simulate
}

/** Runs seeds until one fails. @returns null if none of `seedCount` does */
export function hunt(simulate: Simulate, seedCount: number, options: SimulationOptions, from = 1): Found | null {
  for (let seed = from; seed < from + seedCount; seed++) {
    try {
      simulate(seed, options)
    } catch (error) {
      const rule = error instanceof Error && 'rule' in error ? String(error.rule) : 'production code'
      return { seed, rule, detail: error instanceof Error ? error.message : String(error) }
    }
  }
  return null
}
