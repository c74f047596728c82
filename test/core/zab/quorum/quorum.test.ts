import { describe, expect, test } from '@jest/globals'
import { parseConfigText } from '../../../../src/core/zab/membership/config-text.ts'
import { HierarchicalQuorum } from '../../../../src/core/zab/quorum/hierarchical.ts'
import { MajorityQuorum } from '../../../../src/core/zab/quorum/majority.ts'
import { isQuorumOfAll, verifierOf, verifiersOf } from '../../../../src/core/zab/quorum/verifier-of.ts'

describe('a majority', () => {
  test.each([
    { voters: [1, 2, 3], sids: [1, 2], isQuorum: true },
    { voters: [1, 2, 3], sids: [3], isQuorum: false },
    { voters: [1, 2, 3], sids: [3, 4, 5], isQuorum: false },
    { voters: [1, 2, 3, 4], sids: [1, 2], isQuorum: false },
    { voters: [1, 2, 3, 4], sids: [1, 2, 4], isQuorum: true },
    { voters: [1], sids: [1], isQuorum: true },
    { voters: [1], sids: [], isQuorum: false },
    { voters: [], sids: [1], isQuorum: false }
  ])('of $voters: $sids → $isQuorum', ({ voters, sids, isQuorum }) => {
    expect(new MajorityQuorum(voters).isQuorum(new Set(sids))).toBe(isQuorum)
  })
})

describe('a hierarchical quorum', () => {
  const groups = [
    { id: 1, members: [1, 2, 3] },
    { id: 2, members: [4, 5, 6] },
    { id: 3, members: [7, 8, 9] }
  ]
  const voters = [1, 2, 3, 4, 5, 6, 7, 8, 9]

  test.each([
    { sids: [1, 2, 4, 5], isQuorum: true },
    { sids: [1, 2, 3, 4, 7], isQuorum: false },
    { sids: [2, 3, 8, 9], isQuorum: true },
    { sids: [1, 2, 3], isQuorum: false },
    { sids: [], isQuorum: false }
  ])('needs most of most groups: $sids → $isQuorum', ({ sids, isQuorum }) => {
    expect(new HierarchicalQuorum(voters, groups, new Map()).isQuorum(new Set(sids))).toBe(isQuorum)
  })

  test.each([
    { sids: [1, 4, 5], isQuorum: true },
    { sids: [2, 3, 4, 5], isQuorum: false },
    { sids: [2, 4, 5], isQuorum: false },
    { sids: [1, 4, 7, 8, 9], isQuorum: false }
  ])('counts weights, and leaves out the group without any: $sids → $isQuorum', ({ sids, isQuorum }) => {
    const weights = new Map([
      [1, 5],
      [7, 0],
      [8, 0],
      [9, 0]
    ])

    expect(new HierarchicalQuorum(voters, groups, weights).isQuorum(new Set(sids))).toBe(isQuorum)
  })

  test('of groups without any weight there is none', () => {
    const weights = new Map([
      [1, 0],
      [2, 0]
    ])

    expect(new HierarchicalQuorum([1, 2], [{ id: 1, members: [1, 2] }], weights).isQuorum(new Set([1, 2]))).toBe(false)
  })

  test('the weight of an observer counts in its group, its vote does not', () => {
    const verifier = new HierarchicalQuorum([1, 2], [{ id: 1, members: [1, 2, 3] }], new Map([[3, 2]]))

    expect(verifier.isQuorum(new Set([1, 2, 3]))).toBe(false)
  })

  test('voters weigh 1 unless told otherwise, others nothing', () => {
    const verifier = new HierarchicalQuorum([1, 2], [{ id: 1, members: [1, 2] }], new Map([[2, 0]]))

    expect([1, 2, 3].map((sid) => verifier.weight(sid))).toEqual([1, 0, 0])
  })
})

describe('the quorums of a configuration', () => {
  const MAJORITY = parseConfigText('server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\nversion=1')
  const LATER = parseConfigText('server.2=b:1:2\nserver.3=c:1:2\nversion=2')
  const GROUPS = parseConfigText('server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\nweight.2=3\nversion=1')

  test('are majorities of the participants', () => {
    expect([...verifierOf(MAJORITY).voters]).toEqual([1, 2])
    expect(verifierOf(MAJORITY).isQuorum(new Set([1, 3]))).toBe(false)
  })

  test('are hierarchical where there are groups', () => {
    expect(verifierOf(GROUPS).isQuorum(new Set([2]))).toBe(true)
    expect(verifierOf(GROUPS).isQuorum(new Set([1]))).toBe(false)
  })

  test('are needed of both configurations while a later one is pending', () => {
    const verifiers = verifiersOf(MAJORITY, LATER)

    expect(isQuorumOfAll(verifiers, new Set([1, 2]))).toBe(false)
    expect(isQuorumOfAll(verifiers, new Set([1, 2, 3]))).toBe(true)
  })

  test.each([{ lastSeen: null }, { lastSeen: MAJORITY }])(
    'are of the one in force alone when nothing is pending',
    ({ lastSeen }) => {
      expect(verifiersOf(MAJORITY, lastSeen)).toHaveLength(1)
    }
  )
})
