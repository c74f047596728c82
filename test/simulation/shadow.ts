import { JuteReader } from 'jute-ts'
import type { AclChecker } from '../../src/core/acl/acl-checker.ts'
import type { Identity } from '../../src/core/acl/authentication-provider.ts'
import type { CoreSettings } from '../../src/core/pipeline/core-settings.ts'
import { prepareCloseSession } from '../../src/core/pipeline/prepare/close-session.ts'
import { prepareDeleteContainer } from '../../src/core/pipeline/prepare/delete.ts'
import { OutstandingChanges } from '../../src/core/pipeline/prepare/outstanding-changes.ts'
import { PrepareContext } from '../../src/core/pipeline/prepare/prepare-context.ts'
import { prepareWrite } from '../../src/core/pipeline/prepare/prepare-write.ts'
import { type ApplyResult, createApplyResult } from '../../src/core/tree/data-tree.ts'
import { PlainTree } from '../../src/core/tree/plain-tree.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { toBigInt, toNumber } from '../../src/protocol/int64.ts'
import { OpCode } from '../../src/protocol/op-code.ts'
import { DIGEST_VERSION, decodeTxn, type Txn, type TxnBody } from '../../src/protocol/txn.ts'
import { bodyType } from '../../src/protocol/txn-body.ts'
import { testHash } from '../core/peer-harness.ts'
import { type NaiveEvent, NaiveTree } from '../core/tree/naive-tree.ts'
import { encodeBytes } from '../core/tree/tree-support.ts'
import { check } from './simulation-error.ts'

const CONTAINER_OWNER = -(2n ** 63n)

/** A request that was given to the peer, as far as it decides what is logged. */
export interface LoggedRequest {
  readonly type: number
  readonly xid: number
  readonly body: Buffer
  /** Whose it is: what the connection was when the request was taken. */
  readonly identities: readonly Identity[]
  /** Session of its connection. */
  readonly sessionId: () => bigint | null
}

/** What became of a request. */
export interface Outcome {
  readonly txn: Txn
  readonly result: ApplyResult
}

/**
 * The history in plain view: replays the log, transaction by transaction, right up to where the peer is, and checks
 * that each is what its request had to become. The peer prepared it while others were on their way to the disk; here
 * every one before it has been applied, so what lies over the peer's tree in between must make no difference.
 */
export class Shadow {
  readonly naive = new NaiveTree()
  readonly tree: PlainTree
  /** Living sessions with the timeouts of their createSession transactions. */
  readonly sessions = new Map<bigint, number>()
  readonly outcomes = new Map<number, Outcome>()
  readonly #settings: CoreSettings
  readonly #acl: AclChecker
  readonly #requests = new Map<number, LoggedRequest>()
  #txns: Txn[] = []
  /** Highest sequence number given under a parent, by the parent's path and creation. */
  readonly #counters = new Map<string, number>()

  constructor(settings: CoreSettings, acl: AclChecker) {
    this.#settings = settings
    this.#acl = acl
    this.tree = new PlainTree(testHash, settings)
  }

  get zxid(): number {
    return this.tree.lastZxidLo
  }

  /** Zxid of the last transaction in the log, durable or not. */
  get loggedZxid(): number {
    return this.#txns.length
  }

  noteRequest(request: LoggedRequest): void {
    this.#requests.set(request.xid, request)
  }

  /** Takes what was handed to the log. */
  log(body: Buffer): void {
    for (let offset = 0; offset < body.length; ) {
      const end = offset + 4 + body.readInt32BE(offset)
      const bytes = body.subarray(offset + 4, end)
      const txn = decodeTxn(new JuteReader().reset(bytes, 0, bytes.length))
      check(encodeBytes(txn).equals(bytes), () => `a transaction changes when it is decoded and encoded: ${show(txn)}`)
      check(txn.header.zxidLo === this.#txns.length + 1, () => `zxids leave a gap before ${show(txn)}`)
      this.#txns.push(txn)
      offset = end
    }
  }

  /** The log ends here now: a crash. */
  truncate(zxid: number): void {
    check(zxid >= this.zxid, () => `the disk lost 0x${this.zxid.toString(16)}, which was acknowledged`)
    this.#txns = this.#txns.slice(0, zxid)
  }

  /** Applies the next transaction; gives the events that it is due. */
  advance(): {
    readonly zxid: number
    readonly cxid: number
    readonly events: readonly NaiveEvent[]
    readonly isOrdered: boolean
  } {
    const txn = this.#txns[this.zxid]
    if (txn === undefined) throw new Error(`nothing was logged after 0x${this.zxid.toString(16)}`)
    this.#checkPrepared(txn)
    this.#checkCounters(txn)
    const result = createApplyResult()
    this.tree.apply(txn, result)
    this.naive.apply(txn)
    this.#checkApplied(txn, result)
    this.#applyToSessions(txn)
    if (txn.header.cxid !== 0) this.outcomes.set(txn.header.cxid, { txn, result })
    const isOrdered = txn.body.kind !== 'closeSession' || txn.body.paths !== null
    return { zxid: this.zxid, cxid: txn.header.cxid, events: this.naive.events, isOrdered }
  }

  /** What the transaction had to be. */
  #checkPrepared(txn: Txn): void {
    const { header } = txn
    const context = this.#contextOf(txn)
    const expected = this.#expectedBody(txn, context)
    if (hasQuotaError(expected) || hasQuotaError(txn.body)) return
    const digest =
      expected.kind === 'error' || !this.#settings.digestEnabled
        ? null
        : { version: DIGEST_VERSION, treeDigestHi: context.digestHi, treeDigestLo: context.digestLo }
    const expectedTxn = { header: { ...header, type: bodyType(expected) }, body: sorted(expected), digest }
    const found = { ...txn, body: sorted(txn.body) }
    check(
      encodeBytes(expectedTxn).equals(encodeBytes(found)),
      () => `logged is ${show(found)}, but over the tree before it the request gives ${show(expectedTxn)}`
    )
  }

  #contextOf({ header }: Txn): PrepareContext {
    const context = new PrepareContext(
      this.tree,
      new OutstandingChanges(this.tree),
      this.#acl,
      testHash,
      this.#settings,
      { exceeded: () => undefined }
    )
    context.zxidHi = header.zxidHi
    context.zxidLo = header.zxidLo
    context.timeHi = header.timeHi
    context.timeLo = header.timeLo
    context.sessionHi = header.clientIdHi
    context.sessionLo = header.clientIdLo
    context.digestHi = this.tree.digestHi
    context.digestLo = this.tree.digestLo
    const isAlive = this.sessions.has(toBigInt(header.clientIdHi, header.clientIdLo))
    context.sessionError = isAlive ? ErrorCode.OK : ErrorCode.SESSIONEXPIRED
    return context
  }

  #expectedBody(txn: Txn, context: PrepareContext): TxnBody {
    const { header, body } = txn
    if (body.kind === 'createSession') return body
    if (header.cxid === 0) return this.#expectedOfServer(txn, context)
    const request = this.#requests.get(header.cxid)
    if (request === undefined) throw new Error(`no request has the cxid of ${show(txn)}`)
    const sessionId = toBigInt(header.clientIdHi, header.clientIdLo)
    check(request.sessionId() === sessionId, () => `${show(txn)} is of another session than its request`)
    if (request.type === OpCode.closeSession) return prepareCloseSession(context)
    context.identities = request.identities
    const prepared = prepareWrite(context, request.type, new JuteReader().reset(request.body))
    if (prepared === null) throw new Error(`logged although it cannot be parsed: ${show(txn)}`)
    return typeof prepared === 'number' ? { kind: 'error', err: prepared } : prepared
  }

  /** closeSession of a session that expired, or the deletion of a container or TTL node whose time has come. */
  #expectedOfServer(txn: Txn, context: PrepareContext): TxnBody {
    if (txn.body.kind === 'closeSession') return prepareCloseSession(context)
    // A reaper's request that failed leaves no trace of its path.
    if (txn.body.kind === 'error') return txn.body
    check(txn.body.kind === 'delete' && txn.body.type === OpCode.deleteContainer, () => `nobody asked for ${show(txn)}`)
    const path = txn.body.kind === 'delete' ? txn.body.path : ''
    check(this.#isDue(path, toNumber(txn.header.timeHi, txn.header.timeLo)), () => `reaped what stays: ${show(txn)}`)
    const prepared = prepareDeleteContainer(context, path)
    return typeof prepared === 'number' ? { kind: 'error', err: prepared } : prepared
  }

  /** Whether a node is a container that is empty again, or was never used for too long, or a TTL node that is over. */
  #isDue(path: string, wallMs: number): boolean {
    const node = this.naive.nodes.get(path)
    if (node === undefined || this.naive.childNames(path).length > 0) return false
    const ageMs = wallMs - Number(node.mtime)
    const neverUsedMs = this.#settings.containerMaxNeverUsedIntervalMs
    if (node.owner === CONTAINER_OWNER) return node.cversion > 0 || (neverUsedMs > 0 && ageMs > neverUsedMs)
    return node.owner < 0n && ageMs > Number(node.owner & 0xff_ffff_ffffn)
  }

  /** A parent never gives one number twice, whatever is deleted. */
  #checkCounters({ body }: Txn): void {
    const isFailed = body.kind === 'multi' && body.operations.some(({ kind }) => kind === 'error')
    const operations = body.kind === 'multi' && !isFailed ? body.operations : [body]
    for (const operation of operations) {
      if (operation.kind !== 'create') continue
      const parent = operation.path.slice(0, operation.path.lastIndexOf('/'))
      // A parent that the same multi makes is not there yet, and gives its first numbers now.
      const key = `${parent} ${this.naive.nodes.get(parent)?.czxid ?? 'new'}`
      const last = this.#counters.get(key) ?? Number.NEGATIVE_INFINITY
      if (!key.endsWith('new')) {
        check(
          operation.parentCversion > last,
          () => `the counter of ${key} went from ${last} to ${operation.parentCversion}`
        )
        this.#counters.set(key, operation.parentCversion)
      }
    }
  }

  #checkApplied(txn: Txn, result: ApplyResult): void {
    const { digest, body } = txn
    check(
      digest === null || (digest.treeDigestHi === this.tree.digestHi && digest.treeDigestLo === this.tree.digestLo),
      () => `the digest in ${show(txn)} is not that of the tree that it gives`
    )
    const [ours, plain] = [result.events, this.naive.events].map((events) =>
      events.map(({ type, path }) => `${type} ${path}`)
    )
    check(String(ours) === String(plain), () => `events of ${show(txn)}: ${ours}, by the plain rules ${plain}`)
    // Nothing that was prepared as possible may turn out not to be.
    const isPossible = body.kind === 'error' || result.err === ErrorCode.OK || body.kind === 'multi'
    check(isPossible, () => `${show(txn)} was applied with error ${result.err}`)
  }

  #applyToSessions({ header, body }: Txn): void {
    const id = toBigInt(header.clientIdHi, header.clientIdLo)
    if (body.kind === 'createSession') this.sessions.set(id, body.timeoutMs)
    else if (body.kind === 'closeSession') this.sessions.delete(id)
  }
}

function hasQuotaError(body: TxnBody): boolean {
  if (body.kind === 'multi') return body.operations.some(hasQuotaError)
  return body.kind === 'error' && body.err === ErrorCode.QUOTAEXCEEDED
}

/** The order of a closeSession's paths has no meaning. */
function sorted(body: TxnBody): TxnBody {
  if (body.kind !== 'closeSession' || body.paths === null) return body
  return { ...body, paths: body.paths.toSorted() }
}

export function show(txn: Txn): string {
  const { header, body, digest } = txn
  const digestText = digest === null ? 'none' : `${digest.treeDigestHi},${digest.treeDigestLo}`
  return `zxid 0x${header.zxidLo.toString(16)} cxid ${header.cxid} ${JSON.stringify(body)} digest ${digestText}`
}
