import { expect, test } from '@jest/globals'
import { ConnectionCounts } from '../../src/server/connection-counts.ts'

test('connections of one address are refused above its limit, and others are not', () => {
  const counts = new ConnectionCounts(2, 0)
  const outcomes = ['a', 'a', 'a', 'b'].map((address) => counts.enter(address))
  counts.leave('a')
  outcomes.push(counts.enter('a'), counts.enter('a'))
  const refusal = 'Too many connections from a - max is 2'
  expect(outcomes).toEqual([null, null, refusal, null, null, refusal])
})

test('connections of all addresses are refused above the limit of all', () => {
  const counts = new ConnectionCounts(0, 2)
  const outcomes = ['a', 'b', 'c'].map((address) => counts.enter(address))
  counts.leave('a')
  outcomes.push(counts.enter('c'), counts.enter('a'))
  const refusal = 'Too many connections - max is 2'
  expect(outcomes).toEqual([null, null, refusal, null, refusal])
})

test('0 is no limit', () => {
  const counts = new ConnectionCounts(0, 0)
  expect(Array.from({ length: 100 }, () => counts.enter('a')).every((refusal) => refusal === null)).toBe(true)
})
