import { OpCode } from '../../../protocol/op-code.ts'
import type { Answer } from './answer-context.ts'
import { answerMultiRead } from './multi-read.ts'
import {
  answerExists,
  answerGetAcl,
  answerGetAllChildrenNumber,
  answerGetChildren,
  answerGetChildren2,
  answerGetData
} from './read-node.ts'
import { answerGetEphemerals, answerPing, answerWhoAmI } from './session-requests.ts'
import {
  answerAddWatch,
  answerCheckWatches,
  answerRemoveWatches,
  answerSetWatches,
  answerSetWatches2
} from './watch-requests.ts'

/** Requests that are answered from the tree, in the order of their connection, without a transaction. */
const ANSWERS: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [OpCode.exists, answerExists],
  [OpCode.getData, answerGetData],
  [OpCode.getACL, answerGetAcl],
  [OpCode.getChildren, answerGetChildren],
  [OpCode.getChildren2, answerGetChildren2],
  [OpCode.getAllChildrenNumber, answerGetAllChildrenNumber],
  [OpCode.multiRead, answerMultiRead],
  [OpCode.getEphemerals, answerGetEphemerals],
  [OpCode.whoAmI, answerWhoAmI],
  [OpCode.ping, answerPing],
  [OpCode.setWatches, answerSetWatches],
  [OpCode.setWatches2, answerSetWatches2],
  [OpCode.addWatch, answerAddWatch],
  [OpCode.checkWatches, answerCheckWatches],
  [OpCode.removeWatches, answerRemoveWatches]
])

/** How to answer a request type, or undefined if it is not a read. */
export function answerFor(type: number): Answer | undefined {
  return ANSWERS.get(type)
}
