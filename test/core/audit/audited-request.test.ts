import { describe, expect, test } from '@jest/globals'
import { JuteReader, JuteWriter } from 'jute-ts'
import { readAuditedRequest } from '../../../src/core/audit/audited-request.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { create, pathAndVersion, setData } from '../requests.ts'

function readerOf(write: (writer: JuteWriter) => void, cutBytes = 0): JuteReader {
  const writer = new JuteWriter(256)
  writer.writeInt(7)
  write(writer)
  const bytes = writer.copyBytes()
  return new JuteReader().reset(bytes, 4, bytes.length - cutBytes)
}

describe('what is kept of a request for the audit log', () => {
  test.each([
    { flags: 0, znodeType: 'persistent' },
    { flags: 3, znodeType: 'ephemeral_sequential' },
    { flags: 6, znodeType: 'persistent_sequential_with_ttl' },
    { flags: 99, znodeType: null }
  ])('is the path as asked for and the type by the flags: $flags', ({ flags, znodeType }) => {
    const reader = readerOf(create('/a', flags))

    expect(readAuditedRequest(OpCode.create, reader)).toMatchObject({ operation: 'create', path: '/a', znodeType })
    expect(reader.offset).toBe(4)
  })

  test('is the beginning of a body that ends early', () => {
    const reader = readerOf(create('/a', 1), 5)

    expect(readAuditedRequest(OpCode.create, reader)).toMatchObject({ path: '/a', znodeType: 'persistent' })
    expect(readAuditedRequest(OpCode.setData, readerOf(setData('/b', 'x'), 10))).toMatchObject({ path: null })
    expect(reader.offset).toBe(4)
  })

  test('is the list of a setACL, entry after entry', () => {
    const reader = readerOf((writer) => {
      writer.writeString('/a')
      writer.writeInt(2)
      writer.writeInt(3)
      writer.writeString('ip')
      writer.writeString('10.0.0.1')
      writer.writeInt(28)
      writer.writeString('world')
      writer.writeString('anyone')
      writer.writeInt(-1)
    })

    expect(readAuditedRequest(OpCode.setACL, reader)?.acl).toBe('ip:10.0.0.1:rwworld:anyone:cda')
  })

  test('is the type of each create in a multi, but not of those with a TTL', () => {
    const member = (writer: JuteWriter, type: number): void => {
      writer.writeInt(type)
      writer.writeBool(type === -1)
      writer.writeInt(-1)
    }
    const reader = readerOf((writer) => {
      member(writer, OpCode.create)
      create('/a', 1)(writer)
      member(writer, OpCode.createTTL)
      create('/t', 5)(writer)
      writer.writeInt64(0, 1000)
      member(writer, OpCode.delete)
      pathAndVersion('/a')(writer)
      member(writer, OpCode.create2)
      create('/b', 2)(writer)
      member(writer, -1)
    })

    const types = readAuditedRequest(OpCode.multi, reader)?.znodeTypes ?? new Map()

    expect([...types]).toEqual([
      ['/a', 'ephemeral'],
      ['/b', 'persistent_sequential']
    ])
  })

  test('is nothing of a read', () => {
    expect(readAuditedRequest(OpCode.getData, readerOf(setData('/a', 'x')))).toBeNull()
  })
})
