import { describe, expect, test } from '@jest/globals'
import { SessionIdSequence } from '../../../src/core/session/session-id.ts'
import { toBigInt } from '../../../src/protocol/int64.ts'

/** Upstream's formula, with 64-bit arithmetic as Java has it. */
function firstId(serverId: number, elapsedMs: number): bigint {
  const shifted = BigInt.asUintN(64, BigInt(elapsedMs) << 24n) >> 8n
  return BigInt.asIntN(64, shifted | (BigInt(serverId) << 56n))
}

function take(ids: SessionIdSequence): bigint {
  ids.next()
  return toBigInt(ids.hi, ids.lo)
}

describe('ids of sessions', () => {
  test.each([
    { serverId: 1, elapsedMs: 0, id: '0x100000000000000' },
    { serverId: 1, elapsedMs: 1, id: '0x100000000010000' },
    { serverId: 1, elapsedMs: 0x3760e9, id: '0x100003760e90000' },
    { serverId: 3, elapsedMs: 0xffff_ffff_ff, id: '0x3ffffffffff0000' },
    { serverId: 3, elapsedMs: 0x1_00_0000_0001, id: '0x300000000010000' },
    { serverId: 255, elapsedMs: 0x12_3456_789a, id: '-0xedcba987660000' },
    { serverId: 128, elapsedMs: 1, id: '-0x7fffffffffff0000' }
  ])('server $serverId after $elapsedMs ms begins with $id', ({ serverId, elapsedMs, id }) => {
    const first = take(new SessionIdSequence(serverId, elapsedMs))

    expect(first).toBe(firstId(serverId, elapsedMs))
    expect((first < 0n ? '-0x' : '0x') + (first < 0n ? -first : first).toString(16)).toBe(id)
  })

  test('a fraction of a millisecond does not count', () => {
    expect(take(new SessionIdSequence(1, 5000.75))).toBe(firstId(1, 5000))
  })

  test('count up by one', () => {
    const ids = new SessionIdSequence(2, 777)

    expect([take(ids), take(ids), take(ids)]).toEqual([firstId(2, 777), firstId(2, 777) + 1n, firstId(2, 777) + 2n])
  })

  test('carry into the high word', () => {
    const ids = new SessionIdSequence(1, 0xffff)
    for (let count = 0; count < 0x10000; count++) ids.next()

    expect(take(ids)).toBe(firstId(1, 0x10000))
  })

  test('never are the owner of container nodes, 0x8000000000000000', () => {
    expect(take(new SessionIdSequence(128, 0))).toBe(BigInt.asIntN(64, 0x8000000000000001n))
  })

  test('never are 0, which stands for no session', () => {
    expect(take(new SessionIdSequence(0, 0))).toBe(1n)
  })
})
