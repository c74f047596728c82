import type { JuteReader } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { decodeStat } from '../../protocol/generated/data.ts'
import { decodeMultiHeader } from '../../protocol/generated/proto.ts'
import { toHex } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { TxnBody } from '../../protocol/txn-body.ts'
import {
  type CreateOperation,
  isSequential,
  type Operation,
  opCodeOf,
  type ReadOperation,
  type SingleWrite
} from '../client-operation.ts'
import { demand } from '../violation.ts'
import { zxidOf } from '../zxid.ts'
import type { Committed } from './committed-history.ts'
import { isBeyondLimit } from './prefix-rules.ts'
import { type ModelNode, parentOf, type VersionedTree } from './versioned-tree.ts'

/** Compares a read's answer with the tree after `count` transactions. */
export function checkRead(
  operation: ReadOperation,
  err: number,
  reader: JuteReader,
  tree: VersionedTree,
  count: number
): void {
  const { kind, path } = operation
  const node = tree.at(path, count)
  if (err === ErrorCode.SESSIONEXPIRED || err === ErrorCode.SESSIONMOVED) return
  if (err !== ErrorCode.OK) {
    const isRight = err === ErrorCode.NONODE && node === null
    demand(
      isRight,
      'reads show a prefix',
      () => `${kind} ${path} is answered ${err}, and the node ${node === null ? 'is not' : 'is'} there`
    )
    return
  }
  demand(
    node !== null,
    'reads show a prefix',
    () => `${kind} ${path} finds a node that is not there after ${count} transactions`
  )
  if (kind === 'getData') {
    const data = Buffer.from(reader.readBuffer() ?? [])
    demand(
      data.equals(node.data),
      'reads show a prefix',
      () => `${path} has '${data}', and should have '${node.data}' after ${count} transactions`
    )
  } else if (kind === 'getChildren2') {
    const names: string[] = []
    for (let left = reader.readVectorLength(); left > 0; left--) names.push(reader.readString() ?? '')
    const [shown, expected] = [names.sort().join(), node.children.join()]
    demand(
      shown === expected,
      'reads show a prefix',
      () => `${path} has the children ${shown}, and should have ${expected}`
    )
  }
  checkStat(reader, path, node)
}

/**
 * Checks a write's answer against the transaction of its zxid, which is the one before `count`.
 *
 * @param committed that transaction
 * @param hasLimits whether there are limits on what subtrees hold
 */
export function checkWrite(
  operation: Extract<Operation, { kind: 'create' | 'delete' | 'setData' | 'multi' }>,
  err: number,
  reader: JuteReader,
  committed: Committed,
  tree: VersionedTree,
  count: number,
  hasLimits: boolean
): void {
  const { body } = committed.txn
  if (operation.kind === 'multi') {
    demand(
      err === ErrorCode.OK || err === ErrorCode.SESSIONEXPIRED || err === ErrorCode.SESSIONMOVED,
      'answers of writes',
      () => `a multi is answered ${err}`
    )
    if (err === ErrorCode.OK) checkMulti(operation.operations, reader, body)
    return
  }
  if (err === ErrorCode.OK) {
    demand(
      body.kind === operation.kind,
      'answers of writes',
      () => `${operation.kind} is answered OK, its transaction is ${body.kind}`
    )
    checkDone(operation, body, tree, count)
    checkResult(operation, reader, body, tree, count)
    return
  }
  const logged = body.kind === 'error' ? body.err : 0
  demand(
    logged === err,
    'answers of writes',
    () => `${operation.kind} is answered ${err}, its transaction has ${logged}`
  )
  const isRight = isErrorRight(operation, err, tree, count - 1, hasLimits)
  demand(
    isRight,
    'answers of writes',
    () => `${operation.kind} ${operation.path} is answered ${err}, though nothing speaks against it`
  )
}

function checkMulti(operations: readonly SingleWrite[], reader: JuteReader, body: TxnBody): void {
  const rule = 'answers of writes'
  demand(body.kind === 'multi', rule, () => `a multi's transaction is ${body.kind}`)
  demand(body.operations.length === operations.length, rule, () => 'a multi has another number of operations')
  const hasFailed = body.operations.some(({ kind }) => kind === 'error')
  for (const [index, operation] of operations.entries()) {
    const each = body.operations[index]
    const header = decodeMultiHeader(reader)
    const err = header.type === OpCode.error ? reader.readInt() : 0
    demand(
      (header.type === OpCode.error) === hasFailed,
      rule,
      () => `result ${index} of a multi has type ${header.type}`
    )
    if (hasFailed) {
      const logged = each?.kind === 'error' ? each.err : 0
      demand(err === logged, rule, () => `result ${index} of a multi is ${err}, its transaction has ${logged}`)
      continue
    }
    demand(header.type === opCodeOf(operation), rule, () => `result ${index} of a multi has type ${header.type}`)
    if (operation.kind === 'create') reader.readString()
    if ((operation.kind === 'create' && operation.withStat) || operation.kind === 'setData') decodeStat(reader)
  }
  demand(decodeMultiHeader(reader).done, rule, () => 'a multi has too many results')
}

/** A write that went well was allowed to, and does what was asked. */
function checkDone(
  operation: Exclude<SingleWrite, { kind: 'check' }>,
  body: TxnBody,
  tree: VersionedTree,
  count: number
): void {
  const before = tree.at(operation.path, count - 1)
  if (operation.kind === 'create' && body.kind === 'create') return checkCreated(operation, body.path, tree, count)
  if (operation.kind === 'create') return
  const version = before?.version ?? -1
  const isAllowed = operation.version === -1 || operation.version === version
  demand(
    isAllowed,
    'linearizable writes',
    () => `${operation.kind} ${operation.path} of version ${operation.version} went well at version ${version}`
  )
  if (operation.kind !== 'setData') return
  const data = tree.at(operation.path, count)?.data
  demand(
    data?.equals(operation.data) ?? false,
    'answers of writes',
    () => `setData of ${operation.path} wrote something else`
  )
}

function checkCreated({ path, flags }: CreateOperation, made: string, tree: VersionedTree, count: number): void {
  const parent = tree.at(parentOf(path), count - 1)
  const expected = isSequential(flags) ? `${path}${String(parent?.createCount ?? 0).padStart(10, '0')}` : path
  demand(made === expected, 'sequence numbers', () => `create of ${path} made ${made} instead of ${expected}`)
}

function checkResult(
  operation: Exclude<SingleWrite, { kind: 'check' }>,
  reader: JuteReader,
  body: TxnBody,
  tree: VersionedTree,
  count: number
): void {
  if (operation.kind === 'delete') return
  const path = body.kind === 'create' ? body.path : operation.path
  if (operation.kind === 'create') {
    const shown = reader.readString()
    demand(shown === path, 'answers of writes', () => `create of ${path} is answered with ${shown}`)
    if (!operation.withStat) return
  }
  const node = tree.at(path, count)
  demand(node !== null, 'answers of writes', () => `${path} is not there after its ${operation.kind}`)
  checkStat(reader, path, node)
}

/** Whether the tree before it is a reason for the error. */
function isErrorRight(
  operation: Exclude<SingleWrite, { kind: 'check' }>,
  err: number,
  tree: VersionedTree,
  count: number,
  hasLimits: boolean
): boolean {
  const node = tree.at(operation.path, count)
  switch (err) {
    case ErrorCode.SESSIONEXPIRED:
    case ErrorCode.SESSIONMOVED:
      return true
    case ErrorCode.NODEEXISTS:
      return operation.kind === 'create' && node !== null
    case ErrorCode.NOCHILDRENFOREPHEMERALS:
      return operation.kind === 'create' && (tree.at(parentOf(operation.path), count)?.owner ?? null) !== null
    case ErrorCode.NONODE:
      return operation.kind === 'create' ? tree.at(parentOf(operation.path), count) === null : node === null
    case ErrorCode.BADVERSION:
      return (
        operation.kind !== 'create' && node !== null && operation.version !== -1 && operation.version !== node.version
      )
    case ErrorCode.QUOTAEXCEEDED:
      return hasLimits && isBeyondLimit(operation, tree, count)
    case ErrorCode.NOTEMPTY:
      return operation.kind === 'delete' && (node?.children.length ?? 0) > 0
    default:
      return false
  }
}

function checkStat(reader: JuteReader, path: string, node: ModelNode): void {
  const stat = decodeStat(reader)
  const shown = [
    zxidOf(stat.czxidHi, stat.czxidLo),
    zxidOf(stat.mzxidHi, stat.mzxidLo),
    zxidOf(stat.pzxidHi, stat.pzxidLo),
    zxidOf(stat.ctimeHi, stat.ctimeLo),
    zxidOf(stat.mtimeHi, stat.mtimeLo),
    stat.version,
    stat.dataLength,
    stat.numChildren,
    toHex(stat.ephemeralOwnerHi, stat.ephemeralOwnerLo)
  ].join()
  const { czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, data, children, owner } = node
  const expected = [czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, data.length, children.length, owner ?? '0'].join()
  demand(
    path === '/' || shown === expected,
    'reads show a prefix',
    () => `the Stat of ${path} is ${shown}, and should be ${expected}`
  )
}
