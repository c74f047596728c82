import type { JuteWriter } from 'jute-ts'
import { formatMembership } from '../core/zab/membership/config-text.ts'
import type { EnsembleConfig, EnsembleMember } from '../core/zab/membership/ensemble-config.ts'
import {
  encodeAddWatchRequest,
  encodeCheckVersionRequest,
  encodeCreateRequest,
  encodeCreateTTLRequest,
  encodeDeleteRequest,
  encodeExistsRequest,
  encodeGetChildren2Request,
  encodeGetDataRequest,
  encodeMultiHeader,
  encodeReconfigRequest,
  encodeSetDataRequest,
  encodeSyncRequest,
  type ReconfigRequest
} from '../protocol/generated/proto.ts'
import { highWordOfNumber, lowWordOfNumber } from '../protocol/int64.ts'
import { CreateMode, OpCode } from '../protocol/op-code.ts'

export interface CreateOperation {
  readonly kind: 'create'
  readonly path: string
  readonly data: Buffer
  /** CreateMode */
  readonly flags: number
  /** create2, which answers with a Stat too; as the creates of containers and TTL nodes do. */
  readonly withStat: boolean
  /** Of a TTL node, ms. */
  readonly ttlMs?: number
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

/** By joining and leaving servers, or by a list of all. */
export interface ReconfigOperation {
  readonly kind: 'reconfig'
  readonly joining: readonly EnsembleMember[]
  readonly leaving: readonly number[]
  readonly list: EnsembleConfig | null
  /** That the configuration must have; -1 for any. */
  readonly version: number
}

/** What a client asks for. */
export type Operation =
  | Exclude<SingleWrite, { readonly kind: 'check' }>
  | ReadOperation
  | { readonly kind: 'multi'; readonly operations: readonly SingleWrite[] }
  | ReconfigOperation
  | { readonly kind: 'sync'; readonly path: string }
  | { readonly kind: 'addWatch'; readonly path: string; readonly mode: number }
  | { readonly kind: 'setWatches' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'closeSession' }

const OPEN_ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const MULTI_END = { type: -1, done: true, err: -1 }

function reconfigRequest({ joining, leaving, list, version }: ReconfigOperation): ReconfigRequest {
  const lines = (members: readonly EnsembleMember[]): string =>
    formatMembership({ members, groups: [], weights: new Map(), version: 0n })
  return {
    joiningServers: joining.length === 0 ? null : lines(joining).trim().replaceAll('\n', ','),
    leavingServers: leaving.length === 0 ? null : leaving.join(),
    newMembers: list === null ? null : formatMembership(list).trim().replaceAll('\n', ','),
    curConfigIdHi: highWordOfNumber(version),
    curConfigIdLo: lowWordOfNumber(version)
  }
}

export function isSequential(flags: number): boolean {
  return flags === 2 || flags === 3 || flags === 6
}

export function opCodeOf(operation: Operation | SingleWrite): number {
  if (operation.kind === 'create') return opCodeOfCreate(operation)
  return operation.kind === 'setWatches' ? OpCode.setWatches2 : OpCode[operation.kind]
}

function opCodeOfCreate({ flags, withStat, ttlMs }: CreateOperation): number {
  if (flags === CreateMode.container) return OpCode.createContainer
  if (ttlMs !== undefined) return OpCode.createTTL
  return withStat ? OpCode.create2 : OpCode.create
}

/** Whether it needs a session that all servers know. */
export function createsEphemeral(operation: Operation | SingleWrite): boolean {
  if (operation.kind === 'multi') return operation.operations.some(createsEphemeral)
  return operation.kind === 'create' && (operation.flags === 1 || operation.flags === 3)
}

/** Writes the body of a request; that of setWatches is the client's business. */
export function writeOperation(writer: JuteWriter, operation: Operation | SingleWrite): void {
  switch (operation.kind) {
    case 'create': {
      const { path, data, flags, ttlMs } = operation
      if (ttlMs !== undefined) {
        const ttl = { ttlHi: highWordOfNumber(ttlMs), ttlLo: lowWordOfNumber(ttlMs) }
        return encodeCreateTTLRequest(writer, { path, data, acl: OPEN_ACL, flags, ...ttl })
      }
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
    case 'reconfig':
      return encodeReconfigRequest(writer, reconfigRequest(operation))
    case 'multi':
      for (const each of operation.operations) {
        encodeMultiHeader(writer, { type: opCodeOf(each), done: false, err: -1 })
        writeOperation(writer, each)
      }
      return encodeMultiHeader(writer, MULTI_END)
    default:
  }
}
