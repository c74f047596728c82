import { JuteWriter } from 'jute-ts'
import type { ACL } from '../../src/protocol/generated/data.ts'
import {
  encodeAddWatchRequest,
  encodeCheckVersionRequest,
  encodeCreateRequest,
  encodeCreateTTLRequest,
  encodeDeleteRequest,
  encodeExistsRequest,
  encodeMultiHeader,
  encodeSetACLRequest,
  encodeSetDataRequest
} from '../../src/protocol/generated/proto.ts'
import { OpCode } from '../../src/protocol/op-code.ts'

/** A request without its header. */
export interface RequestBody {
  readonly type: number
  readonly body: Buffer
  /** False for what may fail with MARSHALLINGERROR, without a transaction. */
  readonly isWhole: boolean
}

/** One member of a multi. */
export type WriteBody = RequestBody

export const OPEN_ACL: readonly ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

export function bodyOf(type: number, write: (writer: JuteWriter) => void, isWhole = true): RequestBody {
  const writer = new JuteWriter(128)
  write(writer)
  return { type, body: writer.copyBytes(), isWhole }
}

export interface CreateFields {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly ACL[] | null
  readonly flags: number
}

export function createBody(type: number, { path, data, acl, flags }: CreateFields, ttlMs: number): RequestBody {
  const record = { path, data, acl: acl === null ? null : [...acl], flags }
  if (type !== OpCode.createTTL) return bodyOf(type, (writer) => encodeCreateRequest(writer, record), acl !== null)
  const [ttlHi, ttlLo] = [ttlMs < 0 ? -1 : 0, ttlMs]
  return bodyOf(type, (writer) => encodeCreateTTLRequest(writer, { ...record, ttlHi, ttlLo }))
}

export function deleteBody(path: string, version: number): RequestBody {
  return bodyOf(OpCode.delete, (writer) => encodeDeleteRequest(writer, { path, version }))
}

export function setDataBody(path: string, data: Uint8Array | null, version: number): RequestBody {
  return bodyOf(OpCode.setData, (writer) => encodeSetDataRequest(writer, { path, data, version }))
}

export function setAclBody(path: string, acl: readonly ACL[], version: number): RequestBody {
  return bodyOf(OpCode.setACL, (writer) => encodeSetACLRequest(writer, { path, acl: [...acl], version }))
}

export function checkBody(path: string, version: number): RequestBody {
  return bodyOf(OpCode.check, (writer) => encodeCheckVersionRequest(writer, { path, version }))
}

/** exists, getData, getChildren, getChildren2: a path and whether to watch. */
export function readBody(type: number, path: string, watch: boolean): RequestBody {
  return bodyOf(type, (writer) => encodeExistsRequest(writer, { path, watch }))
}

/** Requests that are a path alone: getACL, sync, getEphemerals, getAllChildrenNumber. */
export function pathBody(type: number, path: string): RequestBody {
  return bodyOf(type, (writer) => writer.writeString(path))
}

/** addWatch, checkWatches, removeWatches: a path and a number. */
export function watchBody(type: number, path: string, mode: number): RequestBody {
  return bodyOf(type, (writer) => encodeAddWatchRequest(writer, { path, mode }))
}

/** multi and multiRead. */
export function multiBody(type: number, members: readonly RequestBody[]): RequestBody {
  return bodyOf(
    type,
    (writer) => {
      for (const member of members) {
        encodeMultiHeader(writer, { type: member.type, done: false, err: -1 })
        writer.writeBytes(member.body)
      }
      encodeMultiHeader(writer, { type: -1, done: true, err: -1 })
    },
    members.every(({ isWhole }) => isWhole)
  )
}

export function emptyBody(type: number): RequestBody {
  return { type, body: Buffer.alloc(0), isWhole: type !== OpCode.reconfig }
}

/** The whole frame: RequestHeader and body. */
export function frameOf(xid: number, type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeInt32BE(xid, 0)
  header.writeInt32BE(type, 4)
  return Buffer.concat([header, body])
}
