import type { JuteWriter } from 'jute-ts'
import {
  encodeAddWatchRequest,
  encodeCheckVersionRequest,
  encodeCreateRequest,
  encodeDeleteRequest,
  encodeExistsRequest,
  encodeGetChildren2Request,
  encodeGetDataRequest,
  encodeMultiHeader,
  encodeSetDataRequest,
  encodeSyncRequest
} from '../protocol/generated/proto.ts'
import { OpCode } from '../protocol/op-code.ts'

export interface CreateOperation {
  readonly kind: 'create'
  readonly path: string
  readonly data: Buffer
  /** CreateMode */
  readonly flags: number
  /** create2, which answers with a Stat too. */
  readonly withStat: boolean
}

export type SingleWrite =
  | CreateOperation
  | { readonly kind: 'delete'; readonly path: string; readonly version: number }
  | { readonly kind: 'setData'; readonly path: string; readonly data: Buffer; readonly version: number }
  | { readonly kind: 'check'; readonly path: string; readonly version: number }

export type ReadOperation = {
  readonly kind: 'getData' | 'exists' | 'getChildren2'
  readonly path: string
  readonly watch: boolean
}

/** What a client asks for. */
export type Operation =
  | Exclude<SingleWrite, { readonly kind: 'check' }>
  | ReadOperation
  | { readonly kind: 'multi'; readonly operations: readonly SingleWrite[] }
  | { readonly kind: 'sync'; readonly path: string }
  | { readonly kind: 'addWatch'; readonly path: string; readonly mode: number }
  | { readonly kind: 'setWatches' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'closeSession' }

const OPEN_ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const MULTI_END = { type: -1, done: true, err: -1 }

export function isSequential(flags: number): boolean {
  return flags === 2 || flags === 3
}

export function opCodeOf(operation: Operation | SingleWrite): number {
  if (operation.kind === 'create') return operation.withStat ? OpCode.create2 : OpCode.create
  return operation.kind === 'setWatches' ? OpCode.setWatches2 : OpCode[operation.kind]
}

/** Writes the body of a request; that of setWatches is the client's business. */
export function writeOperation(writer: JuteWriter, operation: Operation | SingleWrite): void {
  switch (operation.kind) {
    case 'create': {
      const { path, data, flags } = operation
      return encodeCreateRequest(writer, { path, data, acl: OPEN_ACL, flags })
    }
    case 'delete':
      return encodeDeleteRequest(writer, operation)
    case 'setData':
      return encodeSetDataRequest(writer, operation)
    case 'check':
      return encodeCheckVersionRequest(writer, operation)
    case 'getData':
      return encodeGetDataRequest(writer, operation)
    case 'exists':
      return encodeExistsRequest(writer, operation)
    case 'getChildren2':
      return encodeGetChildren2Request(writer, operation)
    case 'sync':
      return encodeSyncRequest(writer, operation)
    case 'addWatch':
      return encodeAddWatchRequest(writer, operation)
    case 'multi':
      for (const each of operation.operations) {
        encodeMultiHeader(writer, { type: opCodeOf(each), done: false, err: -1 })
        writeOperation(writer, each)
      }
      return encodeMultiHeader(writer, MULTI_END)
    default:
  }
}
