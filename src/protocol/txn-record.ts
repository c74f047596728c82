import { type JuteReader, type JuteWriter, putInt } from 'jute-ts'
import { ErrorCode } from './error-code.ts'
import type { ACL } from './generated/data.ts'
import {
  decodeCheckVersionTxn,
  decodeCreateContainerTxn,
  decodeCreateSessionTxn,
  decodeCreateTTLTxn,
  decodeCreateTxnV0,
  decodeDeleteTxn,
  decodeErrorTxn,
  decodeSetACLTxn,
  decodeSetDataTxn,
  encodeCheckVersionTxn,
  encodeCreateContainerTxn,
  encodeCreateSessionTxn,
  encodeCreateTTLTxn,
  encodeCreateTxn,
  encodeDeleteTxn,
  encodeErrorTxn,
  encodeSetACLTxn,
  encodeSetDataTxn,
  TXN_DIGEST_SIZE_BYTES
} from './generated/txn.ts'
import { OpCode } from './op-code.ts'
import { bodyType, type CreateBody, type MultiBody, type NodeMode, type TxnBody, unreachable } from './txn-body.ts'
import { decodeCloseSessionPaths, encodeCloseSessionPaths } from './txn-close-session.ts'
import { TxnFormatError } from './txn-format-error.ts'

/** The record of a transaction, or of a multi's member, as bytes. */

/** @throws TxnFormatError if a create's type and mode disagree */
export function encodeTxnBody(writer: JuteWriter, body: TxnBody): void {
  switch (body.kind) {
    case 'create':
      encodeCreate(writer, body)
      break
    case 'delete':
      encodeDeleteTxn(writer, body)
      break
    case 'setData':
      encodeSetDataTxn(writer, body)
      break
    case 'setACL':
      encodeSetACLTxn(writer, { path: body.path, acl: asMutable(body.acl), version: body.version })
      break
    case 'check':
      encodeCheckVersionTxn(writer, body)
      break
    case 'multi':
      encodeMulti(writer, body)
      break
    case 'error':
      encodeErrorTxn(writer, body)
      break
    case 'createSession':
      encodeCreateSessionTxn(writer, { timeOut: body.timeoutMs })
      break
    case 'closeSession':
      encodeCloseSessionPaths(writer, body.paths)
      break
    default:
      unreachable(body)
  }
}

const MODE_OF_TYPE: Readonly<Record<19 | 21, NodeMode>> = { 19: 'container', 21: 'ttl' }

function encodeCreate(writer: JuteWriter, body: CreateBody): void {
  const { type, path, data, mode, ttlHi, ttlLo, parentCversion: parentCVersion } = body
  const acl = asMutable(body.acl)
  if (type === OpCode.createContainer || type === OpCode.createTTL) {
    if (mode !== MODE_OF_TYPE[type]) throw new TxnFormatError(`a create of type ${type} cannot be ${mode}: ${path}`)
    if (mode === 'ttl') encodeCreateTTLTxn(writer, { path, data, acl, parentCVersion, ttlHi, ttlLo })
    else encodeCreateContainerTxn(writer, { path, data, acl, parentCVersion })
    return
  }
  if (mode !== 'persistent' && mode !== 'ephemeral') {
    throw new TxnFormatError(`a create of type ${type} cannot be ${mode}: ${path}`)
  }
  encodeCreateTxn(writer, { path, data, acl, ephemeral: mode === 'ephemeral', parentCVersion })
}

/** MultiTxn, its members' records written in place: their length is filled in afterwards. */
function encodeMulti(writer: JuteWriter, body: MultiBody): void {
  writer.writeInt(body.operations.length)
  for (const operation of body.operations) {
    writer.writeInt(bodyType(operation))
    const lengthOffset = writer.claim(4)
    encodeTxnBody(writer, operation)
    putInt(writer.buffer, lengthOffset, writer.offset - lengthOffset - 4)
  }
}

/** The generated encoders take mutable arrays but change none. */
function asMutable(acl: readonly ACL[] | null): ACL[] | null {
  return acl as ACL[] | null
}

/**
 * Reads the record of a transaction of `type`. What follows it up to the reader's end is at most a digest.
 * @throws JuteError if the bytes end early; TxnFormatError on a type that is never logged, or a null path
 */
export function decodeTxnBody(reader: JuteReader, type: number): TxnBody {
  switch (type) {
    case OpCode.multi:
      return { kind: 'multi', operations: decodeMembers(reader) }
    case OpCode.createSession:
      return { kind: 'createSession', timeoutMs: decodeCreateSessionTxn(reader).timeOut }
    case OpCode.closeSession:
      return { kind: 'closeSession', paths: decodeCloseSessionPaths(reader) }
    default:
      return decodeOperation(reader, type)
  }
}

/** What a multi may have as a member, or a transaction be by itself. */
function decodeOperation(reader: JuteReader, type: number): TxnBody {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
      return decodeCreate(reader, type)
    case OpCode.createContainer: {
      const { path, data, acl, parentCVersion } = decodeCreateContainerTxn(reader)
      return createBody(type, path, data, acl, 'container', 0, 0, parentCVersion)
    }
    case OpCode.createTTL: {
      const { path, data, acl, parentCVersion, ttlHi, ttlLo } = decodeCreateTTLTxn(reader)
      return createBody(type, path, data, acl, 'ttl', ttlHi, ttlLo, parentCVersion)
    }
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { kind: 'delete', type, path: present(decodeDeleteTxn(reader).path) }
    case OpCode.setData:
    case OpCode.reconfig: {
      const { path, data, version } = decodeSetDataTxn(reader)
      return { kind: 'setData', type, path: present(path), data, version }
    }
    case OpCode.setACL: {
      const { path, acl, version } = decodeSetACLTxn(reader)
      return { kind: 'setACL', path: present(path), acl, version }
    }
    case OpCode.check: {
      const { path, version } = decodeCheckVersionTxn(reader)
      return { kind: 'check', path: present(path), version }
    }
    case OpCode.error:
      return { kind: 'error', err: decodeErrorTxn(reader).err }
    default:
      throw new TxnFormatError(`no transaction has type ${type}`)
  }
}

/** CreateTxn; one of ZooKeeper 3.3 ends before parentCVersion, which shows by what is left. */
function decodeCreate(reader: JuteReader, type: 1 | 15): CreateBody {
  const { path, data, acl, ephemeral } = decodeCreateTxnV0(reader)
  const isOldest = reader.remaining === 0 || reader.remaining === TXN_DIGEST_SIZE_BYTES
  const parentCVersion = isOldest ? -1 : reader.readInt('CreateTxn.parentCVersion')
  return createBody(type, path, data, acl, ephemeral ? 'ephemeral' : 'persistent', 0, 0, parentCVersion)
}

function createBody(
  type: CreateBody['type'],
  path: string | null,
  data: Uint8Array | null,
  acl: ACL[] | null,
  mode: NodeMode,
  ttlHi: number,
  ttlLo: number,
  parentCversion: number
): CreateBody {
  return { kind: 'create', type, path: present(path), data, acl, mode, ttlHi, ttlLo, parentCversion }
}

function decodeMembers(reader: JuteReader): TxnBody[] {
  const count = reader.readVectorLength('MultiTxn.txns', 8)
  const members: TxnBody[] = []
  const end = reader.end
  for (let index = 0; index < count; index++) {
    const type = reader.readInt('Txn.type')
    const length = reader.readInt('Txn.data')
    const start = reader.claim(Math.max(0, length), 'Txn.data')
    members.push(decodeMember(reader, type, start))
  }
  reader.end = end
  return members
}

/**
 * Reads the member whose record ends where the reader stands.
 *
 * compat: Apache's server applies a failed multi by giving the members before the failure the type `error`, in the very object that it sends
 * to learners that it synchronises later, and that it logs after a synchronisation: their bytes are still those of the operation.
 * By then they have failed with the code 0, whatever the bytes begin with.
 */
function decodeMember(reader: JuteReader, type: number, start: number): TxnBody {
  const end = reader.end
  reader.end = reader.offset
  reader.offset = start
  let member = decodeOperation(reader, type)
  if (type === OpCode.error && reader.remaining > 0) {
    member = { kind: 'error', err: ErrorCode.OK }
    reader.offset = reader.end
  }
  if (reader.remaining !== 0) throw new TxnFormatError(`${reader.remaining} bytes too many in a member of type ${type}`)
  reader.end = end
  return member
}

function present(path: string | null): string {
  if (path === null) throw new TxnFormatError('a transaction without a path')
  return path
}
