import { describe, expect, test } from '@jest/globals'
import type { PacketType as Type } from '../../../../src/core/zab/packet-type.ts'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import {
  commit,
  diff,
  inform,
  newLeader,
  packetBytes,
  proposal,
  reconfigBytes,
  sidBytes,
  txnBytes,
  upToDate
} from './leader-bytes.ts'
import { LEADER, Learner } from './learner.ts'

const CONFIG = 'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nversion=200000001'

function serving(isObserver = false): Learner {
  return new Learner({ settings: { isObserver } }).serving()
}

describe('a follower that serves', () => {
  test('acknowledges each proposal when it is durable, in order, one packet each', () => {
    const learner = serving().get(proposal(2, 1), proposal(2, 2), proposal(2, 3))
    const before = learner.acks

    learner.host.persist(2)

    expect(before).toEqual([])
    expect(learner.acks).toEqual(['200000001', '200000002'])
  })

  test('applies a commit at once, durable here or not, and keeps it for learners of its own', () => {
    const learner = serving().get(proposal(2, 1), commit(2, 1))

    expect(learner.host.calls).toEqual(['append 200000001', 'commit 200000001'])
    expect([learner.commitLog.count, learner.commitLog.maxHi, learner.commitLog.maxLo]).toEqual([1, 2, 1])
    expect([learner.following.lastCommittedHi, learner.following.lastCommittedLo]).toEqual([2, 1])
  })

  test('gives what is logged and not committed when it closes, once, and closes the link', () => {
    const { host, following } = serving().get(proposal(2, 1), proposal(2, 2), proposal(2, 3), commit(2, 1))

    const pending = following.close()

    expect(pending.map(({ zxidHi, zxidLo }) => [zxidHi, zxidLo])).toEqual([
      [2, 2],
      [2, 3]
    ])
    expect(Buffer.from(pending[0]?.bytes ?? []).equals(txnBytes(2, 2))).toBe(true)
    expect(following.close()).toEqual([])
    expect(host.calls.filter((call) => call === 'closeLink')).toEqual(['closeLink'])
  })

  test('leaves when the leader closes the connection, which it does not close again', () => {
    const { host, following } = serving()

    following.linkClosed()
    following.close()

    expect(host.resignedFor).toBe('lost the connection to leader 2')
    expect(host.calls).toEqual(['resign'])
    expect(following.isServing).toBe(false)
  })

  test.each([
    { what: 'a hole', packet: proposal(2, 2), reason: '0x200000002 does not follow 0x100000005' },
    { what: 'a zxid without a counter', packet: proposal(2, 0), reason: '0x200000000 does not follow 0x100000005' },
    { what: 'an older epoch', packet: proposal(1, 4), reason: '0x100000004 does not follow 0x100000005' },
    { what: 'a commit of nothing', packet: commit(2, 1), reason: 'commit of 0x200000001' },
    { what: 'a second synchronisation', packet: packetBytes(PacketType.diff, 2, 1), reason: 'type 13' },
    { what: 'a second NEWLEADER', packet: newLeader(2), reason: 'type 10' },
    { what: 'REVALIDATE without session', packet: packetBytes(PacketType.revalidate, -1, -1), reason: 'REVALIDATE' },
    { what: 'activation without sid', packet: packetBytes(PacketType.commitAndActivate, 2, 1), reason: 'sid' }
  ])('leaves a leader that sends $what', ({ packet, reason }) => {
    const learner = serving().get(packet, proposal(2, 1))

    expect(learner.host.resignedFor).toContain(reason)
    expect(learner.host.calls).toEqual(['resign'])
  })

  test('leaves a leader that leaves something out', () => {
    const learner = serving().get(proposal(2, 1), proposal(2, 3))

    expect(learner.host.resignedFor).toContain('proposal 0x200000003 does not follow 0x200000001')
  })

  test('follows a leader that begins its epoch late, and says what that may mean', () => {
    const learner = serving().get(proposal(2, -16), commit(2, -16), proposal(2, -15))

    expect(learner.host.resignedFor).toBeNull()
    expect(learner.host.calls).toEqual(['append 2fffffff0', 'commit 2fffffff0', 'append 2fffffff1'])
    expect(learner.host.logLines).toEqual([
      'error: the first proposal of epoch 2 is 0x2fffffff0: unless the leader has testingonly.initialZxid, 4294967279 transactions are missing'
    ])
  })

  test('goes on after packets of unknown types', () => {
    const { host } = serving().get(packetBytes(77 as Type, 2, 1), proposal(2, 1))

    expect(host.calls).toEqual(['append 200000001'])
    expect(host.logLines).toEqual(['warn: ignored a packet of type 77, zxid 0x200000001'])
  })
})

describe('an observer that serves', () => {
  test('logs and applies what it is informed of, and acknowledges nothing', () => {
    const learner = serving(true).get(inform(2, 1), inform(2, 2))
    learner.host.persist()

    expect(learner.host.calls).toEqual([
      'append 200000001',
      'commit 200000001',
      'append 200000002',
      'commit 200000002',
      'durable 200000002'
    ])
    expect(learner.acks).toEqual([])
    expect(learner.commitLog.count).toBe(2)
  })

  test('ignores proposals and commits, and sees what it missed by that', () => {
    const learner = serving(true).get(proposal(2, 1), commit(2, 1))
    const before = learner.host.calls.length

    learner.get(inform(2, 2))

    expect(before).toBe(0)
    expect(learner.host.resignedFor).toContain('0x200000002 does not follow 0x100000005')
  })
})

describe('sessions', () => {
  test('a ping is answered at once, with its zxid and the sessions that were active', () => {
    const learner = serving()
    learner.host.sessions.push([
      { idHi: 0x01000000, idLo: 7, timeoutMs: 4000 },
      { idHi: 0x01000000, idLo: 8, timeoutMs: 6000 }
    ])

    learner.get(packetBytes(PacketType.ping, 2, 9), packetBytes(PacketType.ping, 2, 10))

    expect(learner.host.sent).toMatchObject([
      { name: 'ping', zxid: '200000009', data: '010000000000000700000fa0010000000000000800001770' },
      { name: 'ping', zxid: '20000000a', data: '' }
    ])
    expect([learner.following.leaderZxidHi, learner.following.leaderZxidLo]).toEqual([2, 10])
  })

  test('a session is revalidated by the leader', () => {
    const learner = serving()

    learner.following.revalidate(0x01000000, 7, 4000)
    learner.get(packetBytes(PacketType.revalidate, -1, -1, Buffer.from('010000000000000701', 'hex')))
    learner.get(packetBytes(PacketType.revalidate, -1, -1, Buffer.from('010000000000000800', 'hex')))

    expect(learner.host.sent).toMatchObject([
      { name: 'revalidate', zxid: 'ffffffffffffffff', data: '010000000000000700000fa0' }
    ])
    expect(learner.host.calls).toEqual(['revalidated 100000000000007 true', 'revalidated 100000000000008 false'])
  })

  test('SYNC comes in the order of the commits', () => {
    const { host } = serving().get(proposal(2, 1), commit(2, 1), packetBytes(PacketType.sync, 0, 0), proposal(2, 2))

    expect(host.calls).toEqual(['append 200000001', 'commit 200000001', 'synced', 'append 200000002'])
  })

  test('requests are forwarded while serving, and neither before nor after', () => {
    const early = new Learner().discovered()
    early.following.request(1, 7, 3, 1, Buffer.from('x'), null)
    early.following.revalidate(1, 7, 4000)
    const late = serving()
    late.following.request(1, 7, 3, -11, null, null)
    late.following.linkClosed()
    late.following.request(1, 7, 4, 1, Buffer.from('x'), null)

    expect(early.host.sentNames).toEqual(['followerInfo 100000000', 'ackEpoch 100000005'])
    expect(late.host.sent).toMatchObject([
      { name: 'request', zxid: 'ffffffffffffffff', data: '000000010000000700000003fffffff5' }
    ])
  })
})

describe('a reconfiguration', () => {
  const proposed = packetBytes(PacketType.proposal, 2, 1, reconfigBytes(2, 1, CONFIG))
  const activated = packetBytes(PacketType.commitAndActivate, 2, 1, sidBytes(LEADER))

  test('is stored as the next configuration before its proposal is logged, and in force with its commit', () => {
    const { host } = serving().get(proposed, activated)

    expect(host.calls).toEqual([
      'configurationSeen 200000001',
      'append 200000001',
      'configurationActivated 200000001 2',
      'commit 200000001'
    ])
  })

  test('that is pending when the learner comes is in force with its commit, and not with UPTODATE', () => {
    const learner = new Learner().discovered().getAll(diff(1, 5), proposed, newLeader(2, CONFIG), upToDate)
    const before = learner.host.calls.filter((call) => call.startsWith('configurationActivated'))

    learner.getAll(activated)

    expect(before).toEqual([])
    expect(learner.host.calls).toContain('configurationActivated 200000001 2')
  })

  test('that changes this server’s part is committed before the role ends', () => {
    const learner = serving()
    learner.host.mustLeave = (_config, leader) => leader === 3

    learner.get(proposed, packetBytes(PacketType.commitAndActivate, 2, 1, sidBytes(3)), proposal(2, 2))

    expect(learner.host.calls.slice(-3)).toEqual(['configurationActivated 200000001 3', 'commit 200000001', 'resign'])
    expect(learner.host.logLines).toEqual(['info: leader 2: a reconfiguration changes roles'])
    expect(learner.following.close()).toEqual([])
  })

  test('reaches an observer with its activation', () => {
    const data = Buffer.concat([sidBytes(LEADER), reconfigBytes(2, 1, CONFIG)])

    const { host } = serving(true).get(packetBytes(PacketType.informAndActivate, 2, 1, data))

    expect(host.calls).toEqual([
      'configurationSeen 200000001',
      'append 200000001',
      'configurationActivated 200000001 2',
      'commit 200000001'
    ])
  })

  test('is a transaction like others where reconfiguration is disabled', () => {
    const learner = new Learner({ settings: { reconfigEnabled: false } }).serving().get(proposed, activated)

    expect(learner.host.calls).toEqual(['append 200000001', 'commit 200000001'])
  })

  test('that cannot be read is refused before it is logged', () => {
    const packet = packetBytes(PacketType.proposal, 2, 1, reconfigBytes(2, 1, 'nonsense=1'))

    const { host } = serving().get(packet)

    expect(host.calls).toEqual(['resign'])
    expect(host.resignedFor).toContain('the configuration of 0x200000001')
  })

  test('is what an activation must be of', () => {
    const { host } = serving().get(proposal(2, 1), activated)

    expect(host.calls).toEqual(['append 200000001', 'resign'])
    expect(host.resignedFor).toContain('is no reconfiguration')
  })
})
