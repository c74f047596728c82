import { expect, test } from '@jest/globals'
import { ServerList } from '../../src/client/server-list.ts'

const servers = ['a', 'b', 'c'].map((host) => ({ host, port: 1 }))

test('servers are tried round and round', () => {
  const list = new ServerList(servers, null)

  const tried = Array.from({ length: 7 }, () => list.next().host)

  expect(tried.join('')).toBe('abcabca')
})

test('every server has its turn when they are shuffled', () => {
  const numbers = [0.9, 0.1, 0.5]
  const list = new ServerList(servers, () => numbers.shift() ?? 0)

  const tried = Array.from({ length: 3 }, () => list.next().host)

  expect(tried.join('')).toBe('bca')
})
