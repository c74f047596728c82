import type { JuteReader, JuteWriter } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import {
  decodeCreateResponse,
  decodeErrorResponse,
  decodeMultiHeader,
  decodeSetDataResponse,
  encodeCheckVersionRequest,
  encodeDeleteRequest,
  encodeMultiHeader,
  encodeSetDataRequest
} from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Chroot, NodePath } from '../chroot.ts'
import { MarshallingError } from '../errors.ts'
import type { Request } from '../request.ts'
import { type Stat, statOf } from '../stat.ts'
import { errorOfWire } from '../wire-error.ts'
import { createOpCode, decodeCreatedNode, encodeCreateBody, type NodeToCreate } from './create.ts'

/** One operation of a transaction, ready to be written. */
export type WriteOperation =
  | { readonly kind: 'create'; readonly node: NodeToCreate }
  | { readonly kind: 'delete'; readonly path: NodePath; readonly version: number }
  | { readonly kind: 'setData'; readonly path: NodePath; readonly data: Uint8Array | null; readonly version: number }
  | { readonly kind: 'check'; readonly path: NodePath; readonly version: number }

/** What one operation of a transaction did; the Stat is that right after it, not after the whole transaction. */
export type TransactionResult =
  | { readonly kind: 'create'; readonly path: string; readonly stat: Stat }
  | { readonly kind: 'delete' }
  | { readonly kind: 'setData'; readonly stat: Stat }
  | { readonly kind: 'check' }

/**
 * All of the operations or none. If one fails the promise is rejected with its error, whose `transaction` says which
 * one it was.
 */
export function multiRequest(operations: readonly WriteOperation[], chroot: Chroot): Request<TransactionResult[]> {
  return {
    opCode: OpCode.multi,
    path: null,
    encodeBody: (writer) => {
      for (const operation of operations) encodeOperation(writer, operation)
      encodeMultiHeader(writer, END_OF_MULTI)
    },
    decodeBody: (reader) => decodeResults(reader, operations, chroot)
  }
}

/** Ends the list of operations and that of results. */
export const END_OF_MULTI = { type: -1, done: true, err: -1 } as const

function encodeOperation(writer: JuteWriter, operation: WriteOperation): void {
  encodeMultiHeader(writer, { type: opCodeOf(operation), done: false, err: -1 })
  switch (operation.kind) {
    case 'create':
      encodeCreateBody(writer, operation.node)
      break
    case 'delete':
      encodeDeleteRequest(writer, { path: operation.path.server, version: operation.version })
      break
    case 'setData': {
      const { path, data, version } = operation
      encodeSetDataRequest(writer, { path: path.server, data, version })
      break
    }
    case 'check':
      encodeCheckVersionRequest(writer, { path: operation.path.server, version: operation.version })
      break
    default:
      unreachable(operation)
  }
}

function opCodeOf(operation: WriteOperation): OpCode {
  return operation.kind === 'create' ? createOpCode(operation.node, OpCode.create2) : OpCode[operation.kind]
}

function decodeResults(reader: JuteReader, operations: readonly WriteOperation[], chroot: Chroot): TransactionResult[] {
  const results: TransactionResult[] = []
  const errors: number[] = []
  for (let header = decodeMultiHeader(reader); !header.done; header = decodeMultiHeader(reader)) {
    if (header.type === OpCode.error) errors.push(decodeErrorResponse(reader).err)
    else results.push(decodeResult(reader, header.type, chroot))
  }
  if (errors.length > 0) throw failureOf(operations, errors)
  if (results.length !== operations.length) {
    throw new MarshallingError(`${operations.length} operations were sent, ${results.length} results came`)
  }
  return results
}

function decodeResult(reader: JuteReader, type: number, chroot: Chroot): TransactionResult {
  switch (type) {
    case OpCode.create2: // containers and nodes with a time to live answer with this type, too
      return { kind: 'create', ...decodeCreatedNode(reader, chroot) }
    case OpCode.delete:
      return { kind: 'delete' }
    case OpCode.setData:
      return { kind: 'setData', stat: statOf(decodeSetDataResponse(reader).stat) }
    case OpCode.check:
      return { kind: 'check' }
    case OpCode.create:
      throw new MarshallingError(
        `the result of ${decodeCreateResponse(reader).path} has no Stat, though it was asked for`
      )
    default:
      throw new MarshallingError(`a transaction's result has the unknown type ${type}`)
  }
}

function failureOf(operations: readonly WriteOperation[], errors: readonly number[]): Error {
  const index = errors.findIndex((wire) => wire !== ErrorCode.OK && wire !== ErrorCode.RUNTIMEINCONSISTENCY)
  const operation = operations[index]
  if (operation === undefined) return errorOfWire(ErrorCode.RUNTIMEINCONSISTENCY, null, { index: 0, errors })
  const path = operation.kind === 'create' ? operation.node.path : operation.path
  return errorOfWire(errors[index] ?? ErrorCode.SYSTEMERROR, path.client, { index, errors })
}

function unreachable(operation: never): never {
  throw new TypeError(`not an operation of a transaction: ${JSON.stringify(operation)}`)
}
