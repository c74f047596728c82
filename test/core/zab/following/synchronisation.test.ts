import { describe, expect, test } from '@jest/globals'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import {
  commit,
  diff,
  inform,
  newLeader,
  packetBytes,
  proposal,
  snap,
  trunc,
  txnBytes,
  upToDate
} from './leader-bytes.ts'
import { Learner } from './learner.ts'

const CONFIG = 'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nversion=100000000'

function ofSnapshot(bytes: number): Learner {
  const learner = new Learner().discovered()
  learner.host.snapshotBytes = bytes
  learner.host.forget()
  return learner
}

function discovered(): Learner {
  const learner = new Learner().discovered()
  learner.host.forget()
  return learner
}

describe('DIFF', () => {
  test('logs each proposal as it comes and applies it with its commit', () => {
    const { host } = discovered().get(diff(1, 6), proposal(1, 6), commit(1, 6), proposal(2, 1))

    expect(host.calls).toEqual(['append 100000006', 'commit 100000006', 'append 200000001'])
  })

  test('NEWLEADER is acknowledged when its epoch, and with it all before, is durable', () => {
    const learner = discovered().get(diff(1, 6), proposal(1, 6), commit(1, 6), newLeader(2))
    const before = learner.acks

    learner.host.answer()

    expect(learner.host.calls.at(-1)).toBe('setCurrentEpoch 2')
    expect(before).toEqual([])
    expect(learner.acks).toEqual(['200000000'])
  })

  test('nothing that comes behind NEWLEADER is looked at before that', () => {
    const learner = discovered().get(diff(1, 5), newLeader(2), proposal(2, 1), commit(2, 1))
    const before = learner.host.calls.join()

    learner.host.answer()

    expect(before).toBe('setCurrentEpoch 2')
    expect(learner.host.calls).toEqual(['setCurrentEpoch 2', 'append 200000001', 'commit 200000001'])
  })

  test('UPTODATE: serves, acknowledges NEWLEADER again, then what was not committed before NEWLEADER, as far as it is durable', () => {
    const learner = discovered().getAll(diff(1, 6), proposal(1, 6), commit(1, 6), proposal(2, 1), newLeader(2))
    learner.getAll(commit(2, 1), proposal(2, 2), proposal(2, 3))
    learner.host.persist(1)
    const before = learner.acks

    learner.get(upToDate)

    expect(before).toEqual(['200000000'])
    expect(learner.host.calls.at(-1)).toBe('serve')
    expect(learner.acks).toEqual(['200000000', '200000000', '200000001', '200000002'])
    learner.host.persist()
    expect(learner.acks.at(-1)).toBe('200000003')
  })

  test('a ping before UPTODATE is a sign of life and gets no answer', () => {
    const learner = discovered().getAll(diff(1, 5), packetBytes(PacketType.ping, 2, 0), newLeader(2))

    learner.get(packetBytes(PacketType.ping, 2, 0))

    expect(learner.host.sentNames).toEqual(['ack 200000000'])
  })

  test('an observer takes pairs and INFORM, and acknowledges none of them', () => {
    const learner = new Learner({ settings: { isObserver: true } }).discovered()
    learner.getAll(diff(1, 6), proposal(1, 6), commit(1, 6), inform(2, 1), newLeader(2), inform(2, 2), upToDate)
    learner.host.persist()

    expect(learner.host.logged).toEqual(['100000006', '200000001', '200000002'])
    expect(learner.host.committed).toEqual(learner.host.logged)
    expect(learner.acks).toEqual(['200000000', '200000000'])
  })
})

describe('the log of commits', () => {
  test('goes on where it ends with the log', () => {
    const learner = new Learner({ committed: [4, 5] }).discovered().get(diff(1, 6), proposal(1, 6), commit(1, 6))

    expect([learner.commitLog.minLo, learner.commitLog.maxLo]).toEqual([4, 6])
  })

  test('starts over where it does not: it must have no hole', () => {
    const learner = new Learner({ committed: [3, 4] }).discovered().get(diff(1, 6), proposal(1, 6), commit(1, 6))

    expect([learner.commitLog.minLo, learner.commitLog.maxLo]).toEqual([6, 6])
  })
})

describe('TRUNC', () => {
  test('cuts the log, and what follows waits until the tree has been read anew', () => {
    const learner = discovered().get(trunc(1, 3), proposal(1, 4), commit(1, 4), newLeader(2))
    const { isTreeWhole } = learner.following
    const before = learner.host.calls.join()

    learner.host.answer()

    expect({ before, isTreeWhole }).toEqual({ before: 'truncate 100000003', isTreeWhole: false })
    expect(learner.following.isTreeWhole).toBe(true)
    expect(learner.host.calls.slice(1)).toEqual(['append 100000004', 'commit 100000004', 'setCurrentEpoch 2'])
  })

  test('cuts the log of commits too', () => {
    const learner = new Learner({ committed: [3, 4, 5] })

    learner.discovered().getAll(trunc(1, 4), proposal(2, 1), commit(2, 1))

    expect([learner.commitLog.minLo, learner.commitLog.count]).toEqual([3, 3])
    expect([learner.commitLog.maxHi, learner.commitLog.maxLo]).toEqual([2, 1])
  })

  test('to a zxid that the log does not have is refused', () => {
    const { host } = discovered().get(trunc(1, 6))

    expect(host.calls).toEqual(['resign'])
    expect(host.resignedFor).toContain('TRUNC to 0x100000006')
  })
})

describe('SNAP', () => {
  test('the tree takes the stream and pairs behind it, unlogged; NEWLEADER installs it', () => {
    const learner = ofSnapshot(300).get(snap(1, 9, 300), proposal(1, 10), commit(1, 10), newLeader(2))
    const acksBefore = learner.acks

    learner.host.answer()

    expect(learner.host.calls).toEqual(['beginSnapshot 100000009', 'commit 10000000a', 'install 2'])
    expect({ acksBefore, acks: learner.acks }).toEqual({ acksBefore: [], acks: ['200000000'] })
  })

  test('what is not committed by NEWLEADER is appended behind the snapshot, and acknowledged after UPTODATE', () => {
    const learner = ofSnapshot(3).get(snap(1, 9, 3), proposal(2, 1), newLeader(2), proposal(2, 2), commit(2, 1))
    learner.host.forget()

    learner.host.answer()
    learner.host.persist()

    expect(learner.host.calls).toEqual([
      'append 200000001',
      'append 200000002',
      'commit 200000001',
      'durable 200000002'
    ])
    expect(learner.acks).toEqual(['200000000'])
    learner.get(upToDate)
    expect(learner.acks).toEqual(['200000000', '200000000', '200000001', '200000002'])
  })

  test('transactions up to its zxid are in it already', () => {
    const stream = [proposal(1, 7), commit(1, 7), proposal(1, 8), proposal(1, 9), commit(1, 8), commit(1, 9)]
    const learner = ofSnapshot(3).get(snap(1, 9, 3), ...stream, proposal(1, 10), commit(1, 10))

    expect(learner.host.committed).toEqual(['10000000a'])
    expect(learner.host.resignedFor).toBeNull()
  })

  test('a hole among those is a hole', () => {
    const { host } = ofSnapshot(3).get(snap(1, 9, 3), proposal(1, 6), proposal(1, 8))

    expect(host.resignedFor).toContain('0x100000008 does not follow 0x100000006')
  })

  test('the log of commits starts over', () => {
    const learner = new Learner({ committed: [5] })
    learner.host.snapshotBytes = 3

    learner.discovered().get(snap(1, 9, 3))

    expect(learner.commitLog.isEmpty).toBe(true)
  })

  test('the tree is whole again when it is installed, not before', () => {
    const learner = ofSnapshot(30)
    const states = [learner.following.isTreeWhole]
    for (const part of [snap(1, 9, 30).subarray(0, 25), snap(1, 9, 30).subarray(25), newLeader(2)]) {
      learner.get(part)
      states.push(learner.following.isTreeWhole)
    }

    learner.host.answer()

    expect(states).toEqual([true, false, false, false])
    expect(learner.following.isTreeWhole).toBe(true)
  })

  test('without its signature is refused, at the first wrong byte', () => {
    const { host, following } = ofSnapshot(8).get(snap(1, 9, 8, 'BenWasHear').subarray(0, -1))

    expect(host.resignedFor).toContain('signature')
    expect(following.isTreeWhole).toBe(false)
  })

  test('that the tree cannot read is refused', () => {
    const learner = ofSnapshot(8)
    learner.host.snapshotProblem = Object.assign(new Error('no parent'), { code: 'SNAPSHOT_FORMAT' })

    learner.get(snap(1, 9, 8))

    expect(learner.host.resignedFor).toContain('no parent')
    expect(learner.following.isTreeWhole).toBe(false)
  })

  test('a mistake of our own is not taken for one of the leader', () => {
    const learner = ofSnapshot(8)
    learner.host.snapshotProblem = new Error('ours')

    expect(() => learner.get(snap(1, 9, 8))).toThrow('ours')
  })

  test('the proposals of a role that ends before it is installed are not in the log', () => {
    const { following } = ofSnapshot(3).get(snap(1, 9, 3), proposal(2, 1), newLeader(2))

    expect(following.close()).toEqual([])
  })
})

describe('during synchronisation the leader is left', () => {
  const pair = [diff(1, 6), proposal(1, 6)]
  const trash = packetBytes(PacketType.proposal, 2, 1, Buffer.from('no transaction'))
  const empty = packetBytes(PacketType.proposal, 2, 1)
  const wrongZxid = packetBytes(PacketType.proposal, 2, 1, txnBytes(2, 2))

  test.each([
    { when: 'it begins with something else', packets: [proposal(1, 6)], reason: 'instead of DIFF, TRUNC or SNAP' },
    { when: 'NEWLEADER comes first', packets: [newLeader(2)], reason: 'NEWLEADER before' },
    { when: 'UPTODATE comes first', packets: [diff(1, 5), upToDate], reason: 'UPTODATE before NEWLEADER' },
    { when: 'it begins twice', packets: [diff(1, 5), snap(1, 9, 2)], reason: 'a second DIFF' },
    { when: 'NEWLEADER has another epoch', packets: [diff(1, 5), newLeader(3)], reason: 'epoch 3' },
    { when: 'NEWLEADER comes twice', packets: [diff(1, 5), newLeader(2), newLeader(2)], reason: 'a second NEWLEADER' },
    { when: 'the first proposal leaves a hole', packets: [diff(1, 7), proposal(1, 7)], reason: 'does not follow' },
    { when: 'a proposal is in the log', packets: [diff(1, 7), proposal(1, 5)], reason: 'does not follow' },
    {
      when: 'a proposal is missing',
      packets: [...pair, proposal(1, 8)],
      reason: '0x100000008 does not follow 0x100000006'
    },
    { when: 'a proposal comes twice', packets: [...pair, proposal(1, 6)], reason: 'does not follow' },
    { when: 'an epoch begins with 2', packets: [...pair, proposal(2, 2)], reason: 'does not follow' },
    { when: 'an epoch goes back', packets: [...pair, proposal(0, 1)], reason: 'does not follow' },
    {
      when: 'a commit skips one',
      packets: [...pair, proposal(1, 7), commit(1, 7)],
      reason: 'oldest pending proposal is 0x100000006'
    },
    {
      when: 'a commit has no proposal',
      packets: [diff(1, 6), commit(1, 6)],
      reason: 'oldest pending proposal is none'
    },
    {
      when: 'INFORM overtakes a proposal',
      packets: [...pair, inform(1, 7)],
      reason: 'before the proposal 0x100000006'
    },
    { when: 'a transaction is malformed', packets: [diff(1, 5), trash], reason: 'is malformed' },
    { when: 'a transaction is missing', packets: [diff(1, 5), empty], reason: 'no transaction' },
    { when: 'a transaction has another zxid', packets: [diff(1, 5), wrongZxid], reason: '0x200000002 in the packet' }
  ])('when $when', ({ packets, reason }) => {
    const learner = discovered().getAll(...packets)

    expect(learner.host.resignedFor).toContain(reason)
    expect(learner.host.calls.filter((call) => call === 'resign')).toEqual(['resign'])
  })

  test('a refused packet changes neither log nor tree, and what is pending stays so', () => {
    const { host, following } = discovered().get(diff(1, 7), proposal(1, 6), proposal(1, 7), commit(1, 7))

    expect(host.calls).toEqual(['append 100000006', 'append 100000007', 'resign'])
    expect(following.close().map(({ zxidLo }) => zxidLo)).toEqual([6, 7])
    expect(following.isTreeWhole).toBe(true)
  })
})

describe('the configuration of NEWLEADER', () => {
  test('is stored as the next one, and in force at UPTODATE', () => {
    const learner = discovered().getAll(diff(1, 5), newLeader(2, CONFIG), upToDate)

    expect(learner.host.calls).toEqual([
      'configurationSeen 100000000',
      'setCurrentEpoch 2',
      'configurationActivated 100000000 null',
      'serve'
    ])
  })

  test('that changes this server’s part ends the role before it serves', () => {
    const learner = discovered()
    learner.host.mustLeave = () => true

    learner.getAll(diff(1, 5), newLeader(2, CONFIG), upToDate)

    expect(learner.host.calls.slice(-2)).toEqual(['configurationActivated 100000000 null', 'resign'])
    expect(learner.acks).toEqual(['200000000'])
  })

  test('is not looked at where reconfiguration is disabled', () => {
    const learner = new Learner({ settings: { reconfigEnabled: false } }).discovered()

    learner.getAll(diff(1, 5), newLeader(2, CONFIG), upToDate)

    expect(learner.host.calls).toEqual(['setAcceptedEpoch 2', 'setCurrentEpoch 2', 'serve'])
  })

  test('that cannot be read is left out with an error line', () => {
    const learner = discovered().getAll(diff(1, 5), newLeader(2, 'nonsense=1'), upToDate)

    expect(learner.host.logLines).toContainEqual(expect.stringMatching(/^error: the leader's configuration/))
    expect(learner.host.calls).toEqual(['setCurrentEpoch 2', 'serve'])
  })
})
