import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { JuteReader, JuteWriter } from '../../../jute/src/index.ts'
import { recordFromJson } from '../../../jute/test/support/json-record.ts'
import { zookeeperRecord, zookeeperRecords } from './zookeeper-records.ts'

interface GoldenRecord {
  readonly name: string
  readonly record: string
  readonly value: unknown
  readonly hex: string
}

const golden: { readonly records: readonly GoldenRecord[] } = JSON.parse(
  readFileSync(join(__dirname, 'golden/java-records.json'), 'utf8')
)

const cases = golden.records.map(({ name, record, value, hex }) => {
  const { schema, codec } = zookeeperRecord(record)
  return { name, codec, value: recordFromJson(schema, value, 'pair'), hex }
})

describe("records against the bytes of Apache ZooKeeper's own classes", () => {
  test.each(cases)('encodes $name', ({ codec, value, hex }) => {
    const writer = new JuteWriter()

    codec.encode(writer, value)

    expect(writer.bytes().toString('hex')).toBe(hex)
  })

  test.each(cases)('decodes and skips $name', ({ codec, value, hex }) => {
    const bytes = Buffer.from(hex, 'hex')
    const reader = new JuteReader(bytes)

    expect(codec.decode(reader)).toEqual(value)
    expect(reader.remaining).toBe(0)
    codec.skip(reader.reset(bytes))
    expect(reader.remaining).toBe(0)
  })

  test('there are bytes for every record that has a class there', () => {
    const recorded = new Set(golden.records.map(({ record }) => record))

    const missing = zookeeperRecords.map(({ name }) => name).filter((name) => !recorded.has(name))

    // Written by hand there.
    expect(missing.filter((name) => !name.startsWith('zoonode.'))).toEqual([
      'org.apache.zookeeper.proto.DeleteContainerRequest'
    ])
  })
})
