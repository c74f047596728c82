import { describe, expect, test } from '@jest/globals'
import { SCENARIOS } from '../../bench/scenarios.ts'

describe('the rows', () => {
  test('have names of their own', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length)
  })

  test('tell connections and depth in their names', () => {
    const named = SCENARIOS.filter(({ name }) => /\d+x\d+$/.test(name))

    expect(named.map(({ name }) => name.replace(/.*-/, ''))).toEqual(
      named.map(({ connections, depth }) => `${connections}x${depth}`)
    )
  })

  test('of a quick run are part of every run, on one server', () => {
    const quick = SCENARIOS.filter((row) => row.quick)

    expect(quick.length).toBeGreaterThan(3)
    expect(quick.every(({ standard, place }) => standard && place === 'standalone')).toBe(true)
  })

  test('aim at no less than they must reach', () => {
    expect(SCENARIOS.filter(({ goal }) => goal !== null && goal.aim < goal.atLeast)).toEqual([])
  })
})
