import { jest } from '@jest/globals'
import type { SimulationOptions, SimulationReport } from '../../../src/simulator/simulation.ts'

export type Simulate = (seed: number, options?: SimulationOptions) => SimulationReport

/** A violation as the simulator throws it, whichever copy of the module it comes from. */
export interface Found {
  readonly seed: number
  readonly rule: string
  readonly detail: string
}

/** A module of the production code that is another one. */
export interface ChangedModule {
  /** From the project's folder. */
  readonly module: string
  /** What the module is instead. */
  readonly change: (real: Record<string, unknown>) => Record<string, unknown>
}

export interface PlantedBug extends ChangedModule {
  readonly bug: string
  /** Within how many seeds it must be found. */
  readonly seeds: number
  /** Of the chaos in each, if not what is usual for the test. */
  readonly chaosMs?: number
  /** A second module that must be changed for it. */
  readonly also?: ChangedModule
}

/** A class whose instances have other values for some of their properties. */
export function withProperties(real: unknown, properties: PropertyDescriptorMap): unknown {
  return class extends (real as new (...parts: unknown[]) => object) {
    constructor(...parts: unknown[]) {
      super(...parts)
      Object.defineProperties(this, properties)
    }
  }
}

/** The simulator over production code in which one module is another, or two are: what `change` makes of what it exports. */
export function withChanged({ also, ...first }: ChangedModule & { readonly also?: ChangedModule }): Simulate {
  const changed = (also === undefined ? [first] : [first, also]).map(({ module, change }) => ({
    path: `../../../${module}`,
    change
  }))
  let simulate: Simulate | null = null
  jest.isolateModules(() => {
    for (const { path, change } of changed) {
      jest.doMock(path, () => {
        const real = jest.requireActual<Record<string, unknown>>(path)
        return { ...real, ...change(real) }
      })
    }
    simulate = (require('../../../src/simulator/simulation.ts') as { simulate: Simulate }).simulate
  })
  for (const { path } of changed) jest.dontMock(path)
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
