import { describe, expect, test } from '@jest/globals'
import { AckSet } from '../../../../src/core/zab/leading/ack-set.ts'
import { designatedLeader } from '../../../../src/core/zab/leading/designated-leader.ts'
import { Electorate } from '../../../../src/core/zab/quorum/electorate.ts'
import { verifierOf } from '../../../../src/core/zab/quorum/verifier-of.ts'
import { configOf, Harness, member } from './leading-harness.ts'

const Z1 = 0x100000001n
const Z2 = 0x100000002n
const Z3 = 0x100000003n
const OLD = configOf([1, 2, 3].map((id) => member(id)))
const RECONFIG = { settings: { reconfigEnabled: true }, start: { config: { ...OLD, version: 1n } } }

function acksOf(config: typeof OLD, ...sids: readonly number[]): AckSet {
  const acks = new AckSet(new Electorate([verifierOf(config)]))
  for (const sid of sids) acks.add(sid)
  return acks
}

describe('a reconfiguration', () => {
  test('needs quorums of both configurations, and so does what is proposed after it', () => {
    const { harness, one, three } = Harness.established(RECONFIG)
    const [four, five] = [harness.join(4), harness.join(5)]
    harness.host.takeCalls()
    harness.propose(
      Z1,
      configOf(
        [2, 4, 5].map((id) => member(id)),
        Z1
      )
    )
    harness.propose(Z2)
    for (const zxid of [Z1, Z2]) for (const link of [one, three]) harness.ack(link, zxid)

    expect(harness.host.takeCalls()).toEqual(['configurationSeen 100000001'])
    harness.ack(four, Z2)
    expect(harness.host.takeCalls()).toEqual([])
    harness.logged(Z1)
    harness.ack(five, Z1)
    expect(harness.host.takeCalls()).toEqual(['committed 100000001', 'configurationActivated 100000001 2'])
    harness.ack(five, Z2)
    expect(harness.host.takeCalls()).toEqual(['committed 100000002'])
  })

  test('what was proposed after it needs the new quorum alone once it is in force: old voters may be gone', () => {
    const { harness, one } = Harness.established(RECONFIG)
    const four = harness.join(4)
    harness.propose(
      Z1,
      configOf(
        [2, 4].map((id) => member(id)),
        Z1
      )
    )
    harness.propose(Z2)
    harness.logged(Z2)
    for (const zxid of [Z1, Z2]) harness.ack(four, zxid)
    harness.host.takeCalls()

    harness.ack(one, Z1)

    const outcome = ['committed 100000001', 'configurationActivated 100000001 2', 'committed 100000002']
    expect(harness.host.takeCalls()).toEqual(outcome)
  })

  test('its old voters alone decide nothing afterwards', () => {
    const { harness, one, three } = Harness.established(RECONFIG)
    const four = harness.join(4)
    harness.propose(
      Z1,
      configOf(
        [2, 4].map((id) => member(id)),
        Z1
      )
    )
    harness.logged(Z1)
    for (const link of [one, four]) harness.ack(link, Z1)
    harness.host.takeCalls()
    harness.propose(Z2)

    for (const link of [one, three]) harness.ack(link, Z2)
    harness.logged(Z2)

    expect(harness.host.takeCalls()).toEqual([])
    harness.ack(four, Z2)
    expect(harness.host.takeCalls()).toEqual(['committed 100000002'])
  })

  test('is announced with the designated leader, to followers and observers', () => {
    const { harness, one } = Harness.established(RECONFIG)
    const nine = harness.join(9, { isObserver: true })
    harness.host.takeBytes(nine)
    harness.propose(Z1, { ...OLD, version: Z1 })
    harness.logged(Z1)
    harness.host.takeBytes(one)

    harness.ack(one, Z1)

    expect(harness.host.takeBytes(one).toString('hex')).toBe('000000090000000100000001000000080000000000000002ffffffff')
    expect(harness.host.takeBytes(nine).toString('hex')).toMatch(/^000000130000000100000001000000380000000000000002/)
  })

  test('that gives the lead to another server is the last thing that this one commits', () => {
    const { harness, one, three } = Harness.established(RECONFIG)
    harness.propose(
      Z1,
      configOf(
        [1, 3].map((id) => member(id)),
        Z1
      )
    )
    harness.propose(Z2)
    for (const link of [one, three]) harness.ack(link, Z1)

    expect(harness.host.takeCalls()).toEqual([
      'configurationSeen 100000001',
      'committed 100000001',
      'configurationActivated 100000001 1'
    ])
    for (const link of [one, three]) harness.ack(link, Z2)
    harness.logged(Z2)
    expect(harness.host.takeCalls()).toEqual([])
    expect(harness.leading.close().map(({ zxidLo }) => zxidLo)).toEqual([2])
  })

  describe('that has given the lead to another server', () => {
    function deposed() {
      const { harness, one, three } = Harness.established(RECONFIG)
      harness.propose(
        Z1,
        configOf(
          [1, 3].map((id) => member(id)),
          Z1
        )
      )
      for (const link of [one, three]) harness.ack(link, Z1)
      harness.host.takeCalls()
      return { harness, one, three }
    }

    test('is left by its leader when the learners are gone, but not within half a tick', () => {
      const { harness, one, three } = deposed()
      for (const link of [one, three]) harness.leading.linkClosed(link)
      harness.host.takeCalls()

      harness.pass(500)
      const early = harness.host.takeCalls()
      harness.pass(500)

      expect(early).toEqual([])
      expect(harness.host.takeCalls()).toEqual(['resign a reconfiguration has given the lead to another server'])
    })

    test('is left by its leader after three ticks, if learners stay', () => {
      const { harness, one, three } = deposed()

      for (let halfTick = 1; halfTick < 6; halfTick++) {
        harness.pass(500)
        for (const link of [one, three]) harness.ack(link, Z1)
      }
      const before = harness.host.takeCalls().filter((call) => call.startsWith('resign'))
      harness.pass(500)

      expect(before).toEqual([])
      expect(harness.host.takeCalls()).toContain('resign a reconfiguration has given the lead to another server')
    })

    test('leaves no door open for learners', () => {
      const { harness } = deposed()

      const link = harness.connect()

      expect(harness.host.closed.get(link)).toBe('another server leads now')
    })
  })

  test('learners that come while it is pending hear of it in NEWLEADER', () => {
    const { harness } = Harness.established(RECONFIG)
    harness.propose(
      Z1,
      configOf(
        [1, 2, 3, 4].map((id) => member(id)),
        Z1
      )
    )
    const link = harness.connect()
    harness.introduce(link, 4)

    harness.ackEpoch(link, 0, 0x100000000n)

    expect(harness.host.takeBytes(link).toString('latin1')).toContain('version=100000001')
  })

  test('observers that come while it is pending hear of the one in force: they would take it for that', () => {
    const { harness } = Harness.established(RECONFIG)
    harness.propose(Z1, { ...OLD, version: Z1 })
    const link = harness.connect()
    harness.introduce(link, 9, { isObserver: true })

    harness.ackEpoch(link, 0, 0x100000000n)

    expect(harness.host.takeBytes(link).toString('latin1')).toMatch(/version=1$|version=1[^0-9]/)
  })

  test('is completed by a new leader that has seen it, with NEWLEADER ACKs of both quorums', () => {
    const lastSeen = configOf(
      [2, 4, 5].map((id) => member(id)),
      7n
    )
    const harness = new Harness({ ...RECONFIG, start: { ...RECONFIG.start, lastSeen } })
    const [one, four] = [harness.connect(), harness.connect()]
    harness.introduce(one, 1)
    harness.introduce(four, 4)
    harness.leading.epochStored()
    for (const link of [one, four]) harness.ackEpoch(link, 0, 0n)
    harness.leading.epochStored()
    harness.host.takeCalls()

    harness.ack(one, 0x100000000n)

    expect(harness.host.takeCalls()).toEqual([])
    harness.ack(four, 0x100000000n)
    expect(harness.host.takeCalls()).toEqual(['configurationActivated 7 2', 'established 1'])
  })

  test('that is completed may name another leader: UPTODATE goes out, and this one does not serve', () => {
    const lastSeen = configOf(
      [1, 3].map((id) => member(id)),
      7n
    )
    const harness = new Harness({ ...RECONFIG, start: { ...RECONFIG.start, lastSeen } })
    const [one, three] = [harness.connect(), harness.connect()]
    harness.introduce(one, 1)
    harness.introduce(three, 3)
    harness.leading.epochStored()
    for (const link of [one, three]) harness.ackEpoch(link, 0, 0n)
    harness.leading.epochStored()
    harness.host.takeCalls()
    for (const link of [one, three]) harness.host.takeBytes(link)

    for (const link of [one, three]) harness.ack(link, 0x100000000n)

    expect(harness.host.takeCalls()).toEqual(['configurationActivated 7 1'])
    expect(harness.leading.isEstablished).toBe(false)
    expect(harness.host.take(one)).toEqual(['upToDate ffffffffffffffff'])
    expect(harness.host.take(three)).toEqual(['upToDate ffffffffffffffff'])
  })

  test('asks whether a quorum of the new configuration follows: learners that observe do not count', () => {
    const { harness, one } = Harness.established(RECONFIG)
    harness.join(4)
    harness.join(5, { isObserver: true })

    expect(harness.leading.isQuorumSynced(configOf([2, 4, 6].map((id) => member(id))))).toBe(true)
    expect(harness.leading.isQuorumSynced(configOf([2, 5, 6].map((id) => member(id))))).toBe(false)
    harness.leading.linkClosed(one)
    expect(harness.leading.isQuorumSynced(configOf([1, 2].map((id) => member(id))))).toBe(false)
  })

  test('does not count followers that the one before it has made observers: they leave, and nothing is proposed to them', () => {
    const { harness, one, three } = Harness.established(RECONFIG)
    harness.propose(Z1, configOf([member(1, 'observer'), member(2), member(3)], Z1))
    harness.logged(Z1)
    for (const link of [one, three]) harness.ack(link, Z1)

    expect(harness.host.takeCalls().at(-1)).toBe('configurationActivated 100000001 2')
    expect(harness.leading.isQuorumSynced(configOf([1, 2, 4].map((id) => member(id))))).toBe(false)
    expect(harness.leading.isQuorumSynced(configOf([2, 3, 4].map((id) => member(id))))).toBe(true)
  })

  test('several may follow each other', () => {
    const { harness, one, three } = Harness.established(RECONFIG)
    for (const zxid of [Z1, Z2, Z3]) {
      harness.propose(zxid, { ...OLD, version: zxid })
      for (const link of [one, three]) harness.ack(link, zxid)
    }

    expect(harness.host.takeCalls().filter((call) => call.startsWith('configurationActivated'))).toHaveLength(3)
  })
})

describe('the designated leader', () => {
  const next = configOf([1, 3, 4].map((id) => member(id)))

  test('is this server, if it votes at the same address', () => {
    expect(designatedLeader(2, OLD, OLD, acksOf(OLD, 1, 3), [])).toBe(2)
  })

  test.each([
    { what: 'observes', config: configOf([member(1), member(2, 'observer'), member(3)]) },
    { what: 'has moved', config: configOf([member(1), member(2, 'participant', 7777), member(3)]) },
    { what: 'is removed', config: configOf([member(1), member(3)]) }
  ])('is another one, if this server $what', ({ config }) => {
    expect(designatedLeader(2, OLD, config, acksOf(config, 3, 2), [])).toBe(3)
  })

  test('is the one that has acknowledged most of what came after', () => {
    const later = [acksOf(next, 3, 4), acksOf(next, 4)]

    expect(designatedLeader(2, OLD, next, acksOf(next, 1, 3, 4), [])).toBe(1)
    expect(designatedLeader(2, OLD, next, acksOf(next, 1, 3, 4), later)).toBe(4)
    expect(designatedLeader(2, OLD, next, acksOf(next, 1, 3, 4), [acksOf(next), acksOf(next, 4)])).toBe(1)
  })

  test('is this server at its new address, if there is no other', () => {
    const moved = configOf([member(2, 'participant', 7777)])

    expect(designatedLeader(2, OLD, moved, acksOf(moved, 2), [])).toBe(2)
  })
})
