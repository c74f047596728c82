import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { HierarchicalQuorum } from '../../../../src/core/zab/quorum/hierarchical.ts'
import { MajorityQuorum } from '../../../../src/core/zab/quorum/majority.ts'
import type { QuorumVerifier } from '../../../../src/core/zab/quorum/quorum-verifier.ts'

const SIDS = [1, 2, 3, 4, 5, 6, 7, 8, 9]

const majority: fc.Arbitrary<QuorumVerifier> = fc.subarray(SIDS).map((voters) => new MajorityQuorum(voters))

const hierarchical: fc.Arbitrary<QuorumVerifier> = fc
  .record({
    groupOf: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: SIDS.length, maxLength: SIDS.length }),
    weights: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: SIDS.length, maxLength: SIDS.length }),
    voters: fc.subarray(SIDS, { minLength: 1 })
  })
  .map(({ groupOf, weights, voters }) => {
    const groups = [1, 2, 3, 4].map((id) => ({ id, members: SIDS.filter((_sid, index) => groupOf[index] === id) }))
    return new HierarchicalQuorum(voters, groups, new Map(SIDS.map((sid, index) => [sid, weights[index] ?? 1])))
  })

describe.each([
  { kind: 'majorities', verifiers: majority },
  { kind: 'hierarchical quorums', verifiers: hierarchical }
])('$kind', ({ verifiers }) => {
  test('two of one verifier have a voter in common', () => {
    fc.assert(
      fc.property(verifiers, fc.subarray(SIDS), fc.subarray(SIDS), (verifier, a, b) => {
        fc.pre(verifier.isQuorum(new Set(a)) && verifier.isQuorum(new Set(b)))
        expect(a.filter((sid) => b.includes(sid) && verifier.voters.has(sid))).not.toEqual([])
      })
    )
  })

  test('stay quorums when servers are added', () => {
    fc.assert(
      fc.property(verifiers, fc.subarray(SIDS), fc.subarray(SIDS), (verifier, quorum, more) => {
        fc.pre(verifier.isQuorum(new Set(quorum)))
        expect(verifier.isQuorum(new Set([...quorum, ...more]))).toBe(true)
      })
    )
  })

  test('a set and all the rest are not quorums both', () => {
    fc.assert(
      fc.property(verifiers, fc.subarray(SIDS), (verifier, sids) => {
        const rest = SIDS.filter((sid) => !sids.includes(sid))
        expect(verifier.isQuorum(new Set(sids)) && verifier.isQuorum(new Set(rest))).toBe(false)
      })
    )
  })
})
