import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { type Line, type RecordedFrame, RecordedServer } from './recorded-server.ts'

const ZXID_BEFORE = 212

function readRecording(): RecordedFrame[] {
  const text = readFileSync(join(__dirname, 'golden', 'watches.jsonl'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedFrame)
}

function recordedLines(frames: RecordedFrame[], conn: number): Line[] {
  return frames
    .filter((frame) => frame.conn === conn && frame.dir === 's2c')
    .map(({ decoded }) =>
      decoded.event === undefined ? `err ${decoded.header.err}` : `event ${decoded.event.type} ${decoded.event.path}`
    )
}

describe('requests recorded from an Apache ZooKeeper 3.9.5 server', () => {
  test.each([{ conn: 0 }, { conn: 1 }])(
    'connection $conn is sent the same events and codes in the same order',
    ({ conn }) => {
      const frames = readRecording()
      const server = new RecordedServer(ZXID_BEFORE)

      for (const frame of frames) {
        if (frame.dir === 'c2s') server.request(frame.conn, frame.opcode, frame.decoded.request)
      }

      expect(server.sent.get(conn)).toEqual(recordedLines(frames, conn))
    }
  )
})
