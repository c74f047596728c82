import type { JuteWriter } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { encodeMultiHeader } from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { TxnBody } from '../../protocol/txn.ts'
import type { ApplyResult, OpResult } from '../tree/data-tree.ts'

const END = { type: -1, done: true, err: -1 }

/**
 * Writes the record of a write's OK reply.
 *
 * @param body what was applied: a reconfiguration is answered as a read of what it wrote
 */
export function writeReplyRecord(writer: JuteWriter, type: number, body: TxnBody, result: ApplyResult): void {
  if (type === OpCode.multi) {
    for (const each of result.results) writeMultiResult(writer, each)
    encodeMultiHeader(writer, END)
    return
  }
  if (type === OpCode.reconfig && body.kind === 'setData') writer.writeBuffer(body.data)
  const single = result.results[0]
  if (single !== undefined) writeResultRecord(writer, single)
}

/** Path, Stat or both, whichever an operation of this type answers with. */
function writeResultRecord(writer: JuteWriter, result: OpResult): void {
  if (hasPath(result.type)) writer.writeString(result.path)
  if (result.type !== OpCode.create) result.writeStat(writer)
}

function hasPath(type: number): boolean {
  return (
    type === OpCode.create || type === OpCode.create2 || type === OpCode.createContainer || type === OpCode.createTTL
  )
}

/** Containers and TTL znodes come back as create2; a failed multi has an ErrorResponse for each operation. */
function writeMultiResult(writer: JuteWriter, result: OpResult): void {
  if (result.type === OpCode.error) {
    encodeMultiHeader(writer, { type: OpCode.error, done: false, err: result.err })
    writer.writeInt(result.err)
    return
  }
  const isContainerOrTtl = result.type === OpCode.createContainer || result.type === OpCode.createTTL
  encodeMultiHeader(writer, { type: isContainerOrTtl ? OpCode.create2 : result.type, done: false, err: ErrorCode.OK })
  writeResultRecord(writer, result)
}
