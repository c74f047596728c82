import { describe, expect, test } from '@jest/globals'
import { isAgreement, isBetterVote } from '../../../../src/core/zab/election/vote-order.ts'
import { ServerState, type Vote } from '../../../../src/core/zab/vote.ts'

const { looking, following, leading } = ServerState
const VOTE: Vote = { leader: 2, zxidHi: 1, zxidLo: 5, peerEpoch: 3, electionEpoch: 7 }

describe('a vote is better', () => {
  test.each([
    { reason: 'by its epoch', a: { peerEpoch: 4, zxidHi: 0, leader: 1 }, isBetter: true },
    { reason: 'by its zxid in one epoch', a: { zxidLo: 6, leader: 1 }, isBetter: true },
    { reason: 'by the high half of the zxid', a: { zxidHi: 2, zxidLo: 0, leader: 1 }, isBetter: true },
    { reason: 'by an unsigned low half', a: { zxidLo: -1, leader: 1 }, isBetter: true },
    { reason: 'by its leader in the end', a: { leader: 3 }, isBetter: true },
    { reason: 'not when equal', a: {}, isBetter: false },
    { reason: 'not by a later round', a: { electionEpoch: 99 }, isBetter: false },
    { reason: 'not with an earlier epoch', a: { peerEpoch: 2, zxidHi: 9, leader: 9 }, isBetter: false },
    { reason: 'not with an earlier zxid', a: { zxidLo: 4, leader: 9 }, isBetter: false }
  ])('$reason', ({ a, isBetter }) => {
    expect(isBetterVote({ ...VOTE, ...a }, VOTE)).toBe(isBetter)
  })
})

describe('two servers agree', () => {
  test.each([
    { name: 'both looking, all equal', a: looking, b: looking, other: {}, agree: true },
    { name: 'both looking, another zxid', a: looking, b: looking, other: { zxidLo: 6 }, agree: false },
    { name: 'both looking, another round', a: looking, b: looking, other: { electionEpoch: 8 }, agree: false },
    { name: 'one looking, all equal', a: leading, b: looking, other: {}, agree: true },
    { name: 'one looking, another epoch', a: leading, b: looking, other: { peerEpoch: 4 }, agree: false },
    {
      name: 'settled, zxid and round differ',
      a: leading,
      b: following,
      other: { zxidLo: 6, electionEpoch: 1 },
      agree: true
    },
    { name: 'settled, epochs differ', a: leading, b: following, other: { peerEpoch: 4 }, agree: false },
    { name: 'settled, leaders differ', a: leading, b: following, other: { leader: 3 }, agree: false }
  ])('$name → $agree', ({ a, b, other, agree }) => {
    const first = { vote: VOTE, state: a, version: 2 }

    expect(isAgreement(first, { vote: { ...VOTE, ...other }, state: b, version: 2 })).toBe(agree)
  })

  test('on the leader alone where only one of the settled ones has a version', () => {
    const old = { vote: { ...VOTE, peerEpoch: 9 }, state: following, version: 0 }

    expect(isAgreement({ vote: VOTE, state: leading, version: 2 }, old)).toBe(true)
  })
})
