import { expect, test } from '@jest/globals'
import { LimitedLog } from '../../../src/server/quorum/limited-log.ts'
import { RecordingLogger } from './support.ts'

test('of one kind only a few lines a minute are written, and the next one tells how many were not', () => {
  let nowMs = 0
  const log = new RecordingLogger()
  const limited = new LimitedLog(log, () => nowMs)

  for (let count = 0; count < 100; count++) limited.warn('flood', 'again')
  limited.warn('other', 'not part of it')
  nowMs = 60_000
  limited.warn('flood', 'once more')

  expect(log.lines).toEqual([
    ...Array.from({ length: 5 }, () => 'warn again'),
    'warn not part of it',
    'warn once more (and 95 more like it, not shown)'
  ])
})
