import type { JuteWriter } from 'jute-ts'
import { CreateMode } from '../../src/protocol/op-code.ts'
import type { Sent } from './peer-harness.ts'

/** Bodies of requests, for tests, and the reply among what came back. */

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]

export function create(
  path: string | null,
  flags: number = CreateMode.persistent,
  data: string | null = 'x',
  acl = OPEN
) {
  return (writer: JuteWriter): void => {
    writer.writeString(path)
    writer.writeBuffer(data === null ? null : Buffer.from(data))
    writer.writeInt(acl.length)
    for (const entry of acl) {
      writer.writeInt(entry.perms)
      writer.writeString(entry.scheme)
      writer.writeString(entry.id)
    }
    writer.writeInt(flags)
  }
}

export function pathAndBool(path: string, watch = false) {
  return (writer: JuteWriter): void => {
    writer.writeString(path)
    writer.writeBool(watch)
  }
}

export function pathAndVersion(path: string, version = -1) {
  return (writer: JuteWriter): void => {
    writer.writeString(path)
    writer.writeInt(version)
  }
}

export function setData(path: string | null, data: string, version = -1) {
  return (writer: JuteWriter): void => {
    writer.writeString(path)
    writer.writeBuffer(Buffer.from(data))
    writer.writeInt(version)
  }
}

export function replyOf(sent: readonly Sent[]): Extract<Sent, { kind: 'reply' }> {
  const reply = sent.find((one) => one.kind === 'reply')
  if (reply?.kind !== 'reply') throw new Error(`no reply among ${JSON.stringify(sent)}`)
  return reply
}
