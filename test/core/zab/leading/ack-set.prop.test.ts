import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { AckSet } from '../../../../src/core/zab/leading/ack-set.ts'
import { Electorate } from '../../../../src/core/zab/quorum/electorate.ts'
import { HierarchicalQuorum } from '../../../../src/core/zab/quorum/hierarchical.ts'
import { MajorityQuorum } from '../../../../src/core/zab/quorum/majority.ts'
import { OracleQuorum } from '../../../../src/core/zab/quorum/oracle.ts'
import type { QuorumVerifier } from '../../../../src/core/zab/quorum/quorum-verifier.ts'

/** Few enough to be numbered whatever the verifiers are, and so many that most sets of voters are not. */
const FEW = [0, 1, 2, 3, 7, 42, 254]
const MANY = Array.from({ length: 40 }, (_, index) => 3 * index)

/** What an `AckSet` must do, as plainly as it can be said. */
class Model {
  verifiers: readonly QuorumVerifier[]
  readonly sids = new Set<number>()

  constructor(verifiers: readonly QuorumVerifier[]) {
    this.verifiers = verifiers
  }

  add(sid: number): void {
    if (this.verifiers.some(({ voters }) => voters.has(sid))) this.sids.add(sid)
  }

  get isQuorum(): boolean {
    return this.verifiers.every((verifier) => verifier.isQuorum(this.sids))
  }

  /** Those that anybody asks about: the newest configuration's. */
  get newest(): number[] {
    return [...this.sids].filter((sid) => this.verifiers.at(-1)?.voters.has(sid)).sort((a, b) => a - b)
  }
}

interface Granting {
  isGranted: boolean
}

function verifiersAmong(sids: readonly number[], oracle: Granting): fc.Arbitrary<readonly QuorumVerifier[]> {
  const voters = fc.subarray([...sids], { minLength: 1 })
  const majority = voters.map((some): QuorumVerifier => new MajorityQuorum(some))
  const lone = fc.subarray([...sids], { minLength: 2, maxLength: 2 }).map((some): QuorumVerifier => {
    return new OracleQuorum(some, { sid: some[0] ?? 0, isGranted: () => oracle.isGranted })
  })
  const hierarchical = fc
    .tuple(voters, fc.array(fc.nat({ max: 3 }), { minLength: sids.length, maxLength: sids.length }))
    .map(([some, weights]): QuorumVerifier => {
      const groups = [0, 1, 2].map((id) => ({ id, members: sids.filter((_, index) => index % 3 === id) }))
      return new HierarchicalQuorum(some, groups, new Map(sids.map((sid, index) => [sid, weights[index] ?? 1])))
    })
  return fc.array(fc.oneof(majority, hierarchical, lone), { minLength: 1, maxLength: 2 })
}

type Deed =
  | { readonly kind: 'add' | 'remove'; readonly sid: number }
  | { readonly kind: 'newestOnly' }
  | { readonly kind: 'oracle'; readonly isGranted: boolean }

function deedsAmong(sids: readonly number[]): fc.Arbitrary<readonly Deed[]> {
  const sid = fc.constantFrom(...sids, 99)
  return fc.array(
    fc.oneof(
      { weight: 12, arbitrary: sid.map((one): Deed => ({ kind: 'add', sid: one })) },
      { weight: 3, arbitrary: sid.map((one): Deed => ({ kind: 'remove', sid: one })) },
      { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'newestOnly' }) },
      { weight: 2, arbitrary: fc.boolean().map((isGranted): Deed => ({ kind: 'oracle', isGranted })) }
    ),
    { maxLength: 60 }
  )
}

function sorted(acks: AckSet): number[] {
  return [...acks.sids].filter((sid) => acks.newest?.voters.has(sid)).sort((a, b) => a - b)
}

describe.each([
  { how: 'whose voters are numbered', sids: FEW },
  { how: 'of more voters than are numbered', sids: MANY }
])('the ACKs of an electorate $how', ({ sids }) => {
  test('are a quorum when all verifiers say so, whatever was added, removed and asked before', () => {
    const oracle = { isGranted: false }
    fc.assert(
      fc.property(
        verifiersAmong(sids, oracle),
        fc.array(deedsAmong(sids), { maxLength: 4 }),
        (verifiers, proposals) => {
          // What is remembered of one proposal must be right for the next one.
          const electorate = new Electorate(verifiers)
          for (const deeds of proposals) {
            oracle.isGranted = false
            const acks = new AckSet(electorate)
            const model = new Model(verifiers)
            for (const deed of deeds) {
              if (deed.kind === 'oracle') oracle.isGranted = deed.isGranted
              else if (deed.kind === 'newestOnly') {
                acks.needNewestOnly()
                model.verifiers = model.verifiers.slice(-1)
              } else if (deed.kind === 'add') {
                acks.add(deed.sid)
                model.add(deed.sid)
              } else {
                acks.remove(deed.sid)
                model.sids.delete(deed.sid)
              }
              expect(acks.isQuorum).toBe(model.isQuorum)
              expect(sorted(acks)).toEqual(model.newest)
            }
          }
        }
      )
    )
  })
})

describe('an electorate', () => {
  test('numbers up to twelve voters of all its verifiers together, and no more', () => {
    const verifier = (from: number, count: number): QuorumVerifier =>
      new MajorityQuorum(Array.from({ length: count }, (_, index) => from + index))

    expect(new Electorate([verifier(0, 12)]).isNumbered).toBe(true)
    expect(new Electorate([verifier(0, 13)]).isNumbered).toBe(false)
    expect(new Electorate([verifier(0, 8), verifier(4, 8)]).isNumbered).toBe(true)
    expect(new Electorate([verifier(0, 8), verifier(8, 8)]).isNumbered).toBe(false)
  })

  test('asks its verifiers once for each set of voters, and each time where an oracle has a say', () => {
    let asked = 0
    const counting = (isSteady: boolean): QuorumVerifier => ({
      voters: new Set([1, 2, 3]),
      isSteady,
      isQuorum: () => ++asked > 0,
      weight: () => 1
    })
    const ask = (electorate: Electorate, ...sids: readonly number[]): void => {
      const acks = new AckSet(electorate)
      for (const sid of sids) acks.add(sid)
      expect(acks.isQuorum).toBe(true)
    }
    const steady = new Electorate([counting(true)])
    const swaying = new Electorate([counting(false)])

    for (let times = 0; times < 3; times++) ask(steady, 1, 2)
    expect(asked).toBe(1)
    for (let times = 0; times < 3; times++) ask(swaying, 1, 2)
    expect(asked).toBe(4)
  })

  test('without a verifier is content with nothing', () => {
    expect(new AckSet(new Electorate([])).isQuorum).toBe(true)
  })
})
