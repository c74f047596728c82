import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { HistoryFile, historyPath } from '../../src/cli/history-file.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-history-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test('a shell that was never used has no history', () => {
  expect(new HistoryFile(join(folder, 'none')).load()).toEqual([])
  expect(new HistoryFile(null).load()).toEqual([])
})

test('lines are kept in a folder that is made for them, but for empty ones and passwords', () => {
  const file = new HistoryFile(join(folder, 'deep', 'history'))

  for (const line of ['ls /', '', '  ', ' addauth digest a:b', 'addauthx']) file.append(line)

  expect(file.load()).toEqual(['ls /', 'addauthx'])
})

test('the newest thousand lines are given, and a file that has grown too long is cut to them', () => {
  const path = join(folder, 'history')
  writeFileSync(path, Array.from({ length: 2_500 }, (_, index) => `line ${index}\n`).join(''))

  const lines = new HistoryFile(path).load()

  expect([lines.length, lines[0], lines.at(-1)]).toEqual([1_000, 'line 1500', 'line 2499'])
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(1_001)
})

test('a place where nothing can be written is no obstacle', () => {
  const path = join(folder, 'file')
  writeFileSync(path, '')
  const file = new HistoryFile(join(path, 'below-a-file'))

  expect(() => file.append('ls /')).not.toThrow()
  expect(file.load()).toEqual([])
})

test.each([
  { env: {}, path: join(homedir(), '.zoonode_zkcli_history') },
  { env: { ZKCLI_HISTORY: '/elsewhere' }, path: '/elsewhere' },
  { env: { ZKCLI_HISTORY: '' }, path: null }
])('the environment $env puts it at $path', ({ env, path }) => {
  expect(historyPath(env)).toBe(path)
})
