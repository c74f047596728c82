import { describe, expect, test } from '@jest/globals'
import { costOf } from '../../../bench/costs/cost-list.ts'
import { type CostResult, summariseCost } from '../../../bench/report/cost-summary.ts'
import { costTable } from '../../../bench/report/cost-table.ts'

function cost(name: 'rss-nodes' | 'turn-nodes' | 'flushes-1x1', more: Partial<CostResult>): CostResult {
  return { ...costOf(name), apache: [], zoonode: [], otherWork: null, ...more }
}

describe('a cost', () => {
  test('is compared sample by sample, below 1 if zoonode is better', () => {
    const result = cost('rss-nodes', { apache: [100, 200, 400], zoonode: [50, 50, 50] })

    expect(summariseCost(result)).toEqual({
      name: 'rss-nodes',
      apache: 200,
      zoonode: 50,
      ratio: { median: 0.25, least: 0.125, most: 0.5 },
      meetsGoal: true
    })
  })

  test('misses a goal that is a ratio by its median', () => {
    expect(summariseCost(cost('rss-nodes', { apache: [100], zoonode: [36] })).meetsGoal).toBe(false)
  })

  test('that only zoonode has is held against a goal in its own unit', () => {
    const { ratio, apache, meetsGoal } = summariseCost(cost('turn-nodes', { zoonode: [21] }))

    expect([ratio, apache, meetsGoal]).toEqual([null, null, false])
    expect(summariseCost(cost('turn-nodes', { zoonode: [19.9] })).meetsGoal).toBe(true)
  })

  test('meets nothing where there is no goal', () => {
    expect(summariseCost(cost('flushes-1x1', { apache: [1], zoonode: [1] })).meetsGoal).toBeNull()
  })

  test('of nothing on Apache has no ratio', () => {
    expect(summariseCost(cost('flushes-1x1', { apache: [0], zoonode: [1] })).ratio).toBeNull()
  })
})

test('the table shows both, the ratio and the goal, and why one has no figures', () => {
  const table = costTable([
    cost('rss-nodes', { apache: [1000], zoonode: [400] }),
    cost('turn-nodes', { failure: 'no probe' })
  ])

  const lines = table.split('\n').map((line) => line.replaceAll(/ +/g, ' '))

  expect(lines[2]).toBe(
    '| rss-nodes | MB | 1,000 | 400 | 0.40 (0.40-0.40) | 0.35 / 0.25 ! | memory with the big tree, after a quiet while |'
  )
  expect(lines[3]).toBe('| turn-nodes | ms | failed | | | | |')
  expect(lines[4]).toBe('failed turn-nodes: no probe')
})
