import { describe, expect, test } from '@jest/globals'
import { CommitLog } from '../../../../src/core/zab/commit-log.ts'
import { Broadcast } from '../../../../src/core/zab/leading/broadcast.ts'
import { Configurations } from '../../../../src/core/zab/leading/configurations.ts'
import { History } from '../../../../src/core/zab/leading/history.ts'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import { FakeHost } from './fake-host.ts'
import { configOf, Harness, member, txn } from './leading-harness.ts'

const Z1 = 0x100000001n
const Z2 = 0x100000002n
const Z3 = 0x100000003n

describe('broadcast', () => {
  test('a proposal commits when a quorum has it, with or without the own log', () => {
    const { harness, one, three } = Harness.established()

    harness.propose(Z1)
    harness.ack(one, Z1)

    expect(harness.host.takeCalls()).toEqual([])
    harness.ack(three, Z1)
    expect(harness.host.takeCalls()).toEqual(['committed 100000001'])
    expect(harness.host.take(one)).toEqual(['proposal 100000001 +48', 'commit 100000001'])
    expect(harness.host.take(three)).toEqual(['proposal 100000001 +48', 'commit 100000001'])
  })

  test('the own ACK covers everything logged', () => {
    const { harness, one } = Harness.established()
    harness.propose(Z1)
    harness.propose(Z2)
    harness.propose(Z3)

    harness.logged(Z2)
    harness.ack(one, Z1)
    harness.ack(one, Z2)
    harness.ack(one, Z3)

    expect(harness.host.takeCalls()).toEqual(['committed 100000001', 'committed 100000002'])
    harness.logged(Z3)
    expect(harness.host.takeCalls()).toEqual(['committed 100000003'])
  })

  test('an ACK of a later zxid commits nothing before it', () => {
    const { harness, one, three } = Harness.established()
    harness.propose(Z1)
    harness.propose(Z2)

    harness.ack(one, Z2)
    harness.ack(three, Z2)

    expect(harness.host.takeCalls()).toEqual([])
    harness.logged(Z2)
    expect(harness.host.takeCalls()).toEqual([])
    harness.ack(one, Z1)
    expect(harness.host.takeCalls()).toEqual(['committed 100000001', 'committed 100000002'])
    expect(harness.host.take(one).slice(2)).toEqual(['commit 100000001', 'commit 100000002'])
  })

  test.each([
    { what: 'a second time', acks: [Z1, Z1], logged: 0n },
    { what: 'for an unknown zxid', acks: [Z2, 0x100000009n, 0x200000001n, 1n, -1n, 0n], logged: Z1 },
    { what: 'for the epoch', acks: [0x100000000n], logged: Z1 }
  ])('an ACK $what counts for nothing', ({ acks, logged }) => {
    const { harness, one } = Harness.established()
    harness.propose(Z1)
    harness.logged(logged)

    for (const zxid of acks) harness.ack(one, zxid)

    expect(harness.host.takeCalls()).toEqual([])
    expect(harness.host.closed.size).toBe(0)
  })

  test('two links of one server are one voice', () => {
    const config = configOf([1, 2, 3, 4, 5].map((id) => member(id)))
    const { harness, one } = Harness.established({ start: { config } })
    const five = harness.join(5)
    const again = harness.join(1)
    harness.host.takeCalls()
    harness.propose(Z1)

    harness.ack(one, Z1)
    harness.ack(again, Z1)
    harness.logged(Z1)

    expect(harness.host.takeCalls()).toEqual([])
    harness.ack(five, Z1)
    expect(harness.host.takeCalls()).toEqual(['committed 100000001'])
  })

  // Found by the simulator: synchronisation cuts from the follower's log what is not committed.
  test('what a follower acknowledged before it came again does not count, nor what its former link still brings', () => {
    const config = configOf([1, 2, 3, 4, 5].map((id) => member(id)))
    const { harness, one, three } = Harness.established({ start: { config } })
    harness.propose(Z1)
    harness.propose(Z2)
    harness.ack(one, Z1)
    const again = harness.join(1, { lastZxid: Z2, currentEpoch: 1 })
    harness.host.takeCalls()

    harness.ack(one, Z2)
    harness.logged(Z2)
    harness.ack(three, Z1)
    harness.ack(three, Z2)

    expect(harness.host.takeCalls()).toEqual([])
    harness.ack(again, Z1)
    harness.ack(again, Z2)
    expect(harness.host.takeCalls()).toEqual(['committed 100000001', 'committed 100000002'])
  })

  test('a follower outside of the configuration gets everything and decides nothing', () => {
    const { harness, one } = Harness.established()
    const seven = harness.join(7)
    harness.host.takeCalls()
    harness.host.takeBytes(seven)
    harness.propose(Z1)

    harness.ack(seven, Z1)
    harness.logged(Z1)

    expect(harness.host.takeCalls()).toEqual([])
    harness.ack(one, Z1)
    expect(harness.host.take(seven)).toEqual(['proposal 100000001 +48', 'commit 100000001'])
  })

  test('an observer is informed when it is committed, and its ACK decides nothing', () => {
    const { harness, one } = Harness.established()
    const nine = harness.join(9, { isObserver: true })
    harness.host.takeBytes(nine)
    harness.propose(Z1)
    harness.ack(nine, Z1)
    harness.logged(Z1)

    expect(harness.host.take(nine)).toEqual([])
    harness.ack(one, Z1)
    expect(harness.host.take(nine)).toEqual(['inform 100000001 +48'])
  })

  test('what is committed is in the commit log, with its bytes', () => {
    const { harness, one } = Harness.established()
    const bytes = txn(Z1)
    harness.leading.proposed(1, 1, bytes, null)
    bytes.fill(0)
    harness.logged(Z1)

    harness.ack(one, Z1)

    const kept: string[] = []
    harness.commitLog.forEachAfter(0, 0, (_hi, _lo, each) => kept.push(Buffer.from(each).toString('hex')) > 0)
    expect(kept).toEqual([txn(Z1).toString('hex')])
  })

  test('commits go on over hundreds of outstanding proposals', () => {
    const { harness, one } = Harness.established()
    for (let counter = 1n; counter <= 1000n; counter++) harness.propose(0x100000000n + counter)

    harness.logged(0x1000003e8n)
    for (let counter = 1n; counter <= 1000n; counter++) harness.ack(one, 0x100000000n + counter)

    expect(harness.host.takeCalls()).toHaveLength(1000)
    expect(harness.leading.outstandingCount).toBe(0)
    expect([harness.leading.lastCommittedHi, harness.leading.lastCommittedLo]).toEqual([1, 1000])
  })

  test('a zxid out of turn is our own mistake', () => {
    const { harness } = Harness.established()

    expect(() => harness.propose(Z2)).toThrow('proposed 0x100000002 after 0x100000000')
  })

  test('what is outstanding is pending at the end, in order', () => {
    const { harness } = Harness.established()
    harness.propose(Z1)
    harness.propose(Z2)
    harness.propose(Z3)

    const zxids = harness.leading.close().map(({ zxidHi, zxidLo }) => [zxidHi, zxidLo])

    expect(zxids).toEqual([
      [1, 1],
      [1, 2],
      [1, 3]
    ])
  })

  test('counters go on above the sign of an int32, and end before the last one', () => {
    const host = new FakeHost()
    const configurations = new Configurations(configOf([member(2)]), null)
    const broadcast = new Broadcast(host, 2, configurations, new History(new CommitLog(10, 0), 0, 0))
    broadcast.startEpoch(1)
    broadcast.lastProposedLo = 0x7fff_fffe

    broadcast.propose(1, 0x7fff_ffff, txn(0x17fffffffn), null, 0)
    broadcast.propose(1, -0x8000_0000, txn(0x180000000n), null, 0)
    broadcast.logged(1, -0x8000_0000)

    expect(host.takeCalls()).toEqual(['committed 17fffffff', 'committed 180000000'])
    expect(broadcast.isExhausted).toBe(false)
    broadcast.lastProposedLo = -3
    broadcast.propose(1, -2, txn(0x1fffffffen), null, 0)
    expect(broadcast.isExhausted).toBe(true)
  })

  test('a proposal may be made while the leader is being established: it comes before UPTODATE', () => {
    const harness = new Harness()
    const one = harness.connect()
    harness.introduce(one, 1)
    harness.leading.epochStored()
    harness.ackEpoch(one, 0, 0n)
    harness.leading.epochStored()
    harness.host.takeBytes(one)
    harness.host.onEstablished = () => harness.propose(Z1)

    harness.ack(one, 0x100000000n)

    expect(harness.host.take(one)).toEqual(['proposal 100000001 +48', 'upToDate ffffffffffffffff'])
  })

  test('SYNC has zxid 0', () => {
    const { harness, one } = Harness.established()

    harness.leading.sendSync(one)

    expect(harness.host.take(one)).toEqual(['sync 0'])
  })
})

describe('the end', () => {
  test('close closes every link, and nothing has an effect afterwards', () => {
    const { harness, one, three } = Harness.established()
    harness.propose(Z1)
    harness.leading.close()
    harness.host.takeCalls()
    harness.host.take(one)

    harness.ack(one, Z1)
    harness.logged(Z1)
    harness.leading.proposed(1, 2, txn(Z2), null)
    harness.leading.sendSync(one)
    harness.leading.epochStored()
    harness.leading.linkDrained(one)
    harness.leading.linkClosed(three)
    harness.leading.tick(1e9)
    harness.connect()

    expect([...harness.host.closed.keys()]).toEqual([one, three])
    expect(harness.host.takeCalls()).toEqual([])
    expect(harness.host.take(one)).toEqual([])
    expect(harness.leading.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
    expect(harness.leading.close()).toEqual([])
  })

  test('after it has resigned, a leader still tells what is pending', () => {
    const { harness, one, three } = Harness.established()
    harness.propose(Z1)
    harness.leading.linkClosed(one)
    harness.leading.linkClosed(three)
    harness.pass(2000)

    expect(harness.host.takeCalls().at(-1)).toBe('resign not enough followers are in sync, only [2]')
    harness.logged(Z1)
    harness.pass(10_000)
    expect(harness.host.takeCalls()).toEqual([])
    expect(harness.leading.close()).toHaveLength(1)
  })
})

describe('what learners send', () => {
  test('a request goes to the host with what the client has authenticated as', () => {
    const { harness, one } = Harness.established()
    const bytes = Buffer.from(
      '00000001ffffffffffffffff000000140000000000000007000000030000000161626364000000010000000469706970000000026162',
      'hex'
    )

    for (const byte of bytes) harness.leading.received(one, Buffer.of(byte), 0)

    expect(harness.host.takeCalls()).toEqual([`request ${one} 7 3 1 [61626364] ab`])
  })

  test('PING brings the sessions that were active', () => {
    const { harness, one } = Harness.established()

    harness.send(
      one,
      PacketType.ping,
      0x100000000n,
      Buffer.from('000000000000000700002710000000000000000800004e20', 'hex')
    )

    expect(harness.host.takeCalls()).toEqual(['touch 7 10000', 'touch 8 20000'])
  })

  test.each([{ valid: true }, { valid: false }])('REVALIDATE is answered: $valid', ({ valid }) => {
    const { harness, one } = Harness.established()
    harness.host.validSession = valid

    harness.send(one, PacketType.revalidate, -1n, Buffer.from('000000000000000700002710', 'hex'))

    expect(harness.host.takeCalls()).toEqual([`revalidate ${one} 7 10000`])
    expect(harness.host.takeBytes(one).toString('hex')).toBe(
      `00000006ffffffffffffffff000000090000000000000007${valid ? '01' : '00'}ffffffff`
    )
  })

  test.each([
    { what: 'a REQUEST without its header', type: PacketType.request, data: Buffer.alloc(15) },
    { what: 'a REQUEST without data', type: PacketType.request, data: null },
    { what: 'a PING with half a session', type: PacketType.ping, data: Buffer.alloc(13) },
    { what: 'a REVALIDATE without a session', type: PacketType.revalidate, data: Buffer.alloc(11) }
  ])('$what closes that learner only, with one line', ({ type, data }) => {
    const { harness, one, three } = Harness.established()
    harness.host.logged.length = 0

    harness.send(one, type, 0n, data)
    harness.send(one, type, 0n, data)

    expect([...harness.host.closed.keys()]).toEqual([one])
    expect(harness.host.logged).toHaveLength(1)
    expect(harness.host.takeCalls()).toEqual([`learnerGone ${one}`])
    harness.propose(Z1)
    expect(harness.host.take(one)).toEqual([])
    expect(harness.host.take(three)).toEqual(['proposal 100000001 +48'])
  })

  test('a length that cannot be closes that learner only, whatever follows', () => {
    const { harness, one, three } = Harness.established()
    harness.host.logged.length = 0

    harness.leading.received(one, Buffer.from('0000000300000001000000017fffffff', 'hex'), 0)
    harness.leading.received(one, Buffer.alloc(100), 0)

    expect([...harness.host.closed.keys()]).toEqual([one])
    expect(harness.host.logged).toHaveLength(1)
    expect(harness.leading.learners.map(({ link }) => link)).toEqual([three])
  })

  test('packets of unknown types are passed over, with one line', () => {
    const { harness, one } = Harness.established()
    harness.host.logged.length = 0

    harness.send(one, PacketType.upToDate, 0n)
    harness.send(one, PacketType.commit, 0n)

    expect(harness.host.closed.size).toBe(0)
    expect(harness.host.logged).toHaveLength(1)
  })

  test('learners are shown with what they have acknowledged', () => {
    const { harness, one } = Harness.established()
    harness.propose(Z1)
    harness.ack(one, Z1)

    expect(harness.leading.learners[0]).toEqual({
      link: one,
      sid: 1,
      address: '10.0.0.1:5000',
      isObserver: false,
      isSynced: true,
      lastAckedHi: 1,
      lastAckedLo: 1,
      unsentBytes: expect.any(Number)
    })
  })
})
