import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { JuteReader, JuteWriter } from '../../../jute/src/index.ts'
import { zookeeperRecord } from './zookeeper-records.ts'

interface RecordedFrame {
  /** Recording that it was taken from. */
  readonly from: string
  readonly records: readonly string[]
  readonly hex: string
}

const frames: readonly RecordedFrame[] = JSON.parse(readFileSync(join(__dirname, 'golden/frames.json'), 'utf8'))

/** Told apart in test names by what they are made of. */
const cases = frames.map((frame) => ({
  ...frame,
  title: frame.records.map((name) => name.split('.').at(-1)).join(' ')
}))

test.each(cases)('a recorded frame decodes to its end and encodes to the same bytes: $title', ({ records, hex }) => {
  const reader = new JuteReader(Buffer.from(hex, 'hex'))
  const writer = new JuteWriter()

  for (const name of records) {
    const { codec } = zookeeperRecord(name)
    codec.encode(writer, codec.decode(reader))
  }

  expect(reader.remaining).toBe(0)
  expect(writer.bytes().toString('hex')).toBe(hex)
})

test.each(cases)('a recorded frame is skipped record by record: $title', ({ records, hex }) => {
  const reader = new JuteReader(Buffer.from(hex, 'hex'))

  for (const name of records) zookeeperRecord(name).codec.skip(reader)

  expect(reader.remaining).toBe(0)
})
