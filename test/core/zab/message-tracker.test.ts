import { describe, expect, test } from '@jest/globals'
import { MessageTracker } from '../../../src/core/zab/message-tracker.ts'
import { PacketType } from '../../../src/core/zab/packet-type.ts'

function linesOf(tracker: MessageTracker): string[] {
  const lines: string[] = []
  tracker.dump('10.0.0.2:5000', (level, message) => lines.push(`${level} ${message}`))
  return lines
}

describe('the packets of a link', () => {
  test('are told with their types and times, the last ones of each direction', () => {
    let nowMs = Date.UTC(2016, 5, 6, 11, 7, 58, 594)
    const tracker = new MessageTracker(2, () => nowMs++)

    for (const type of [PacketType.proposal, PacketType.commitAndActivate, PacketType.ping]) tracker.sent(type)
    tracker.received(77)

    expect(linesOf(tracker)).toEqual([
      'warn Last 1 timestamps for messages receivedBuffer from 10.0.0.2:5000:',
      'warn receivedBuffer from 10.0.0.2:5000  TimeStamp: 2016-06-06 11:07:58,597 Type: UNKNOWN',
      'warn Last 2 timestamps for messages sentBuffer to 10.0.0.2:5000:',
      'warn sentBuffer to 10.0.0.2:5000  TimeStamp: 2016-06-06 11:07:58,595 Type: COMMITANDACTIVATE',
      'warn sentBuffer to 10.0.0.2:5000  TimeStamp: 2016-06-06 11:07:58,596 Type: PING'
    ])
  })

  test('are told once', () => {
    const tracker = new MessageTracker(2, () => 0)
    tracker.sent(PacketType.ping)
    linesOf(tracker)

    expect(linesOf(tracker)).toEqual([
      'info No buffered timestamps for messages receivedBuffer from 10.0.0.2:5000',
      'info No buffered timestamps for messages sentBuffer to 10.0.0.2:5000'
    ])
  })
})
