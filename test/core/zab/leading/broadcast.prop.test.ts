import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { toHex } from '../../../../src/protocol/int64.ts'
import { configOf, Harness, member } from './leading-harness.ts'

const EPOCH = 0x100000000n

type Step =
  | { readonly kind: 'propose' | 'reconfigure' }
  | { readonly kind: 'log'; readonly counter: number }
  | { readonly kind: 'ack'; readonly sid: number; readonly counter: number }
  | { readonly kind: 'leave' | 'join'; readonly sid: number }

const counter = fc.integer({ min: 1, max: 12 })
const sid = fc.integer({ min: 1, max: 7 })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('propose' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconfigure' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('log' as const), counter }) },
    { weight: 16, arbitrary: fc.record({ kind: fc.constant('ack' as const), sid, counter }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'join' as const), sid }) }
  ),
  { maxLength: 120, size: 'max' }
)

/** What should be so, kept the simplest way. */
class Model {
  readonly voters: { readonly version: bigint; readonly sids: readonly number[] }[] = [
    { version: 0n, sids: [1, 2, 3, 4, 5] }
  ]
  readonly proposals: {
    readonly zxid: bigint
    needed: readonly (readonly number[])[]
    readonly acks: Set<number>
  }[] = []
  logged = 0n
  committed = 0

  /** Commits whatever may be, in order. */
  settle(): void {
    for (;;) {
      const next = this.proposals[this.committed]
      if (next === undefined) return
      if (next.zxid <= this.logged) next.acks.add(2)
      if (!next.needed.every((sids) => sids.filter((each) => next.acks.has(each)).length > sids.length / 2)) return
      this.committed++
      const pending = this.voters[1]
      if (pending?.version !== next.zxid) continue
      this.voters.shift()
      for (const later of this.proposals.slice(this.committed)) later.needed = [pending.sids]
    }
  }
}

describe('broadcast, whatever happens to links and ACKs', () => {
  test('commits each proposal once, in order, exactly when every quorum that it needs has it', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const config = configOf([1, 2, 3, 4, 5].map((id) => member(id)))
        const { harness, one, three } = Harness.established({ start: { config } })
        const links = new Map<number, LinkId>([
          [1, one],
          [3, three]
        ])
        const streams = new Map<LinkId, string[]>()
        const model = new Model()
        harness.host.takeCalls()

        for (const step of all) {
          play(harness, model, links, step)
          for (const link of links.values()) {
            streams.set(link, [...(streams.get(link) ?? []), ...harness.host.take(link)])
          }
        }

        const committed = harness.host.takeCalls().filter((call) => call.startsWith('committed'))
        const expected = model.proposals.slice(0, model.committed).map(({ zxid }) => zxid)
        expect(committed).toEqual(expected.map((zxid) => `committed ${toHex(1, Number(zxid - EPOCH))}`))
        for (const stream of streams.values()) expectInOrder(stream)
        expect(harness.leading.close().map(({ zxidLo }) => zxidLo)).toEqual(
          model.proposals.slice(model.committed).map(({ zxid }) => Number(zxid - EPOCH))
        )
      }),
      { numRuns: 300 }
    )
  })
})

function play(harness: Harness, model: Model, links: Map<number, LinkId>, step: Step): void {
  switch (step.kind) {
    case 'propose':
    case 'reconfigure': {
      const zxid = EPOCH + BigInt(model.proposals.length + 1)
      const isReconfiguration = step.kind === 'reconfigure' && model.voters.length === 1
      const sids = model.proposals.length % 2 === 0 ? [2, 3, 4] : [1, 2, 5, 6]
      if (isReconfiguration) model.voters.push({ version: zxid, sids })
      model.proposals.push({ zxid, needed: model.voters.map((each) => each.sids), acks: new Set() })
      harness.propose(
        zxid,
        isReconfiguration
          ? configOf(
              sids.map((id) => member(id)),
              zxid
            )
          : null
      )
      return
    }
    case 'log': {
      const zxid = EPOCH + BigInt(Math.min(step.counter, model.proposals.length))
      model.logged = zxid > model.logged ? zxid : model.logged
      harness.logged(zxid)
      model.settle()
      return
    }
    case 'ack': {
      const link = links.get(step.sid)
      if (link === undefined) return
      model.proposals[step.counter - 1]?.acks.add(step.sid)
      harness.ack(link, EPOCH + BigInt(step.counter))
      model.settle()
      return
    }
    case 'leave': {
      const link = links.get(step.sid)
      if (link !== undefined) harness.leading.linkClosed(link)
      links.delete(step.sid)
      return
    }
    case 'join':
      if (step.sid === 2 || links.has(step.sid)) return
      links.set(step.sid, harness.join(step.sid))
      // The synchronisation may have cut it from its log: what it acknowledged before does not count any more.
      for (const { acks } of model.proposals.slice(model.committed)) acks.delete(step.sid)
      return
    default:
      step satisfies never
  }
}

/** On one link: proposals without a gap, each committed at most once, in order, and after its proposal. */
function expectInOrder(stream: readonly string[]): void {
  const zxids = (name: RegExp) => stream.filter((each) => name.test(each)).map((each) => each.split(' ')[1] ?? '')
  const proposed = zxids(/^proposal /)
  const committed = zxids(/^commit/)
  expect(proposed).toEqual([...new Set(proposed)].sort())
  expect(committed).toEqual(proposed.slice(0, committed.length))
  const shape = stream.map((each) => each.split(' ').slice(0, 2).join(' ').replace('commitAndActivate', 'commit'))
  for (const zxid of committed) {
    expect(shape.indexOf(`commit ${zxid}`)).toBeGreaterThan(shape.indexOf(`proposal ${zxid}`))
  }
}
