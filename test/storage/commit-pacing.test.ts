import { describe, expect, test } from '@jest/globals'
import { CommitPacing } from '../../src/storage/commit-pacing.ts'

interface Load {
  readonly clients: number
  readonly commitMs: number
  /** From the end of a commit until the first and the last of its clients has written again. */
  readonly returnsMs: readonly [number, number]
  /** How many clients write again at all; the others come back later, each after `pauseMs`. */
  readonly returning?: number
  readonly pauseMs?: number
}

interface Seen {
  readonly writes: number
  readonly commits: number
  /** For how long commits were put off, together. */
  readonly waitedMs: number
}

/** Plays clients with one write under way each against a log whose commits all take the same time. */
function play(load: Load, durationMs: number, pacing: CommitPacing | null): Seen {
  const { clients, commitMs, returnsMs, returning = clients, pauseMs = 0 } = load
  // Two groups, as they form by themselves; the second comes while the first is being synced.
  let arrivals = Array.from({ length: clients }, (_, client) => ({ client, at: client < clients / 2 ? 0 : 0.01 }))
  let nowMs = 0
  let writes = 0
  let commits = 0
  let waitedMs = 0
  while (nowMs < durationMs) {
    const firstAt = Math.min(...arrivals.map(({ at }) => at))
    nowMs = Math.max(nowMs, firstAt)
    for (;;) {
      const queued = arrivals.filter(({ at }) => at <= nowMs).length
      const delayMs = pacing?.delayMs(queued, nowMs) ?? 0
      if (delayMs <= 0) break
      const nextAt = Math.min(...arrivals.filter(({ at }) => at > nowMs).map(({ at }) => at))
      const untilMs = Math.min(nextAt, nowMs + delayMs)
      waitedMs += untilMs - nowMs
      nowMs = untilMs
    }
    const group = arrivals.filter(({ at }) => at <= nowMs)
    const endMs = nowMs + commitMs
    const [firstMs, lastMs] = returnsMs
    const back = group.map(({ client }, index) => ({
      client,
      at: endMs + firstMs + ((lastMs - firstMs) * index) / group.length + (client < returning ? 0 : pauseMs)
    }))
    arrivals = [...arrivals.filter(({ at }) => at > nowMs), ...back]
    nowMs = endMs
    writes += group.length
    commits++
    pacing?.committed(group.length, arrivals.filter(({ at }) => at <= nowMs).length, nowMs, commitMs)
  }
  return { writes, commits, waitedMs }
}

describe('clients that write again as soon as they are answered', () => {
  const load: Load = { clients: 50, commitMs: 4, returnsMs: [0.2, 0.8] }

  test('become one group: fewer syncs, more writes', () => {
    const without = play(load, 2000, null)
    const paced = play(load, 2000, new CommitPacing())

    expect(paced.writes).toBeGreaterThan(1.5 * without.writes)
    expect(paced.writes / paced.commits).toBeGreaterThan(45)
  })

  test('also when a few of them have gone for longer', () => {
    const some = { ...load, returning: 40, pauseMs: 30 }

    expect(play(some, 2000, new CommitPacing()).writes).toBeGreaterThan(1.2 * play(some, 2000, null).writes)
  })
})

describe('a delay that brings nothing', () => {
  test('is not tried where a sync takes next to nothing', () => {
    expect(play({ clients: 50, commitMs: 0.3, returnsMs: [0.2, 0.6] }, 500, new CommitPacing()).waitedMs).toBe(0)
  })

  test('is given up where clients take as long as a sync', () => {
    const load: Load = { clients: 50, commitMs: 1, returnsMs: [0.5, 1.5] }

    expect(play(load, 1000, new CommitPacing()).writes).toBeGreaterThan(0.97 * play(load, 1000, null).writes)
  })

  test('is given up where nobody comes back soon', () => {
    const load: Load = { clients: 50, commitMs: 4, returnsMs: [3, 60] }

    expect(play(load, 4000, new CommitPacing()).writes).toBeGreaterThan(0.97 * play(load, 4000, null).writes)
  })
})

test('one client alone never waits', () => {
  const { waitedMs, writes } = play({ clients: 1, commitMs: 4, returnsMs: [0.1, 0.1] }, 1000, new CommitPacing())

  expect(waitedMs).toBe(0)
  expect(writes).toBeGreaterThan(200)
})

test('a write that comes long after the last commit does not wait', () => {
  const pacing = new CommitPacing()
  pacing.committed(50, 0, 100, 10)

  expect(pacing.delayMs(1, 101)).toBeGreaterThan(0)
  expect(pacing.delayMs(1, 106)).toBe(0)
  expect(pacing.delayMs(1, 500)).toBe(0)
})
