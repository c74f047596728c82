import { JuteReader } from 'jute-ts'
import { isAddWatchMode, isWatcherTypeCode } from '../../src/core/watch/watch-manager.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { type ACL, decodeACL } from '../../src/protocol/generated/data.ts'
import {
  decodeAddWatchRequest,
  decodeExistsRequest,
  decodeMultiHeader,
  decodeSetWatches2
} from '../../src/protocol/generated/proto.ts'
import { EventType, OpCode, Perm } from '../../src/protocol/op-code.ts'
import type { NaiveNode } from '../core/tree/naive-tree.ts'
import type { Asked } from './asked.ts'
import type { Judge, JudgedConnection } from './judge.ts'
import { checkStat, type Reply } from './judge-writes.ts'
import { statOf } from './naive-stat.ts'
import { check } from './simulation-error.ts'

/** Holds the reply to a read, to sync or to a request about watches against the tree at the reply's zxid. */
export function judgeRead(judge: Judge, connection: JudgedConnection, asked: Asked, reply: Reply): void {
  const { sessionId } = connection
  const isOver = sessionId === null || !judge.shadow.sessions.has(sessionId) || judge.peer.isSessionClosing(sessionId)
  // What came before the closing began is answered all the same; what came later is refused.
  if (isOver && reply.err === ErrorCode.SESSIONEXPIRED) return
  if (!asked.isWhole && reply.err === ErrorCode.MARSHALLINGERROR) return
  const trial = new Trial(judge, connection, asked, reply)
  trial.run()
}

/** One reply being judged. */
class Trial {
  readonly #judge: Judge
  readonly #connection: JudgedConnection
  readonly #asked: Asked
  readonly #reply: Reply
  readonly #request: JuteReader
  readonly #body: JuteReader

  constructor(judge: Judge, connection: JudgedConnection, asked: Asked, reply: Reply) {
    this.#judge = judge
    this.#connection = connection
    this.#asked = asked
    this.#reply = reply
    this.#request = new JuteReader(asked.body)
    this.#body = new JuteReader(reply.body)
  }

  run(): void {
    this.#judgeByType()
    if (this.#reply.err !== ErrorCode.OK) return
    const { remaining } = this.#body
    check(remaining === 0, () => `${remaining} bytes too many in the reply to xid ${this.#asked.xid}`)
  }

  #judgeByType(): void {
    switch (this.#asked.type) {
      case OpCode.ping:
        this.#expectError(ErrorCode.OK)
        return
      case OpCode.sync:
        if (this.#expectError(ErrorCode.OK)) this.#expectText(this.#request.readString())
        return
      case OpCode.exists:
      case OpCode.getData:
      case OpCode.getChildren:
      case OpCode.getChildren2:
        return this.#judgeNodeRead()
      case OpCode.getACL:
        return this.#judgeGetAcl()
      case OpCode.getAllChildrenNumber:
        return this.#judgeCount()
      case OpCode.getEphemerals:
        return this.#judgeEphemerals()
      case OpCode.multiRead:
        return this.#judgeMultiRead()
      case OpCode.addWatch:
      case OpCode.checkWatches:
      case OpCode.removeWatches:
        return this.#judgeWatch()
      case OpCode.setWatches2:
        return this.#judgeSetWatches()
      default:
        check(false, () => `a reply to a request of type ${this.#asked.type}`)
    }
  }

  #judgeNodeRead(): void {
    const { type } = this.#asked
    const { path, watch } = decodeExistsRequest(this.#request)
    const { id } = this.#connection
    const node = this.#nodeAt(path ?? '')
    const err = this.#errorOf(node, Perm.read)
    if (watch && type === OpCode.exists && err !== ErrorCode.NOAUTH) this.#judge.watches.addData(id, path ?? '')
    if (!this.#expectError(err)) return
    if (watch && type === OpCode.getData) this.#judge.watches.addData(id, path ?? '')
    const isList = type === OpCode.getChildren || type === OpCode.getChildren2
    if (watch && isList) this.#judge.watches.addChild(id, path ?? '')
    if (type === OpCode.getData) this.#expectData(node)
    if (isList) this.#expectChildren(path ?? '')
    if (type !== OpCode.getChildren) this.#expectStat(path ?? '')
  }

  #judgeGetAcl(): void {
    const path = this.#request.readString() ?? ''
    const node = this.#nodeAt(path)
    if (!this.#expectError(this.#errorOf(node, Perm.read | Perm.admin))) return
    const visible = this.#judge.acl.visibleAcl(node?.acl ?? [], this.#asked.identities)
    const found: ACL[] = []
    for (let left = this.#body.readVectorLength(); left > 0; left--) found.push(decodeACL(this.#body))
    this.#same(JSON.stringify(found), JSON.stringify(visible), 'the ACL')
    this.#expectStat(path)
  }

  #judgeCount(): void {
    const path = this.#request.readString() ?? ''
    if (!this.#expectError(this.#errorOf(this.#nodeAt(path), Perm.read))) return
    const key = path === '/' ? '' : path
    this.#same(this.#body.readInt(), this.#judge.shadow.naive.subtree(key).length - 1, 'the number of descendants')
  }

  #judgeEphemerals(): void {
    const prefix = this.#request.readString() ?? ''
    if (!this.#expectError(ErrorCode.OK)) return
    const all = this.#judge.shadow.naive.ephemeralsOf(this.#connection.sessionId ?? 0n)
    const expected = all.filter((path) => path.startsWith(prefix)).sort()
    this.#same(this.#texts().sort().join(), expected.join(), 'the ephemerals')
  }

  #judgeMultiRead(): void {
    if (!this.#expectError(ErrorCode.OK)) return
    for (let header = decodeMultiHeader(this.#request); !header.done; header = decodeMultiHeader(this.#request)) {
      const { path } = decodeExistsRequest(this.#request)
      const node = this.#nodeAt(path ?? '')
      const err = this.#errorOf(node, Perm.read)
      const result = decodeMultiHeader(this.#body)
      this.#same(result.err, err, 'the error of a read')
      this.#same(result.type, err === ErrorCode.OK ? header.type : OpCode.error, 'the type of a result')
      if (err !== ErrorCode.OK) this.#same(this.#body.readInt(), err, 'the error of a read')
      else if (header.type === OpCode.getChildren) this.#expectChildren(path ?? '')
      else {
        this.#expectData(node)
        this.#expectStat(path ?? '')
      }
    }
    this.#same(decodeMultiHeader(this.#body).done, true, 'the end')
  }

  #judgeWatch(): void {
    const { watches } = this.#judge
    const { id } = this.#connection
    const { path: nullablePath, mode } = decodeAddWatchRequest(this.#request)
    const path = nullablePath ?? ''
    if (this.#asked.type === OpCode.addWatch) {
      if (!isAddWatchMode(mode)) return void this.#expectError(ErrorCode.MARSHALLINGERROR)
      watches.addPersistent(id, path, mode)
      if (this.#expectError(ErrorCode.OK)) this.#same(this.#body.readInt(), 0, 'the error in the record')
      return
    }
    if (!isWatcherTypeCode(mode)) return void this.#expectError(ErrorCode.MARSHALLINGERROR)
    const isChecked = this.#asked.type === OpCode.checkWatches
    const isThere = isChecked ? watches.has(id, path, mode) : watches.remove(id, path, mode)
    this.#expectError(isThere ? ErrorCode.OK : ErrorCode.NOWATCHER)
  }

  #judgeSetWatches(): void {
    const { watches } = this.#judge
    const { id, resetEvents } = this.#connection
    const request = decodeSetWatches2(this.#request)
    const since = BigInt(request.relativeZxidLo)
    const told: string[] = []
    for (const path of paths(request.dataWatches)) {
      const node = this.#nodeAt(path)
      if (node === undefined) told.push(`${EventType.nodeDeleted} ${path}`)
      else if (node.mzxid > since) told.push(`${EventType.nodeDataChanged} ${path}`)
      else watches.addData(id, path)
    }
    for (const path of paths(request.existWatches)) {
      if (this.#nodeAt(path) !== undefined) told.push(`${EventType.nodeCreated} ${path}`)
      else watches.addData(id, path)
    }
    for (const path of paths(request.childWatches)) {
      const node = this.#nodeAt(path)
      if (node === undefined) told.push(`${EventType.nodeDeleted} ${path}`)
      else if (node.pzxid > since) told.push(`${EventType.nodeChildrenChanged} ${path}`)
      else watches.addChild(id, path)
    }
    for (const path of paths(request.persistentWatches)) watches.addPersistent(id, path, 0)
    for (const path of paths(request.persistentRecursiveWatches)) watches.addPersistent(id, path, 1)
    if (!this.#expectError(ErrorCode.OK)) return
    this.#same(resetEvents.splice(0).join(), told.join(), 'what setWatches told of')
  }

  #nodeAt(path: string): NaiveNode | undefined {
    return this.#judge.shadow.naive.nodes.get(path === '/' ? '' : path)
  }

  #errorOf(node: NaiveNode | undefined, perms: number): ErrorCode {
    if (node === undefined) return ErrorCode.NONODE
    return this.#judge.acl.isAllowed(node.acl, perms, this.#asked.identities) ? ErrorCode.OK : ErrorCode.NOAUTH
  }

  #expectData(node: NaiveNode | undefined): void {
    const data = this.#body.readBuffer()
    const hex = data === null ? 'null' : Buffer.from(data).toString('hex')
    this.#same(hex, node?.data == null ? 'null' : node.data.toString('hex'), 'the data')
  }

  #expectChildren(path: string): void {
    const names = this.#judge.shadow.naive.childNames(path === '/' ? '' : path)
    this.#same(this.#texts().sort().join(), names.sort().join(), `the children of ${path}`)
  }

  #expectStat(path: string): void {
    checkStat(this.#body, statOf(this.#judge.shadow.naive, path), path)
  }

  #expectText(expected: string | null): void {
    this.#same(this.#body.readString(), expected, 'the path')
  }

  #texts(): string[] {
    return Array.from({ length: this.#body.readVectorLength() }, () => this.#body.readString() ?? '')
  }

  /** Returns whether the reply is OK, as it must be. */
  #expectError(err: ErrorCode): boolean {
    this.#same(this.#reply.err, err, 'the error')
    return err === ErrorCode.OK
  }

  #same(found: unknown, expected: unknown, what: string): void {
    const { type, xid } = this.#asked
    check(
      found === expected,
      () => `${what} in the reply to xid ${xid} (type ${type}) is ${found}, must be ${expected}`
    )
  }
}

function paths(list: readonly (string | null)[] | null): readonly string[] {
  return (list ?? []).map((path) => path ?? '')
}
