import { describe, expect, test } from '@jest/globals'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import { configOf, Harness, member } from './leading-harness.ts'

describe('discovery', () => {
  test('the epoch is greater than any accepted by the quorum, and LEADERINFO waits until it is durable', () => {
    const harness = new Harness({ start: { acceptedEpoch: 3 } })
    const one = harness.connect()

    harness.introduce(one, 1, { acceptedEpoch: 7n })

    expect(harness.host.takeCalls()).toEqual(['setAcceptedEpoch 8'])
    expect(harness.host.take(one)).toEqual([])
    harness.leading.epochStored()
    expect(harness.host.take(one)).toEqual(['leaderInfo 800000000 +4'])
  })

  test('an observer raises the epoch without being part of the quorum', () => {
    const harness = new Harness()

    harness.introduce(harness.connect(), 9, { acceptedEpoch: 4n, isObserver: true })

    expect(harness.host.takeCalls()).toEqual([])
    harness.introduce(harness.connect(), 3)
    expect(harness.host.takeCalls()).toEqual(['setAcceptedEpoch 5'])
  })

  test('learners that come after the epoch was settled get the same one', () => {
    const harness = new Harness()
    harness.introduce(harness.connect(), 1)
    harness.leading.epochStored()
    const late = harness.connect()

    harness.introduce(late, 3, { acceptedEpoch: 20n })

    expect(harness.host.take(late)).toEqual(['leaderInfo 100000000 +4'])
  })

  test('two connections that give one id are warned of, and both stay: nobody can turn away another by its id', () => {
    const harness = new Harness()
    const one = harness.connect()
    harness.introduce(one, 1)
    expect(harness.host.logged.filter((line) => line.includes('myid'))).toEqual([])

    const twin = harness.connect()
    harness.introduce(twin, 1)

    expect(harness.host.logged.filter((line) => line.includes('two servers have the same myid'))).toHaveLength(1)
    expect([...harness.host.closed.keys()]).toEqual([])
  })

  test('one that comes while the epoch is being stored gets LEADERINFO when it is', () => {
    const harness = new Harness()
    harness.introduce(harness.connect(), 1)
    const late = harness.connect()

    harness.introduce(late, 3)

    expect(harness.host.take(late)).toEqual([])
    harness.leading.epochStored()
    expect(harness.host.take(late)).toEqual(['leaderInfo 100000000 +4'])
  })

  test('currentEpoch is stored when a quorum has acknowledged the epoch, and only then learners are synchronised', () => {
    const harness = new Harness()
    const observer = harness.connect()
    harness.introduce(observer, 9, { isObserver: true })
    const one = harness.connect()
    harness.introduce(one, 1)
    harness.leading.epochStored()
    harness.host.takeCalls()
    harness.host.takeBytes(observer)
    harness.host.takeBytes(one)

    harness.ackEpoch(observer, 0, 0n)

    expect(harness.host.takeCalls()).toEqual([])
    harness.ackEpoch(one, 0, 0n)
    expect(harness.host.takeCalls()).toEqual(['setCurrentEpoch 1'])
    expect(harness.host.take(observer)).toEqual(['diff 0', expect.stringMatching(/^newLeader 100000000 /)])
    expect(harness.host.take(one)).toEqual(['diff 0', expect.stringMatching(/^newLeader 100000000 /)])
  })

  test('an acknowledgement of an epoch accepted before does not count', () => {
    const harness = new Harness()
    const [one, three] = [harness.connect(), harness.connect()]
    harness.introduce(one, 1)
    harness.introduce(three, 3)
    harness.leading.epochStored()
    harness.host.takeCalls()

    harness.ackEpoch(one, -1, 0n)

    expect(harness.host.takeCalls()).toEqual([])
    harness.ackEpoch(three, 0, 0n)
    expect(harness.host.takeCalls()).toEqual(['setCurrentEpoch 1'])
  })

  test.each([
    { what: 'a greater current epoch', currentEpoch: 2, lastZxid: 0n },
    { what: 'the same epoch and a greater zxid', currentEpoch: 1, lastZxid: 0x100000004n }
  ])('a learner with $what is closed, and the leader waits for others', ({ currentEpoch, lastZxid }) => {
    const harness = new Harness({ history: [0x100000003n], start: { acceptedEpoch: 1, currentEpoch: 1 } })
    const [one, three] = [harness.connect(), harness.connect()]
    harness.introduce(one, 1)
    harness.introduce(three, 3)
    harness.leading.epochStored()
    harness.host.takeCalls()

    harness.ackEpoch(one, currentEpoch, lastZxid)

    expect(harness.host.closed.get(one)).toMatch(/ahead of the leader/)
    expect(harness.host.takeCalls()).toEqual([`learnerGone ${one}`])
    harness.ackEpoch(three, 1, 0x100000003n)
    expect(harness.host.takeCalls()).toEqual(['setCurrentEpoch 2'])
  })

  test('a learner ahead of an elected leader is brought back, not refused', () => {
    const { harness } = Harness.established({ history: [0x100000003n] })
    const link = harness.connect()
    harness.introduce(link, 1)
    harness.host.take(link)

    harness.ackEpoch(link, 1, 0x100000009n)

    expect(harness.host.take(link)[0]).toBe('trunc 100000003')
  })

  test('a leader alone in its configuration leads by itself', () => {
    const harness = new Harness({ start: { config: configOf([member(2)]) } })

    expect(harness.host.takeCalls()).toEqual(['setAcceptedEpoch 1'])
    harness.leading.epochStored()
    expect(harness.host.takeCalls()).toEqual(['setCurrentEpoch 1'])
    harness.leading.epochStored()
    expect(harness.host.takeCalls()).toEqual(['established 1'])
    harness.propose(0x100000001n)
    harness.logged(0x100000001n)
    expect(harness.host.takeCalls()).toEqual(['committed 100000001'])
  })

  test('the own ACK of NEWLEADER counts only when currentEpoch is durable', () => {
    const harness = new Harness()
    const one = harness.connect()
    harness.introduce(one, 1)
    harness.leading.epochStored()
    harness.ackEpoch(one, 0, 0n)
    harness.host.takeCalls()
    harness.host.takeBytes(one)

    harness.ack(one, 0x100000000n)

    expect(harness.host.takeCalls()).toEqual([])
    harness.leading.epochStored()
    expect(harness.host.takeCalls()).toEqual(['established 1'])
    expect(harness.host.take(one)).toEqual(['upToDate ffffffffffffffff'])
  })

  test('a quorum of NEWLEADER ACKs without the leader’s own waits for it', () => {
    const harness = new Harness()
    const links = [1, 3].map((sid) => {
      const link = harness.connect()
      harness.introduce(link, sid)
      return link
    })
    harness.leading.epochStored()
    for (const link of links) harness.ackEpoch(link, 0, 0n)
    harness.host.takeCalls()

    for (const link of links) harness.ack(link, 0x100000000n)

    expect(harness.host.takeCalls()).toEqual([])
    harness.leading.epochStored()
    expect(harness.host.takeCalls()).toEqual(['established 1'])
  })

  test('one with zxid -1 does not count', () => {
    const harness = new Harness({ history: [5n] })
    const one = harness.connect()
    harness.introduce(one, 1)
    harness.leading.epochStored()
    harness.host.takeCalls()

    harness.ackEpoch(one, 0, -1n)

    expect(harness.host.takeCalls()).toEqual([])
  })

  test('a leader that does not vote is not established by the others', () => {
    const harness = new Harness({ start: { config: configOf([1, 3, 4].map((id) => member(id))) } })

    for (const sid of [1, 3, 4]) harness.introduce(harness.connect(), sid)

    expect(harness.host.takeCalls()).toEqual([])
  })

  test('a first configuration gets the epoch as its version, in NEWLEADER', () => {
    const harness = new Harness({ settings: { reconfigEnabled: true } })
    const one = harness.connect()
    harness.introduce(one, 1)
    harness.host.takeCalls()

    harness.leading.epochStored()

    expect(harness.host.takeCalls()).toEqual(['configurationSeen 100000000'])
    harness.ackEpoch(one, 0, 0n)
    expect(harness.host.takeBytes(one).toString('latin1')).toMatch(/version=100000000\xff{4}$/)
    harness.leading.epochStored()
    harness.ack(one, 0x100000000n)
    expect(harness.host.takeCalls()).toEqual([
      'setCurrentEpoch 1',
      'configurationActivated 100000000 2',
      'established 1'
    ])
  })

  test.each([
    { what: 'another first packet', type: PacketType.ack, data: null },
    { what: 'an introduction without data', type: PacketType.followerInfo, data: null },
    { what: 'a protocol older than 3.4', type: PacketType.followerInfo, data: Buffer.alloc(20) }
  ])('$what closes the link with one line', ({ type, data }) => {
    const harness = new Harness()
    const link = harness.connect()

    harness.send(link, type, 0n, data)

    expect(harness.host.closed.has(link)).toBe(true)
    expect(harness.host.logged).toHaveLength(1)
  })

  test.each([
    { what: 'a newer configuration', sid: 1, configVersion: 5n, reason: /ahead of the leader/ },
    { what: 'the sid of the leader', sid: 2, configVersion: 0n, reason: /sid 2 is that of this server/ }
  ])('a learner with $what is refused', ({ sid, configVersion, reason }) => {
    const harness = new Harness()
    const link = harness.connect()

    harness.introduce(link, sid, { configVersion })

    expect(harness.host.closed.get(link)).toMatch(reason)
    expect(harness.leading.epoch).toBe(-1)
  })

  test('a packet ahead of its time closes the link', () => {
    const harness = new Harness()
    const link = harness.connect()
    harness.introduce(link, 1)

    harness.ackEpoch(link, 0, 0n)

    expect(harness.host.closed.get(link)).toMatch(/while it is awaitingEpoch/)
  })
})
