import { describe, expect, test } from '@jest/globals'
import { LearnerMasters } from '../../../src/core/ensemble/learner-masters.ts'
import type { EnsembleConfig } from '../../../src/core/zab/membership/ensemble-config.ts'

const PORT = 2191

function configOf(voters: readonly number[], observers: readonly number[] = []): EnsembleConfig {
  const members = [...voters, ...observers].map((id) => ({
    id,
    addresses: [{ host: `10.0.0.${id}`, quorumPort: 2888, electionPort: 3888 }],
    role: voters.includes(id) ? ('participant' as const) : ('observer' as const),
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  }))
  return { members, groups: [], weights: new Map(), version: 0n }
}

function choices(masters: LearnerMasters, config: EnsembleConfig, leader: number, count: number): (number | null)[] {
  return Array.from({ length: count }, () => masters.choose(config, leader)?.sid ?? null)
}

describe('an observer with an observerMasterPort', () => {
  test('goes from one follower to the next, at that port', () => {
    const masters = new LearnerMasters(PORT, 77)
    const config = configOf([1, 2, 3], [4, 5])

    const [one, other, again] = choices(masters, config, 3, 3)

    expect(new Set([one, other])).toEqual(new Set([1, 2]))
    expect(again).toBe(one)
    expect(masters.choose(config, 3)).toEqual({
      sid: other,
      addresses: [{ host: `10.0.0.${other}`, quorumPort: PORT, electionPort: 3888 }]
    })
  })

  test('asks the leader after three rounds in which no follower served it, and then the followers again', () => {
    const masters = new LearnerMasters(PORT, 77)
    const config = configOf([1, 2, 3])

    const tried = choices(masters, config, 2, 8)

    expect(tried.indexOf(null)).toBe(6)
    expect([1, 3]).toContain(tried[7])
  })

  test('has gone round when every follower was tried, wherever the leader is in the order', () => {
    for (const leader of [1, 2, 3]) {
      const masters = new LearnerMasters(PORT, 77)
      const config = configOf([1, 2, 3])

      const isOver = Array.from({ length: 5 }, () => {
        const before = masters.isRoundOver(leader)
        masters.choose(config, leader)
        return before
      })

      expect(isOver).toEqual([false, false, true, false, true])
    }
  })

  test('does not count rounds in which it was served', () => {
    const masters = new LearnerMasters(PORT, 77)
    const config = configOf([1, 2, 3])
    for (let i = 0; i < 20; i++) {
      expect(masters.choose(config, 2)).not.toBeNull()
      masters.served()
    }
  })

  test('asks the leader at once where there is no other voter', () => {
    expect(new LearnerMasters(PORT, 77).choose(configOf([1], [2]), 1)).toBeNull()
  })

  test('spreads over the followers', () => {
    const config = configOf([1, 2, 3])
    const first = Array.from({ length: 60 }, (_, index) =>
      new LearnerMasters(PORT, index * 7919 + 13).choose(config, 3)
    )
    const count = first.filter((master) => master?.sid === 1).length

    expect(count).toBeGreaterThan(10)
    expect(count).toBeLessThan(50)
  })

  test('takes those of a new configuration', () => {
    const masters = new LearnerMasters(PORT, 77)
    masters.choose(configOf([1, 2, 3]), 3)

    expect(new Set(choices(masters, configOf([3, 6, 7]), 3, 2))).toEqual(new Set([6, 7]))
  })
})
