import { JuteError, type JuteReader } from 'jute-ts'
import { ErrorCode } from '../../../protocol/error-code.ts'
import {
  decodeGetChildrenRequest,
  decodeGetDataRequest,
  decodeMultiHeader,
  encodeMultiHeader
} from '../../../protocol/generated/proto.ts'
import { OpCode, Perm } from '../../../protocol/op-code.ts'
import { NO_NODE } from '../../tree/data-tree.ts'
import { DataCopies } from '../prepare/data-copies.ts'
import { parseMulti } from '../prepare/multi.ts'
import type { AnswerContext } from './answer-context.ts'

interface Read {
  readonly type: number
  readonly path: string | null
}

/**
 * multiRead: getData and getChildren in one request, each with its own outcome; watch flags are ignored. When a
 * request parses but holds something that is not to be read, the header says MARSHALLINGERROR and the results so far
 * still follow (client-protocol section 9).
 */
export function answerMultiRead(context: AnswerContext): number {
  const start = context.reader.offset
  const reads = parseReads(context.reader)
  if (reads === null) {
    context.reader.rewind(start)
    return isWriteMulti(context.reader) ? replyBroken(context, []) : ErrorCode.MARSHALLINGERROR
  }
  const broken = reads.findIndex((read) => read.path === null)
  if (broken !== -1) return replyBroken(context, reads.slice(0, broken))
  const writer = context.begin()
  for (const read of reads) writeResult(context, read, writer)
  encodeMultiHeader(writer, END)
  context.end()
  return ErrorCode.OK
}

const END = { type: -1, done: true, err: -1 }

/** Null when another type is among them. */
function parseReads(reader: JuteReader): Read[] | null {
  const reads: Read[] = []
  for (let header = decodeMultiHeader(reader); !header.done; header = decodeMultiHeader(reader)) {
    if (header.type === OpCode.getData) reads.push({ type: header.type, path: decodeGetDataRequest(reader).path })
    else if (header.type === OpCode.getChildren) {
      reads.push({ type: header.type, path: decodeGetChildrenRequest(reader).path })
    } else return null
  }
  return reads
}

/** Whether the body is a multi of writes only, which parses but cannot be read. */
function isWriteMulti(reader: JuteReader): boolean {
  try {
    const operations = parseMulti(reader, new DataCopies())
    return typeof operations !== 'string' && operations.length > 0
  } catch (error) {
    if (error instanceof JuteError) return false
    throw error
  }
}

/** Header with MARSHALLINGERROR, then all the same the results before the operation that cannot be executed. */
function replyBroken(context: AnswerContext, reads: readonly Read[]): number {
  const { state, connection, xid } = context
  const { tree } = state
  const writer = state.out.beginReply(connection.id, xid, tree.lastZxidHi, tree.lastZxidLo, ErrorCode.MARSHALLINGERROR)
  for (const read of reads) writeResult(context, read, writer)
  encodeMultiHeader(writer, END)
  context.end()
  return ErrorCode.OK
}

function writeResult(context: AnswerContext, read: Read, writer: ReturnType<AnswerContext['begin']>): void {
  const { tree } = context.state
  const path = read.path ?? ''
  const node = tree.find(path)
  const err = node === NO_NODE ? ErrorCode.NONODE : context.isAllowed(node, Perm.read) ? ErrorCode.OK : ErrorCode.NOAUTH
  if (err !== ErrorCode.OK) {
    encodeMultiHeader(writer, { type: OpCode.error, done: false, err })
    writer.writeInt(err)
    return
  }
  encodeMultiHeader(writer, { type: read.type, done: false, err: 0 })
  if (read.type === OpCode.getChildren) {
    const start = writer.offset
    tree.writeChildren(node, writer)
    context.state.namespaces.read(path, writer.offset - start - 4 - 4 * tree.childCount(node))
  } else {
    tree.writeData(node, writer)
    tree.writeStat(node, writer)
    context.state.namespaces.read(path, tree.dataLength(node))
  }
}
