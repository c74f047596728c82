import { describe, expect, jest, test } from '@jest/globals'
import { JuteWriter } from 'jute-ts'
import { Electorate } from '../../../src/core/zab/quorum/electorate.ts'
import type { QuorumVerifier } from '../../../src/core/zab/quorum/quorum-verifier.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import type { Features } from '../../../src/simulator/features.ts'
import type { Sabotage, SabotagedProcess } from '../../../src/simulator/sabotage.ts'
import { simulate } from '../../../src/simulator/simulation.ts'
import { hunt, type PlantedBug, withChanged, withProperties } from './planted.ts'

// Pure computing: on a machine that has much else to do it takes many times as long.
jest.setTimeout(300_000)

/** Of the chaos in each of these simulations. */
const CHAOS_MS = 8000

const RECONFIG = { reconfig: true, spares: 2 }

interface PlantedFeatureBug extends PlantedBug {
  /** What the simulations go through; the rest is off. */
  readonly features: Partial<Features>
}

const BUGS: readonly PlantedFeatureBug[] = [
  {
    bug: 'a reconfiguration is committed by the old quorum alone',
    features: RECONFIG,
    seeds: 5,
    module: 'src/core/zab/leading/configurations.ts',
    change: ({ Configurations }) => ({
      Configurations: withProperties(Configurations, {
        electorate: {
          get(this: { currentVerifier: QuorumVerifier }) {
            return new Electorate([this.currentVerifier])
          }
        }
      })
    })
  },
  {
    bug: 'a reconfiguration is taken although no quorum of it follows',
    features: RECONFIG,
    seeds: 20,
    module: 'src/core/zab/leading/leading.ts',
    change: ({ Leading }) => ({ Leading: withProperties(Leading, { isQuorumSynced: { value: () => true } }) })
  },
  {
    bug: 'a learner acts by a reconfiguration that is not committed',
    features: RECONFIG,
    seeds: 10,
    module: 'src/core/zab/following/proposals.ts',
    change: ({ Proposals }) => ({ Proposals: withProperties(Proposals, { isConfigPending: { value: () => false } }) })
  },
  {
    bug: 'a reconfiguration is acknowledged before it is stored',
    features: RECONFIG,
    seeds: 10,
    module: 'src/core/ensemble/member.ts',
    change: ({ Member }) => ({ Member: withProperties(Member, { isConfigurationUnwritten: { value: false } }) })
  },
  {
    bug: 'a leader that a reconfiguration has replaced commits on',
    features: RECONFIG,
    seeds: 10,
    module: 'src/core/zab/leading/broadcast.ts',
    change: ({ Broadcast }) => ({ Broadcast: withProperties(Broadcast, { depose: { value: () => undefined } }) })
  },
  {
    bug: 'nobody notices that quorum addresses have changed',
    features: RECONFIG,
    seeds: 60,
    module: 'src/core/zab/membership/member-of.ts',
    change: () => ({ quorumAddressesOf: () => '' })
  },
  {
    bug: 'groups are counted flat',
    features: { groups: true },
    seeds: 10,
    module: 'src/core/zab/quorum/hierarchical.ts',
    change: ({ HierarchicalQuorum }) => ({
      HierarchicalQuorum: withProperties(HierarchicalQuorum, {
        isQuorum: {
          value(this: QuorumVerifier, sids: ReadonlySet<number>) {
            return [...this.voters].filter((sid) => sids.has(sid)).length * 2 > this.voters.size
          }
        }
      })
    })
  },
  {
    bug: 'a local session has ephemeral nodes without becoming a global one',
    features: { localSessions: 'upgraded' },
    seeds: 5,
    module: 'src/core/pipeline/ephemeral-create.ts',
    change: () => ({ createsEphemeral: () => false })
  },
  {
    bug: 'a local session whose upgrade was never committed stays as a global one',
    features: { localSessions: 'upgraded' },
    seeds: 50,
    module: 'src/core/session/session-table.ts',
    change: ({ SessionTable }) => ({ SessionTable: withLeakingUpgrades(SessionTable) })
  },
  {
    bug: 'TTL nodes go at half their time',
    features: { nodeKinds: true },
    seeds: 5,
    module: 'src/core/tree/owner-kind.ts',
    change: ({ ttlMs }) => ({
      ttlMs: (hi: number, lo: number) => (ttlMs as (...words: number[]) => number)(hi, lo) / 2
    })
  },
  {
    bug: 'containers go although they never had a child',
    features: { nodeKinds: true },
    seeds: 5,
    module: 'src/core/tree/lifetime.ts',
    change: () => ({ isContainerDone: ({ childCount }: { childCount: number }) => childCount === 0 })
  },
  {
    bug: 'zxids run over into the next epoch without an election',
    features: { epochTxnCount: 20 },
    seeds: 5,
    module: 'src/core/zab/leading/broadcast.ts',
    change: ({ Broadcast }) => ({ Broadcast: withProperties(Broadcast, { isExhausted: { value: false } }) }),
    also: {
      module: 'src/core/pipeline/write-order.ts',
      change: ({ WriteOrder }) => ({ WriteOrder: withProperties(WriteOrder, { isExhausted: { value: false } }) })
    }
  },
  {
    bug: 'a leader logs more than its epoch has zxids for',
    features: { epochTxnCount: 5 },
    seeds: 10,
    module: 'src/core/pipeline/write-order.ts',
    change: ({ WriteOrder }) => ({ WriteOrder: withProperties(WriteOrder, { isExhausted: { value: false } }) })
  },
  {
    bug: "a leader's snapshot counts as installed although it was not written",
    features: { badSnapshots: true },
    seeds: 50,
    module: 'src/core/ensemble/member.ts',
    change: ({ Member }) => ({ Member: withBlindInstallations(Member) })
  },
  {
    bug: 'an observer master answers all syncs as its own',
    features: { observerMasters: true },
    seeds: 5,
    module: 'src/core/zab/observer-master/awaited-answers.ts',
    change: ({ AwaitedAnswers }) => ({
      AwaitedAnswers: withProperties(AwaitedAnswers, { takeSync: { value: () => null } })
    })
  },
  {
    bug: 'each of two voters goes on alone, whatever the oracle says',
    features: { oracle: true },
    seeds: 5,
    module: 'src/core/zab/quorum/oracle.ts',
    change: ({ OracleQuorum }) => ({
      OracleQuorum: withProperties(
        OracleQuorum,
        lonely((sids) => sids.size > 0)
      )
    })
  },
  {
    bug: "by the oracle's word a leader commits what it has not on its disk",
    features: { oracle: true },
    seeds: 20,
    module: 'src/core/zab/quorum/oracle.ts',
    change: ({ OracleQuorum }) => ({ OracleQuorum: withForgottenLog(OracleQuorum) })
  },
  {
    bug: 'a leader is not told that its quorum port is taken',
    features: { takenPorts: true },
    seeds: 10,
    module: 'src/core/input-batch.ts',
    change: ({ InputBatch }) => ({
      InputBatch: withProperties(InputBatch, { pushLearnerPortFailed: { value: () => undefined } })
    })
  },
  {
    bug: 'limits of subtrees do not count what is prepared and not applied yet',
    features: { prefixLimits: true },
    seeds: 10,
    module: 'src/core/pipeline/prepare/prefix-totals.ts',
    change: ({ PrefixTotals }) => ({
      PrefixTotals: withProperties(PrefixTotals, { proposed: { value: () => undefined } })
    })
  },
  {
    bug: 'totals of limited subtrees are not counted anew when the tree has become another',
    features: { prefixLimits: true },
    seeds: 60,
    module: 'src/core/tree/counted-subtrees.ts',
    change: ({ CountedSubtrees }) => ({
      CountedSubtrees: withProperties(CountedSubtrees, { recount: { value: () => undefined } })
    })
  },
  {
    bug: 'a read-only server acknowledges writes',
    features: { readOnly: true, localSessions: 'upgraded' },
    seeds: 10,
    module: 'src/core/pipeline/refused-writes.ts',
    change: ({ RefusedWrites }) => ({ RefusedWrites: withProperties(RefusedWrites, { submit: { value: () => 0 } }) })
  }
]

type Sids = ReadonlySet<number>

/** A quorum of two voters where one alone is enough under a condition. */
function lonely(isEnough: (sids: Sids) => boolean): PropertyDescriptorMap {
  return {
    isQuorum: {
      value(this: QuorumVerifier, sids: Sids) {
        const known = [...this.voters].filter((sid) => sids.has(sid))
        return known.length * 2 > this.voters.size || (this.voters.size === 2 && isEnough(new Set(known)))
      }
    }
  }
}

/** Where one voter may go on alone, it need not be among those who have something. */
function withForgottenLog(real: unknown): unknown {
  type Parts = [voters: Iterable<number>, lone: { sid: number; isGranted(): boolean }]
  return class extends (real as new (...parts: Parts) => { isQuorum(sids: Sids): boolean }) {
    readonly #lone: Parts[1]

    constructor(...parts: Parts) {
      super(...parts)
      this.#lone = parts[1]
    }

    override isQuorum(sids: Sids): boolean {
      return super.isQuorum(sids) || this.#lone.isGranted()
    }
  }
}

function withLeakingUpgrades(real: unknown): unknown {
  return class extends (real as new (...parts: unknown[]) => { upgrade(session: object): void }) {
    override upgrade(session: { isUpgrading: boolean }): void {
      super.upgrade(session)
      session.isUpgrading = false
    }
  }
}

function withBlindInstallations(real: unknown): unknown {
  return class extends (real as new (...parts: unknown[]) => { snapshotDone(isWritten: boolean): boolean }) {
    override snapshotDone(): boolean {
      return super.snapshotDone(true)
    }
  }
}

/** Has the leader delete what is due by this server's own clock. */
function reapAsFollower({ member, tree }: SabotagedProcess, _nowMs: number, wallMs: number): void {
  const following = member?.following?.following
  if (following?.isServing !== true) return
  for (const path of tree.reapCandidates(wallMs, 0)) {
    const body = new JuteWriter(64)
    body.writeString(path)
    following.request(0, 0, 0, OpCode.deleteContainer, body.bytes(), null)
  }
}

const WORLD_FAULTS: readonly { fault: string; sabotage: Sabotage; features: Partial<Features>; seeds: number }[] = [
  {
    fault: 'a follower reaps TTL nodes by its own clock',
    sabotage: { stepped: reapAsFollower },
    features: { nodeKinds: true },
    seeds: 10
  }
]

describe('what is wrong in the code for less usual ensembles is found', () => {
  test.each(BUGS)('$bug: within $seeds seeds', ({ features, seeds, ...changed }) => {
    const found = hunt(withChanged(changed), seeds, { chaosMs: CHAOS_MS, features })

    expect(found).not.toBeNull()
  })

  test.each(WORLD_FAULTS)('$fault: within $seeds seeds', ({ sabotage, features, seeds }) => {
    const found = hunt(simulate, seeds, { sabotage, chaosMs: CHAOS_MS, features })

    expect(found).not.toBeNull()
  })
})
