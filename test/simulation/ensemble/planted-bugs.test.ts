import { describe, expect, jest, test } from '@jest/globals'
import type { Proposals as RealProposals } from '../../../src/core/zab/following/proposals.ts'
import type { ReceivedTxn } from '../../../src/core/zab/following/received-txn.ts'
import type { Vote } from '../../../src/core/zab/vote.ts'
import { OpCode, Xid } from '../../../src/protocol/op-code.ts'
import type { Sabotage, SabotagedProcess } from '../../../src/simulator/sabotage.ts'
import { simulate } from '../../../src/simulator/simulation.ts'
import { hunt, type PlantedBug, withChanged, withProperties } from './planted.ts'

// Pure computing: on a machine that has much else to do it takes many times as long.
jest.setTimeout(300_000)

/** Of the chaos in each of these simulations. */
const CHAOS_MS = 8000

interface PlantedFault {
  readonly fault: string
  readonly sabotage: Sabotage
  /** Within how many seeds it must be found. */
  readonly seeds: number
}

const isEvent = (frame: Buffer): boolean => frame.length > 16 && frame.readInt32BE(0) === Xid.notification

/** Closes, as if it led, sessions that are not heard of here. */
function expireAsFollower({ member, sessions }: SabotagedProcess, nowMs: number): void {
  const following = member?.following?.following
  if (following?.isServing !== true) return
  sessions.forEach((session) => {
    if (nowMs - session.lastSeenMs < session.timeoutMs) return
    following.request(session.idHi, session.idLo, 0, OpCode.closeSession, null, null)
    sessions.touch(session, nowMs)
  })
}

const WORLD_FAULTS: readonly PlantedFault[] = [
  {
    fault: 'transactions are acknowledged before they are durable',
    sabotage: { disk: { persistsEarly: true } },
    seeds: 5
  },
  { fault: 'currentEpoch is not written', sabotage: { disk: { forgetsCurrentEpoch: true } }, seeds: 5 },
  { fault: 'acceptedEpoch is not written', sabotage: { disk: { forgetsAcceptedEpoch: true } }, seeds: 5 },
  { fault: 'TRUNC is lost', sabotage: { disk: { forgetsTruncation: true } }, seeds: 150 },
  {
    fault: 'watch events are sent behind the data',
    sabotage: { output: (frames) => [...frames.filter((each) => !isEvent(each)), ...frames.filter(isEvent)] },
    seeds: 5
  },
  {
    fault: 'watch events get lost',
    sabotage: { output: (frames) => frames.filter((each) => !isEvent(each)) },
    seeds: 5
  },
  { fault: 'a follower expires sessions', sabotage: { stepped: expireAsFollower }, seeds: 5 }
]

describe('what is wrong in the world is found', () => {
  test.each(WORLD_FAULTS)('$fault: within $seeds seeds', ({ sabotage, seeds }) => {
    const found = hunt(simulate, seeds, { sabotage, chaosMs: CHAOS_MS, features: {} })

    expect(found).not.toBeNull()
  })
})

const CODE_BUGS: readonly PlantedBug[] = [
  {
    bug: 'a leader commits without a quorum',
    seeds: 5,
    module: 'src/core/zab/leading/ack-set.ts',
    change: ({ AckSet }) => ({ AckSet: withProperties(AckSet, { isQuorum: { value: true } }) })
  },
  {
    bug: 'the epoch of a learner is stored before what waits to be logged',
    seeds: 200,
    module: 'src/core/pipeline/log-batcher.ts',
    change: ({ LogBatcher }) => ({ LogBatcher: withProperties(LogBatcher, { handOver: { value: () => 0 } }) })
  },
  {
    bug: 'votes are ordered by ids',
    seeds: 200,
    module: 'src/core/zab/election/vote-order.ts',
    change: () => ({ isBetterVote: (a: Vote, b: Vote) => a.leader > b.leader })
  },
  {
    bug: 'a session may be used by way of two servers at once',
    seeds: 100,
    chaosMs: 14_000,
    module: 'src/core/session/session.ts',
    change: ({ Session }) => ({
      Session: withProperties(Session, { owner: { get: () => null, set: () => undefined } })
    })
  },
  {
    bug: 'a follower applies what is proposed before it is committed',
    seeds: 5,
    module: 'src/core/zab/following/proposals.ts',
    change: ({ Proposals }) => ({ Proposals: withEagerCommits(Proposals as typeof RealProposals) })
  },
  {
    bug: 'an old learner is brought up by less than it lacks',
    seeds: 5,
    module: 'src/core/zab/leading/history.ts',
    change: ({ History }) => ({ History: withProperties(History, { isAtEnd: { value: () => true } }) })
  },
  {
    bug: 'the sessions of a snapshot are forgotten',
    seeds: 10,
    module: 'src/core/session/session-table.ts',
    change: ({ SessionTable }) => ({
      SessionTable: withProperties(SessionTable, { restore: { value: () => undefined } })
    })
  }
]

function withEagerCommits(real: typeof RealProposals): unknown {
  return class extends real {
    override propose(txn: ReceivedTxn): void {
      super.propose(txn)
      super.commit(txn.zxidHi, txn.zxidLo, null)
    }

    override commit(): void {
      // It is already.
    }
  }
}

describe('what is wrong in the code is found', () => {
  test.each(CODE_BUGS)('$bug: within $seeds seeds', ({ seeds, chaosMs = CHAOS_MS, ...changed }) => {
    const found = hunt(withChanged(changed), seeds, { chaosMs, features: {} })

    expect(found).not.toBeNull()
  })
})
