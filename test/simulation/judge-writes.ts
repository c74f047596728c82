import { JuteReader } from 'jute-ts'
import type { OpResult } from '../../src/core/tree/data-tree.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { decodeStat, type Stat } from '../../src/protocol/generated/data.ts'
import { decodeMultiHeader } from '../../src/protocol/generated/proto.ts'
import { OpCode } from '../../src/protocol/op-code.ts'
import type { Asked } from './asked.ts'
import type { Judge, JudgedConnection } from './judge.ts'
import { statOf } from './naive-stat.ts'
import { show } from './shadow.ts'
import { check } from './simulation-error.ts'

export interface Reply {
  readonly zxid: number
  readonly err: number
  readonly body: Buffer
}

/** Holds the reply to a write against what its transaction did, which must be the newest one of all. */
export function judgeWrite(judge: Judge, _connection: JudgedConnection, asked: Asked, reply: Reply): void {
  const outcome = judge.shadow.outcomes.get(asked.xid)
  if (outcome === undefined) {
    const isMarshalling = reply.err === ErrorCode.MARSHALLINGERROR && !asked.isWhole
    const isClosedAlready = reply.err === ErrorCode.SESSIONEXPIRED && asked.type === OpCode.closeSession
    check(isMarshalling || isClosedAlready, () => `xid ${asked.xid} was answered ${reply.err} without a transaction`)
    return
  }
  const { txn, result } = outcome
  check(txn.header.zxidLo === reply.zxid, () => `the reply of ${show(txn)} has zxid ${reply.zxid}`)
  const expected = txn.body.kind === 'error' ? txn.body.err : ErrorCode.OK
  check(reply.err === expected, () => `${show(txn)} was answered ${reply.err}`)
  const reader = new JuteReader(reply.body)
  if (reply.err === ErrorCode.OK) {
    if (txn.body.kind === 'multi') judgeMulti(result.results, reader)
    else for (const one of result.results) judgeResult(judge, one, asked.type, reader)
  }
  check(reader.remaining === 0, () => `${reader.remaining} bytes too many in the reply of ${show(txn)}`)
}

function judgeMulti(results: readonly OpResult[], reader: JuteReader): void {
  for (const one of results) {
    const header = decodeMultiHeader(reader)
    if (one.type === OpCode.error) {
      const err = reader.readInt()
      const isRight = header.type === OpCode.error && header.err === one.err && err === one.err
      check(isRight, () => `a failed multi has ${JSON.stringify(header)}, ${err} where ${one.err} is due`)
      continue
    }
    const isLongCreate = one.type === OpCode.createContainer || one.type === OpCode.createTTL
    const type = isLongCreate ? OpCode.create2 : one.type
    check(header.type === type && header.err === 0, () => `a multi has ${JSON.stringify(header)}, due is ${type}`)
    if (isCreate(type)) checkPath(reader, one.path)
    if (hasStat(type)) checkStat(reader, one.stat, one.path)
  }
  const end = decodeMultiHeader(reader)
  check(end.done && end.type === -1 && end.err === -1, () => `a multi ends with ${JSON.stringify(end)}`)
}

/** A single operation: its stat by the plain rules, too. */
function judgeResult(judge: Judge, one: OpResult, type: number, reader: JuteReader): void {
  if (isCreate(type)) checkPath(reader, one.path)
  if (!hasStat(type)) return
  const node = statOf(judge.shadow.naive, one.path ?? '')
  checkStat(reader, node, one.path)
}

function isCreate(type: number): boolean {
  return (
    type === OpCode.create || type === OpCode.create2 || type === OpCode.createContainer || type === OpCode.createTTL
  )
}

function hasStat(type: number): boolean {
  return (isCreate(type) && type !== OpCode.create) || type === OpCode.setData || type === OpCode.setACL
}

function checkPath(reader: JuteReader, expected: string | null): void {
  const path = reader.readString()
  check(path === expected, () => `the path ${path} came back, the transaction has ${expected}`)
}

export function checkStat(reader: JuteReader, expected: Stat | null, path: string | null): void {
  const [found, wanted] = [JSON.stringify(decodeStat(reader)), JSON.stringify(expected)]
  check(found === wanted, () => `the stat of ${path} came back as ${found}, must be ${wanted}`)
}
