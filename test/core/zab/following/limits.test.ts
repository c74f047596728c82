import { describe, expect, test } from '@jest/globals'
import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import { LeaderOutput } from '../../../../src/core/zab/following/leader-output.ts'
import { LeaderStream } from '../../../../src/core/zab/following/leader-stream.ts'
import { Proposals } from '../../../../src/core/zab/following/proposals.ts'
import { receivedTxn } from '../../../../src/core/zab/following/received-txn.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import type { PacketHandler } from '../../../../src/core/zab/wire/quorum-packet-reader.ts'
import { FakeFollowingHost } from './fake-following-host.ts'
import { commit, txnBytes } from './leader-bytes.ts'

/** What a pending proposal of these tests counts as, with its overhead. */
const PENDING_BYTES = txnBytes(2, 1).length + 100

describe('limits of memory', () => {
  test('bytes that come while the storage is at work are kept up to a limit', () => {
    const stream = new LeaderStream(1000, 50)
    const found: number[] = []
    const handler: PacketHandler = {
      packet: ({ type }) => {
        found.push(type)
        if (found.length === 1) stream.standStill('truncated')
      },
      raw: () => 0
    }
    stream.take(commit(2, 1), handler)
    stream.take(commit(2, 2), handler)
    stream.take(commit(2, 3), handler)

    expect(found).toEqual([4])
    expect(() => stream.take(Buffer.alloc(11), handler)).toThrow('more than 50 bytes')
  })

  test('what was kept counts no more once it has been handled', () => {
    const stream = new LeaderStream(1000, 50)
    let handledCount = 0
    const stopping: PacketHandler = {
      packet: () => {
        handledCount++
        stream.standStill('truncated')
      },
      raw: () => 0
    }
    stream.take(Buffer.concat([commit(2, 1), commit(2, 2), commit(2, 3)]), stopping)

    for (let turn = 0; turn < 10; turn++) {
      expect(stream.answered('truncated')).toBe(true)
      stream.goOn(stopping)
      stream.take(commit(2, 4), stopping)
    }

    expect(handledCount).toBe(11)
  })

  test('proposals wait for their commit up to a limit, and are counted only while they wait', () => {
    const host = new FakeFollowingHost()
    const output = new LeaderOutput(host, -1 as LinkId)
    const proposals = new Proposals(host, output, new CommitLog(10, 0), 2, 0, 2 * PENDING_BYTES)
    const propose = (lo: number): void => proposals.propose(receivedTxn(txnBytes(2, lo), 2, lo, true))
    for (let lo = 1; lo <= 20; lo++) {
      propose(lo)
      if (lo > 1) proposals.commit(2, lo - 1, null)
    }
    propose(21)

    expect(() => propose(22)).toThrow('wait for their commit')
    expect(host.logged).toHaveLength(21)
  })
})
