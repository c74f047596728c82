import { ErrorCode } from '../../../protocol/error-code.ts'
import { encodeClientInfo } from '../../../protocol/generated/data.ts'
import { decodeGetEphemeralsRequest } from '../../../protocol/generated/proto.ts'
import { Xid } from '../../../protocol/op-code.ts'
import { replyHeaderOnly } from '../reply.ts'
import type { AnswerContext } from './answer-context.ts'

/** Requests about the asking session itself. */

/** ping: answered with xid −2, whatever was sent. */
export function answerPing(context: AnswerContext): number {
  replyHeaderOnly(context.state, context.connection, Xid.ping, ErrorCode.OK)
  return ErrorCode.OK
}

export function answerWhoAmI(context: AnswerContext): number {
  const infos = context.state.acl.clientInfos(context.connection.identities)
  const writer = context.begin()
  writer.writeInt(infos.length)
  for (const info of infos) encodeClientInfo(writer, info)
  context.end()
  return ErrorCode.OK
}

/** Blank or "/" once trimmed as Java trims: of everything up to U+0020. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant
const MEANS_ALL = /^[\u0000-\u0020]*\/?[\u0000-\u0020]*$/

/** getEphemerals: the session's own ephemerals whose path starts with the prefix, which is a plain string. */
export function answerGetEphemerals(context: AnswerContext): number {
  const { state, connection } = context
  const { prefixPath } = decodeGetEphemeralsRequest(context.reader)
  const { session } = connection
  if (session === null) return ErrorCode.SESSIONEXPIRED
  const isAll = prefixPath === null || MEANS_ALL.test(prefixPath)
  const paths: string[] = []
  for (const path of state.tree.ephemeralsOf(session.idHi, session.idLo)) {
    if (isAll || path.startsWith(prefixPath)) paths.push(path)
  }
  const writer = context.begin()
  writer.writeInt(paths.length)
  for (const path of paths) writer.writeString(path)
  context.end()
  return ErrorCode.OK
}
