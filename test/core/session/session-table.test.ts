import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Session } from '../../../src/core/session/session.ts'
import { SessionTable } from '../../../src/core/session/session-table.ts'
import { ErrorCode } from '../../../src/protocol/error-code.ts'

const TICK_MS = 2000
const START_MS = 100_000
const HI = 0x01000037

let table: SessionTable

beforeEach(() => {
  table = new SessionTable(TICK_MS, START_MS)
})

function create(lo: number, timeoutMs = 4000, nowMs = START_MS): Session {
  return table.create(HI, lo, timeoutMs, nowMs)
}

function expiredIds(nowMs: number, countMax?: number): number[] {
  return table
    .expired(nowMs, countMax)
    .map((session) => session.idLo)
    .sort((a, b) => a - b)
}

/** The first moment at which a session has expired, found in steps of 1 ms. */
function expiryMs(fromMs: number): number {
  let nowMs = fromMs
  while (table.expired(nowMs).length === 0) nowMs++
  return nowMs
}

describe('expiry', () => {
  test.each([
    { touchedMs: 100_000, timeoutMs: 4000, expiresMs: 106_000 },
    { touchedMs: 100_001, timeoutMs: 4000, expiresMs: 106_000 },
    { touchedMs: 101_999, timeoutMs: 4000, expiresMs: 106_000 },
    { touchedMs: 102_000, timeoutMs: 4000, expiresMs: 108_000 },
    { touchedMs: 100_500, timeoutMs: 5000, expiresMs: 106_000 },
    { touchedMs: 100_500, timeoutMs: 40_000, expiresMs: 142_000 }
  ])(
    'a session of $timeoutMs ms heard of at $touchedMs expires at $expiresMs',
    ({ touchedMs, timeoutMs, expiresMs }) => {
      const session = create(1, timeoutMs)

      table.touch(session, touchedMs)

      expect(expiryMs(touchedMs)).toBe(expiresMs)
    }
  )

  test('does not happen while the session is touched in time', () => {
    const session = create(1)
    const expired: number[] = []

    for (let nowMs = START_MS; nowMs < START_MS + 60_000; nowMs += 1500) {
      table.touch(session, nowMs)
      expired.push(...expiredIds(nowMs))
    }

    expect(expired).toEqual([])
    expect(session.lastSeenMs).toBe(START_MS + 58_500)
  })

  test('marks the session as closing, and it stays known until removed', () => {
    const session = create(1)

    expect(expiredIds(106_000)).toEqual([1])

    expect(session.isClosing).toBe(true)
    expect(table.get(HI, 1)).toBe(session)
    expect(table.remove(HI, 1)).toBe(session)
    expect(table.get(HI, 1)).toBeUndefined()
  })

  test('comes once, and no sign of life undoes it', () => {
    const session = create(1)
    table.expired(106_000)

    expect(table.touch(session, 106_001)).toBe(false)
    expect(table.changeTimeout(session, 40_000, 106_001)).toBe(false)
    expect(expiredIds(1_000_000)).toEqual([])
  })

  test('can be taken in portions', () => {
    for (let lo = 1; lo <= 10; lo++) create(lo)

    const portions = [
      table.expired(106_000, 4).length,
      table.expired(106_000, 4).length,
      table.expired(106_000, 4).length
    ]

    expect(portions).toEqual([4, 4, 2])
  })

  test('leaves alone a session that is closing or closed by its client', () => {
    table.markClosing(create(1))
    create(2)
    table.remove(HI, 2)

    expect(expiredIds(1_000_000)).toEqual([])
    expect(table.nextExpiryMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('waits as much longer as the process stood still', () => {
    create(1)

    table.postpone(9000)

    expect(expiredIds(114_999)).toEqual([])
    expect(expiredIds(115_000)).toEqual([1])
  })

  test('a loop that stalls for three ticks, with pings unread, expires no session once it has read them', () => {
    const sessions = Array.from({ length: 100 }, (_, lo) => create(lo))

    table.postpone(3 * TICK_MS)
    const afterStallMs = START_MS + 2500 + 3 * TICK_MS
    const early = expiredIds(afterStallMs)
    for (const session of sessions) table.touch(session, afterStallMs)

    expect(early).toEqual([])
    expect(expiredIds(afterStallMs + 3999)).toEqual([])
  })
})

describe('the timeout in force', () => {
  test('is the newly negotiated one after a resume', () => {
    const session = create(1, 4000)

    table.changeTimeout(session, 30_000, START_MS)

    expect(expiryMs(START_MS)).toBe(132_000)
  })

  test('may be shorter than before', () => {
    const session = create(1, 30_000)

    table.changeTimeout(session, 4000, START_MS)

    expect(expiryMs(START_MS)).toBe(106_000)
  })

  test('is not what a snapshot holds, which is that of the transaction', () => {
    table.changeTimeout(create(1, 4000), 30_000, START_MS)

    expect(table.records()).toEqual([{ idHi: HI, idLo: 1, timeoutMs: 4000 }])
  })
})

describe('creating', () => {
  test('a session that is known gives the same one, with a full timeout', () => {
    const session = create(1)

    expect(create(1, 4000, 105_000)).toBe(session)

    expect(table.size).toBe(1)
    expect(expiryMs(105_000)).toBe(110_000)
  })

  test('tells apart ids that differ in one word only, also negative ones', () => {
    const ids = [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
      [1, 0]
    ] as const
    for (const [hi, lo] of ids) table.create(hi, lo, 4000, START_MS)

    const found = ids.map(([hi, lo]) => table.get(hi, lo)).map((session) => [session?.idHi, session?.idLo])

    expect(found).toEqual(ids)
    expect(table.get(0, 1)).toBeUndefined()
  })
})

describe('restoring a snapshot', () => {
  test('gives every session its full timeout from now', () => {
    table.restore(
      [
        { idHi: HI, idLo: 1, timeoutMs: 4000 },
        { idHi: HI, idLo: 2, timeoutMs: 20_000 }
      ],
      500_000
    )

    expect(table.size).toBe(2)
    expect(expiredIds(506_000)).toEqual([1])
    expect(expiredIds(522_000)).toEqual([2])
  })

  test('gives back what was taken', () => {
    create(1, 4000)
    create(2, 20_000)
    const other = new SessionTable(TICK_MS, 0)

    other.restore(table.records(), 0)

    expect(other.records()).toEqual(table.records())
  })
})

describe('who may speak for a session', () => {
  test('its first request settles the owner, another one has lost it', () => {
    create(1)

    expect(table.check(HI, 1, 7)).toBe(ErrorCode.OK)
    expect(table.check(HI, 1, 7)).toBe(ErrorCode.OK)
    expect(table.check(HI, 1, 8)).toBe(ErrorCode.SESSIONMOVED)
  })

  test('a resume through another server moves it', () => {
    const session = create(1)
    table.check(HI, 1, 7)

    table.setOwner(session, 8)

    expect(table.check(HI, 1, 7)).toBe(ErrorCode.SESSIONMOVED)
    expect(table.check(HI, 1, 8)).toBe(ErrorCode.OK)
  })

  test('nobody while it is closing, or if it is unknown', () => {
    table.markClosing(create(1))

    expect(table.check(HI, 1, 7)).toBe(ErrorCode.SESSIONEXPIRED)
    expect(table.check(HI, 2, 7)).toBe(ErrorCode.UNKNOWNSESSION)
  })
})

describe('a learner', () => {
  beforeEach(() => {
    table = new SessionTable(TICK_MS, START_MS, false)
  })

  test('expires its local sessions, and no global one', () => {
    create(1)
    table.create(HI, 2, 4000, START_MS, true)

    expect(expiredIds(1_000_000)).toEqual([2])
  })

  test('keeps local sessions out of snapshots', () => {
    create(1)
    table.create(HI, 2, 4000, START_MS, true)

    expect(table.records().map((record) => record.idLo)).toEqual([1])
    expect([table.size, table.localCount]).toEqual([2, 1])
  })

  test('forgets a session whose upgrade is not committed when its role ends', () => {
    const committed = table.create(HI, 1, 4000, START_MS, true)
    table.upgrade(committed)
    table.create(HI, 1, 4000, START_MS)
    table.upgrade(table.create(HI, 2, 4000, START_MS, true))
    const inSnapshot = table.records().map(({ idLo }) => idLo)

    table.stopExpiring()

    expect(inSnapshot).toEqual([1])
    expect([table.get(HI, 1)?.isLocal, table.get(HI, 2)]).toEqual([false, undefined])
  })

  test('makes a local session global when its createSession transaction comes', () => {
    const session = table.create(HI, 2, 4000, START_MS, true)

    create(2)

    expect(session.isLocal).toBe(false)
    expect(table.localCount).toBe(0)
    expect(table.records()).toHaveLength(1)
    expect(expiredIds(1_000_000)).toEqual([])
  })

  test('reports each global session that it heard of once', () => {
    const first = create(1)
    create(2)
    table.create(HI, 3, 4000, START_MS, true)
    const atFirst = table.takeUnreported().map((session) => session.idLo)

    table.touch(first, START_MS + 1)
    table.touch(first, START_MS + 2)

    expect(atFirst).toEqual([1, 2])
    expect(table.takeUnreported()).toEqual([first])
    expect(table.takeUnreported()).toEqual([])
  })

  test('that becomes leader gives every session a full timeout, and none is closing or owned any more', () => {
    const session = create(1)
    table.markClosing(session)
    table.setOwner(session, 5)
    create(2)

    table.startExpiring(200_000)

    expect(table.check(HI, 1, 9)).toBe(ErrorCode.OK)
    expect(expiredIds(205_999)).toEqual([])
    expect(expiredIds(206_000)).toEqual([1, 2])
    expect(table.takeUnreported()).toEqual([])
  })
})

test('a leader that becomes a follower stops expiring global sessions but not local ones', () => {
  create(1)
  table.create(HI, 2, 4000, START_MS, true)

  table.stopExpiring()

  expect(expiredIds(1_000_000)).toEqual([2])
})

describe('the listing for dump', () => {
  test('has the buckets by deadline with their sessions, emptied ones included', () => {
    const lines: string[] = []
    const session = create(0xe90029, 10_000)
    table.touch(session, START_MS + 2000)
    table.remove(HI, create(5, 2000).idLo)

    table.forEachBucket((deadlineMs, sessions) => {
      lines.push(`${sessions.length} expire at ${deadlineMs}: ${sessions.map((each) => each.idLo.toString(16))}`)
    })

    expect(lines).toEqual(['0 expire at 104000: ', '0 expire at 112000: ', '1 expire at 114000: e90029'])
    expect([table.bucketCount, table.expiringCount]).toEqual([3, 1])
  })
})
