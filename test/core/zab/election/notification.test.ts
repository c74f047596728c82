import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JuteWriter } from 'jute-ts'
import {
  decodeElectionNotification,
  encodeElectionNotification,
  NO_VOTE,
  NO_ZXID_HI,
  NotificationError
} from '../../../../src/core/zab/election/notification.ts'
import { ServerState } from '../../../../src/core/zab/vote.ts'

const RECORDED = readFileSync(join(__dirname, '../../../golden/ensemble/elections.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line): { hex: string } => JSON.parse(line))

/** state FOLLOWING, leader 3, zxid 0x200000007, round 5, peerEpoch 2 */
const VOTE = ['00000001', '0000000000000003', '0000000200000007', '0000000000000005']
const EPOCH = '0000000000000002'
const DECODED = { leader: 3, zxidHi: 2, zxidLo: 7, electionEpoch: 5, peerEpoch: 2 }

function decode(...hex: string[]) {
  return decodeElectionNotification(Buffer.from(hex.join(''), 'hex'))
}

function encode(...[state, vote, text]: [ServerState, typeof DECODED, string]): Buffer {
  const writer = new JuteWriter()
  encodeElectionNotification(writer, state, vote, text)
  return writer.copyBytes()
}

describe('a notification', () => {
  test('that a real server sent is the same bytes again', () => {
    const frames = RECORDED.map(({ hex }) => Buffer.from(hex, 'hex').subarray(4))

    const again = frames.map((frame) => {
      const { state, vote, configText } = decodeElectionNotification(frame)
      return encode(state, vote, configText ?? 'none')
    })

    expect(again).toEqual(frames)
  })

  test('of somebody who does not vote has the least numbers', () => {
    const vote = { leader: NO_VOTE, zxidHi: NO_ZXID_HI, zxidLo: 0, peerEpoch: NO_VOTE, electionEpoch: 1 }

    const bytes = encode(ServerState.looking, vote, '')

    expect(bytes.toString('hex', 4, 36)).toBe(
      ['8000000000000000', '8000000000000000', '0000000000000001', '8000000000000000'].join('')
    )
    expect(decodeElectionNotification(bytes).vote).toEqual(vote)
  })

  test.each([
    { name: '28 bytes: the epoch is that of the zxid', hex: VOTE, version: 0, configText: null },
    { name: '40 bytes: without a version', hex: [...VOTE, EPOCH, '00000002'], version: 0, configText: null },
    {
      name: 'version 1: without a configuration',
      hex: [...VOTE, EPOCH, '00000001', 'ff'],
      version: 1,
      configText: null
    },
    { name: 'version 2', hex: [...VOTE, EPOCH, '00000002', '00000002', '6869'], version: 2, configText: 'hi' },
    { name: 'a later version', hex: [...VOTE, EPOCH, '00000003', '00000001', '68', '99'], version: 3, configText: 'h' }
  ])('is read by its length: $name', ({ hex, version, configText }) => {
    expect(decode(...hex)).toEqual({ state: ServerState.following, vote: DECODED, version, configText })
  })

  test.each([
    { name: 'nothing', hex: [] },
    { name: '27 bytes', hex: VOTE.map((field, index) => (index === 3 ? field.slice(2) : field)) },
    { name: '32 bytes', hex: [...VOTE, '00000000'] },
    { name: '36 bytes', hex: [...VOTE, EPOCH] },
    { name: 'a cut configuration', hex: [...VOTE, EPOCH, '00000002', '00000003', '6869'] },
    { name: 'a negative length', hex: [...VOTE, EPOCH, '00000002', 'ffffffff', '6869'] },
    { name: 'a huge length', hex: [...VOTE, EPOCH, '00000002', '7fffffff', '6869'] },
    { name: 'an unknown state', hex: ['00000004', ...VOTE.slice(1)] },
    { name: 'a leader beyond all ids', hex: ['00000000', '7000000000000000', ...VOTE.slice(2)] },
    { name: 'a round beyond all rounds', hex: [...VOTE.slice(0, 3), '0020000000000000'] }
  ])('is refused: $name', ({ hex }) => {
    expect(() => decode(...hex)).toThrow(NotificationError)
  })

  test('of any bytes is read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        let outcome: unknown
        try {
          outcome = decodeElectionNotification(bytes)
        } catch (error) {
          outcome = error
        }
        expect(outcome instanceof NotificationError || Object.hasOwn(Object(outcome), 'vote')).toBe(true)
      })
    )
  })
})
