import { describe, expect, test } from '@jest/globals'
import { EnsembleMeter } from '../../../src/core/ensemble/ensemble-meter.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { ServerState } from '../../../src/core/zab/vote.ts'

const OWN = 3

function meterAt(wallMs: number) {
  const metrics = createMetrics()
  return { metrics, meter: new EnsembleMeter(metrics, OWN, () => wallMs) }
}

/** A transaction's bytes as far as the time in its header. */
function txnOf(timeMs: number): Buffer {
  const bytes = Buffer.alloc(32)
  bytes.writeBigInt64BE(BigInt(timeMs), 20)
  return bytes
}

describe('what a member of an ensemble measures', () => {
  test('an election, then the time without service, once: again only after the service was lost', () => {
    const { metrics, meter } = meterAt(0)
    meter.looking(1000)
    meter.elected(ServerState.leading, true, 1300)
    meter.stageIs(ServerState.leading, 'discovery', 1300)
    meter.stageIs(ServerState.leading, 'synchronization', 1350)
    meter.stageIs(ServerState.leading, 'broadcast', 1400)
    meter.stageIs(ServerState.leading, 'broadcast', 1500)
    expect(metrics.lookingCount.value).toBe(1)
    expect(metrics.electionTime).toMatchObject({ count: 1, sum: 300 })
    expect(metrics.unavailableTime).toMatchObject({ count: 1, sum: 400 })
    expect(metrics.leaderUnavailableTime).toMatchObject({ count: 1, sum: 400 })
    expect(metrics.followerSyncTime.count).toBe(0)
  })

  test('a failed attempt counts into the time without service', () => {
    const { metrics, meter } = meterAt(0)
    meter.looking(1000)
    meter.elected(ServerState.following, true, 1200)
    meter.stageIs(ServerState.following, 'discovery', 1200)
    meter.looking(2000)
    meter.elected(ServerState.following, true, 2100)
    meter.stageIs(ServerState.following, 'discovery', 2100)
    meter.stageIs(ServerState.following, 'synchronization', 2110)
    meter.stageIs(ServerState.following, 'broadcast', 2150)
    expect(metrics.lookingCount.value).toBe(2)
    expect(metrics.electionTime).toMatchObject({ count: 2, sum: 300 })
    expect(metrics.unavailableTime).toMatchObject({ count: 1, sum: 1150 })
    expect(metrics.leaderUnavailableTime.count).toBe(0)
    expect(metrics.followerSyncTime).toMatchObject({ count: 1, sum: 40 })
  })

  test('an observer has no election of its own, and a leader designated by a reconfiguration none at all', () => {
    const { metrics, meter } = meterAt(0)
    meter.looking(1000)
    meter.elected(ServerState.observing, true, 1200)
    meter.stageIs(ServerState.observing, 'synchronization', 1210)
    meter.stageIs(ServerState.observing, 'broadcast', 1230)
    meter.elected(ServerState.following, false, 5000)
    meter.stageIs(ServerState.following, 'synchronization', 5010)
    meter.stageIs(ServerState.following, 'broadcast', 5040)
    expect(metrics.electionTime.count).toBe(0)
    expect(metrics.observerSyncTime).toMatchObject({ count: 1, sum: 20 })
    expect(metrics.followerSyncTime).toMatchObject({ count: 1, sum: 30 })
    expect(metrics.unavailableTime).toMatchObject({ count: 2, sum: 270 })
  })

  test('latencies are ages by the time in the header; one from a clock ahead is left out', () => {
    const { metrics, meter } = meterAt(10_000)
    meter.proposalReceived(txnOf(9990))
    meter.proposalReceived(txnOf(10_005))
    meter.commitReceived(txnOf(9980))
    meter.following.acknowledged(txnOf(9985))
    expect(metrics.learnerProposalReceivedCount.value).toBe(2)
    expect(metrics.proposalLatency.all).toMatchObject({ count: 1, sum: 10 })
    expect(metrics.commitPropagationLatency.all).toMatchObject({ count: 1, sum: 20 })
    expect(metrics.proposalAckCreationLatency.all).toMatchObject({ count: 1, sum: 15 })
  })

  test.each([
    { zxid: 0x1_0000_0000n, isTimed: false },
    { zxid: 4_294_968_000n, isTimed: true },
    { zxid: 0x7_0000_0000n + 928n, isTimed: true },
    { zxid: 0x7_ffff_ffffn, isTimed: false }
  ])('an ACK is timed by server for every thousandth zxid: $zxid', ({ zxid, isTimed }) => {
    expect(zxid % 1000n === 0n).toBe(isTimed)
    const { metrics, meter } = meterAt(10_000)
    meter.acknowledged(2, Number(zxid >> 32n), Number(BigInt.asIntN(32, zxid)), txnOf(9993))
    expect(metrics.ackLatency.byLabel.get('2')?.all.sum).toBe(isTimed ? 7 : undefined)
    expect(metrics.proposalAckCreationLatency.all.count).toBe(0)
  })

  test("the leader's own ACK is the creation of one; commits and synchronisations are counted", () => {
    const { metrics, meter } = meterAt(10_000)
    meter.acknowledged(OWN, 1, 1, txnOf(9998))
    meter.quorumAcknowledged(txnOf(9996))
    meter.syncsChanged('snap', 1, true)
    meter.syncsChanged('snap', 0, false)
    meter.syncsChanged('diff', 2, true)
    expect(metrics.proposalAckCreationLatency.all).toMatchObject({ count: 1, sum: 2 })
    expect(metrics.quorumAckLatency.all).toMatchObject({ count: 1, sum: 4 })
    expect([metrics.commitCount.value, metrics.requestCommitQueued.value]).toEqual([1, 1])
    expect([metrics.snapCount.value, metrics.diffCount.value]).toEqual([1, 1])
    expect(metrics.inflightSnapCount).toMatchObject({ count: 2, sum: 1 })
    expect(metrics.inflightDiffCount).toMatchObject({ count: 1, sum: 2 })
  })
})
