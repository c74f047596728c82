import { describe, expect, test } from '@jest/globals'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import { diff, leaderInfo, packetBytes } from './leader-bytes.ts'
import { INIT_LIMIT_MS, Learner } from './learner.ts'

describe('a learner that connects', () => {
  test('says nothing before the link is open', () => {
    const { host } = new Learner({ isConnected: false })

    expect(host.sentNames).toEqual([])
  })

  test('gives up when the link does not open', () => {
    const { host, following } = new Learner({ isConnected: false })

    following.linkClosed()

    expect(host.resignedFor).toBe('could not connect to leader 2')
  })

  test('gives up when that takes longer than initLimit', () => {
    const { host, following } = new Learner({ isConnected: false, start: { nowMs: 500 } })

    following.tick(500 + INIT_LIMIT_MS - 1)
    const before = host.resignedFor
    following.tick(following.nextDeadlineMs)

    expect(before).toBeNull()
    expect(host.resignedFor).toBe('could not connect to leader 2 in time')
  })
})

describe('a learner that has connected', () => {
  test.each([
    { isObserver: false, name: 'followerInfo' },
    { isObserver: true, name: 'observerInfo' }
  ])('introduces itself with $name, its accepted epoch, sid and configuration', ({ isObserver, name }) => {
    const { host } = new Learner({ settings: { isObserver }, start: { acceptedEpoch: 7 } })

    expect(host.sent).toMatchObject([{ name, zxid: '700000000', data: '0000000000000001000100000000000100000000' }])
  })

  test('promises a newer epoch only when acceptedEpoch is durable, with its last zxid and currentEpoch', () => {
    const { host } = new Learner({ start: { acceptedEpoch: 3, currentEpoch: 2 } }).get(leaderInfo(4))
    const before = host.sentNames

    host.answer()

    expect(before).toEqual(['followerInfo 300000000'])
    expect(host.calls).toEqual(['setAcceptedEpoch 4'])
    expect(host.sent.at(-1)).toMatchObject({ name: 'ackEpoch', zxid: '100000005', data: '00000002' })
  })

  test('answers an epoch that it has accepted before with -1, at once', () => {
    const { host } = new Learner({ start: { acceptedEpoch: 4 } }).get(leaderInfo(4))

    expect(host.calls).toEqual([])
    expect(host.sent.at(-1)).toMatchObject({ name: 'ackEpoch', zxid: '100000005', data: 'ffffffff' })
  })

  test.each([
    { problem: 'an epoch that is over', packet: leaderInfo(2), reason: 'epoch 2 is less than the accepted epoch 3' },
    { problem: 'a negative epoch', packet: leaderInfo(-1), reason: 'epoch -1 is less than' },
    { problem: 'another first packet', packet: diff(1, 5), reason: 'instead of LEADERINFO' },
    { problem: 'a LEADERINFO without version', packet: packetBytes(PacketType.leaderInfo, 4, 0), reason: 'version' },
    { problem: 'a broken packet', packet: Buffer.alloc(16, 0x7f), reason: 'malformed packet' }
  ])('leaves a leader with $problem, promising nothing', ({ packet, reason }) => {
    const { host } = new Learner({ start: { acceptedEpoch: 3 } }).get(packet)

    expect(host.resignedFor).toContain(reason)
    expect(host.logLines).toEqual([expect.stringMatching(/^error: leader 2: /)])
    expect(host.sentNames).toEqual(['followerInfo 300000000'])
  })

  test('does nothing more once it has left', () => {
    const { host, following } = new Learner().get(diff(1, 5))
    host.forget()

    following.received(leaderInfo(9), 0)
    following.linkClosed()
    following.tick(1e9)
    following.epochStored()
    following.request(1, 1, 1, 1, null, null)

    expect(host.calls).toEqual([])
    expect(host.sent).toEqual([])
    expect(following.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
  })
})
