import type { JuteReader } from 'jute-ts'
import { ErrorCode } from '../../../protocol/error-code.ts'
import {
  type CreateRequest,
  decodeCheckVersionRequest,
  decodeCreateRequest,
  decodeCreateTTLRequest,
  decodeDeleteRequest,
  decodeMultiHeader,
  decodeSetDataRequest
} from '../../../protocol/generated/proto.ts'
import { CreateMode, OpCode } from '../../../protocol/op-code.ts'
import type { TxnBody } from '../../../protocol/txn.ts'
import { prepareCheck } from './check.ts'
import { type CreateIntent, type CreateKind, createNode, isKnownFlags, isTtlFlags, ttlProblem } from './create.ts'
import type { DataCopies } from './data-copies.ts'
import { prepareDelete } from './delete.ts'
import type { PrepareContext, Prepared } from './prepare-context.ts'
import { prepareSetData } from './set-data.ts'

/** One operation of a multi as parsed: what to run when its turn comes. */
type Operation =
  | { readonly kind: 'create'; readonly intent: CreateIntent; readonly makes: CreateKind }
  | { readonly kind: 'delete'; readonly path: string | null; readonly version: number }
  | {
      readonly kind: 'setData'
      readonly path: string | null
      readonly data: Uint8Array | null
      readonly version: number
    }
  | { readonly kind: 'check'; readonly path: string | null; readonly version: number }

/** Why a multi fails as a whole with MARSHALLINGERROR: only what is malformed uses up a zxid, a null ACL does not. */
export type MultiProblem = 'malformed' | 'nullAcl'

/**
 * Parses the body of a multi; a problem when it is one that fails as a whole with MARSHALLINGERROR: reads or other types in
 * it, create flags out of range, a null path (client-protocol section 9).
 *
 * @throws JuteError when the bytes end early or have unreasonable lengths, which has the same outcome
 */
export function parseMulti(reader: JuteReader, copies: DataCopies): readonly Operation[] | MultiProblem {
  const operations: Operation[] = []
  for (let header = decodeMultiHeader(reader); !header.done; header = decodeMultiHeader(reader)) {
    const operation = parseOperation(header.type, reader, copies)
    if (typeof operation === 'string') return operation
    operations.push(operation)
  }
  return operations.some(hasNullPath) ? 'malformed' : operations
}

/**
 * Runs the operations one after the other over the pending changes. When one fails, what the ones before it changed
 * is taken back, though they stay in the transaction as upstream leaves them there.
 */
export function prepareMulti(context: PrepareContext, operations: readonly Operation[]): Prepared {
  const bodies: TxnBody[] = []
  const { digestHi, digestLo, prefixTotals } = context
  let failed = false
  context.changes.beginMulti()
  prefixTotals?.beginMulti()
  for (const operation of operations) {
    const prepared = failed ? ErrorCode.RUNTIMEINCONSISTENCY : prepareOperation(context, operation)
    if (typeof prepared !== 'number') {
      bodies.push(prepared)
      prefixTotals?.preparedInMulti(prepared, context.zxidHi, context.zxidLo)
      continue
    }
    if (!failed) {
      context.changes.rollbackMulti()
      prefixTotals?.endMulti()
      context.digestHi = digestHi
      context.digestLo = digestLo
      // An exception other than a protocol error, such as that of a null id in an ACL, fails the request as a whole.
      if (prepared === ErrorCode.MARSHALLINGERROR) return ErrorCode.MARSHALLINGERROR
    }
    failed = true
    bodies.push({ kind: 'error', err: prepared })
  }
  if (!failed) context.changes.commitMulti()
  prefixTotals?.endMulti()
  return { kind: 'multi', operations: bodies }
}

function hasNullPath(operation: Operation): boolean {
  return (operation.kind === 'create' ? operation.intent.path : operation.path) === null
}

function prepareOperation(context: PrepareContext, operation: Operation): Prepared {
  if (operation.kind === 'create') return prepareCreateInMulti(context, operation.intent, operation.makes)
  const path = operation.path ?? ''
  switch (operation.kind) {
    case 'delete':
      return prepareDelete(context, path, operation.version)
    case 'setData':
      return prepareSetData(context, path, operation.data, operation.version)
    case 'check':
      return prepareCheck(context, path, operation.version)
  }
}

function prepareCreateInMulti(context: PrepareContext, intent: CreateIntent, kind: CreateKind): Prepared {
  if (!isKnownFlags(intent.flags)) return ErrorCode.BADARGUMENTS
  const problem = ttlProblem(context, intent)
  return problem === ErrorCode.OK ? createNode(context, intent, intent.type, kind) : problem
}

function parseOperation(type: number, reader: JuteReader, copies: DataCopies): Operation | MultiProblem {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return parseCreate(type, decodeCreateRequest(reader), -1, -1, copies)
    case OpCode.createTTL: {
      const request = decodeCreateTTLRequest(reader)
      return parseCreate(type, request, request.ttlHi, request.ttlLo, copies)
    }
    case OpCode.delete: {
      const { path, version } = decodeDeleteRequest(reader)
      return { kind: 'delete', path, version }
    }
    case OpCode.setData: {
      const { path, data, version } = decodeSetDataRequest(reader)
      return { kind: 'setData', path, data: copies.copyOf(data), version }
    }
    case OpCode.check: {
      const { path, version } = decodeCheckVersionRequest(reader)
      return { kind: 'check', path, version }
    }
    default:
      return 'malformed'
  }
}

/**
 * The flags decide what a create in a multi makes, and with it the type of its sub-transaction. Flags out of range
 * make the request unparsable, but those of a createTTL only let that operation fail.
 */
function parseCreate(
  type: number,
  request: CreateRequest,
  ttlHi: number,
  ttlLo: number,
  copies: DataCopies
): Operation | MultiProblem {
  const { path, flags, acl } = request
  const data = copies.copyOf(request.data)
  if (type === OpCode.createTTL && (isTtlFlags(flags) || !isKnownFlags(flags))) {
    return { kind: 'create', makes: 'ttl', intent: { type: OpCode.createTTL, path, data, acl, flags, ttlHi, ttlLo } }
  }
  if (!isKnownFlags(flags)) return 'malformed'
  // compat: upstream stumbles over a null ACL while it reads, but not over that of a createTTL.
  if (acl === null && type !== OpCode.createTTL) return 'nullAcl'
  if (isTtlFlags(flags)) return 'malformed'
  const makes = kindByFlags(type, flags)
  const intent = { type: typeInMulti(type, makes), path, data, acl, flags, ttlHi: -1, ttlLo: -1 }
  return { kind: 'create', makes, intent }
}

function kindByFlags(type: number, flags: number): CreateKind {
  if (type === OpCode.createContainer || flags === CreateMode.container) return 'container'
  return flags === CreateMode.ephemeral || flags === CreateMode.ephemeralSequential ? 'ephemeral' : 'persistent'
}

function typeInMulti(type: number, makes: CreateKind): number {
  if (makes === 'container') return OpCode.createContainer
  return type === OpCode.create2 ? OpCode.create2 : OpCode.create
}
