import type { JuteReader } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { AddWatchMode } from '../../protocol/op-code.ts'
import { createsEphemeral, type Operation } from '../client-operation.ts'
import { demand } from '../violation.ts'
import { epochOf, showZxid } from '../zxid.ts'
import { checkRead, checkWrite } from './answer-rules.ts'
import type { CommittedHistory } from './committed-history.ts'
import { checkReconfig } from './reconfig-rules.ts'
import type { ModelEvent } from './versioned-tree.ts'
import { WatchModel } from './watch-model.ts'

/** A request under way. */
export interface Asked {
  readonly xid: number
  readonly operation: Operation
  /** Transactions committed when it was sent. */
  readonly committedCount: number
  /** Last zxid that the session had seen then. */
  readonly seenZxid: number
}

/** An event as the client got it. */
interface Told extends ModelEvent {
  /** -1: it happened while the client was away. */
  readonly zxid: number
}

/**
 * What ZooKeeper promises one session: what it is shown is the committed history, never goes back, also from one server
 * to another, answers come in the order of requests, and events before what they announce.
 */
export class SessionChecker {
  readonly id: string
  readonly watches = new WatchModel()
  /** Greatest zxid in a reply. */
  lastZxid = 0
  replyCount = 0
  eventCount = 0
  readonly #history: CommittedHistory
  /** How far this connection's view has gone: transactions whose events have been told. */
  #seenCount = 0
  #told: Told[] = []
  #awaitsWatches = false

  constructor(id: string, history: CommittedHistory) {
    this.id = id
    this.#history = history
  }

  /** The session has got a connection; if it has watches, setWatches is its first request. */
  connected(): void {
    this.#told = []
    this.#awaitsWatches = !this.watches.isEmpty
    this.#seenCount = this.#history.countUpTo(this.lastZxid)
    const mayBeLocal = this.#history.features.localSessions !== 'no' && !this.#history.isCreated(this.id)
    demand(
      mayBeLocal || this.#history.isAlive(this.id, this.#history.length) || this.#history.isClosed(this.id),
      'sessions are committed',
      () => `session ${this.id} is given, and was never created`
    )
  }

  /** The connection is gone: what was told so far must be right as far as it goes. */
  disconnected(): void {
    const last = this.#told.at(-1)
    if (last !== undefined && !this.#awaitsWatches) {
      const expected = this.#advance(this.#history.countUpTo(last.zxid))
      const told = this.#told
      const isRight = told.every((event, index) => isSame(event, expected[index]))
      demand(
        isRight,
        'watch events',
        () => `session ${this.id} was told ${show(told)}, and should have been of ${show(expected)}`
      )
    }
    this.#told = []
  }

  told(event: Told): void {
    this.eventCount++
    this.#told.push(event)
    if (event.zxid >= 0) return
    demand(this.#awaitsWatches, 'watch events', () => `session ${this.id} is told ${show([event])} without a zxid`)
  }

  /** @param epoch in which the server serves that has answered */
  answered(asked: Asked, zxid: number, err: number, reader: JuteReader, epoch: number): void {
    this.replyCount++
    const { operation } = asked
    const count = this.#history.countUpTo(zxid)
    this.#checkZxid(zxid, count, operation.kind)
    if (operation.kind === 'setWatches') this.#checkWatchesSet(asked, count)
    else this.#checkEvents(count, zxid)
    this.lastZxid = zxid
    this.#checkAnswer(asked, zxid, count, err, reader, epoch)
  }

  #checkZxid(zxid: number, count: number, kind: string): void {
    demand(
      zxid >= this.lastZxid,
      'zxids never go back',
      () => `session ${this.id} gets ${showZxid(zxid)} after ${showZxid(this.lastZxid)}`
    )
    const last = this.#history.zxidAfter(count)
    // A leader's tree begins with counter 0 of its epoch.
    const isKnown = zxid === last || zxid === epochOf(zxid) * 4294967296
    demand(
      isKnown,
      'reads show a prefix',
      () => `session ${this.id} gets ${showZxid(zxid)} with ${kind}, which is not committed`
    )
  }

  #checkEvents(count: number, zxid: number): void {
    const told = this.#told
    this.#told = []
    const expected = this.#advance(count)
    const isRight = told.length === expected.length && told.every((event, index) => isSame(event, expected[index]))
    demand(
      isRight,
      'watch events',
      () =>
        `session ${this.id} was told ${show(told)} before a reply of ${showZxid(zxid)}, and should have been of ${show(expected)}`
    )
  }

  #checkWatchesSet({ seenZxid }: Asked, count: number): void {
    const told = this.#told
    this.#told = []
    this.#awaitsWatches = false
    this.#seenCount = count
    const expected = this.watches.reset(this.#history.tree, count, seenZxid)
    const isRight =
      told.length === expected.length &&
      told.every((event, index) => event.zxid === -1 && isSame(event, { ...(expected[index] as ModelEvent), zxid: -1 }))
    demand(
      isRight,
      'watch events',
      () =>
        `session ${this.id} was told ${show(told)} by setWatches since ${showZxid(seenZxid)}, and should have been of ${show(expected)}`
    )
  }

  /** @returns what this client is told of the transactions up to there */
  #advance(count: number): Told[] {
    const events: Told[] = []
    for (; this.#seenCount < count; this.#seenCount++) {
      const committed = this.#history.entries[this.#seenCount]
      if (committed === undefined || this.#awaitsWatches) continue
      for (const event of committed.events) {
        if (this.watches.trigger(event)) events.push({ ...event, zxid: committed.zxid })
      }
    }
    return events
  }

  #checkAnswer(asked: Asked, zxid: number, count: number, err: number, reader: JuteReader, epoch: number): void {
    const { operation } = asked
    switch (operation.kind) {
      case 'getData':
      case 'exists':
      case 'getChildren2':
        checkRead(operation, err, reader, this.#history.tree, count)
        return this.#watched(operation, err)
      case 'create':
      case 'delete':
      case 'setData':
      case 'multi':
      case 'reconfig':
        return this.#checkWritten(asked, zxid, count, err, reader)
      case 'sync':
        return this.#checkSynced(asked, count, err, epoch)
      case 'addWatch':
        if (err !== ErrorCode.OK) return
        if (operation.mode === AddWatchMode.persistent) this.watches.persistent.add(operation.path)
        else this.watches.recursive.add(operation.path)
        return
      default:
    }
  }

  #watched({ kind, path, watch }: { kind: string; path: string; watch: boolean }, err: number): void {
    if (!watch) return
    if (err !== ErrorCode.OK && err !== ErrorCode.NONODE) return
    if (kind === 'exists') (err === ErrorCode.OK ? this.watches.data : this.watches.exist).add(path)
    else if (err === ErrorCode.OK) (kind === 'getData' ? this.watches.data : this.watches.child).add(path)
  }

  #checkWritten(
    { operation, xid, committedCount }: Asked,
    zxid: number,
    count: number,
    err: number,
    reader: JuteReader
  ): void {
    if (
      operation.kind !== 'create' &&
      operation.kind !== 'delete' &&
      operation.kind !== 'setData' &&
      operation.kind !== 'multi' &&
      operation.kind !== 'reconfig'
    )
      return
    if (err === ErrorCode.CONNECTIONLOSS) return
    if (err === ErrorCode.EPHEMERALONLOCALSESSION) {
      const isRight = this.#history.features.localSessions === 'kept' && !this.#history.isCreated(this.id)
      demand(isRight && createsEphemeral(operation), 'answers of writes', () => `request ${xid} of ${this.id}: ${err}`)
      return
    }
    const committed = this.#history.entries[count - 1]
    const isOwn = committed?.zxid === zxid && committed.session === this.id && committed.txn.header.cxid === xid
    demand(
      isOwn && committed !== undefined,
      'acknowledged writes are committed',
      () => `request ${xid} of ${this.id} is answered ${err} with ${showZxid(zxid)}, which is not its transaction`
    )
    demand(
      count > committedCount,
      'linearizable writes',
      () => `request ${xid} of ${this.id} was committed before it was sent`
    )
    if (operation.kind === 'reconfig') checkReconfig(operation, err, reader, committed, this.#history.configs)
    else {
      const { tree, features } = this.#history
      checkWrite(operation, err, reader, committed, tree, count, features.prefixLimits)
    }
  }

  /** A server that a newer leader has left behind may not know of what that one commits. */
  #checkSynced({ committedCount }: Asked, count: number, err: number, epoch: number): void {
    if (err !== ErrorCode.OK) return
    const missing = this.#history.entries[count]
    const isBehind = count < committedCount && missing !== undefined && epochOf(missing.zxid) <= epoch
    demand(
      !isBehind,
      'sync',
      () => `session ${this.id} is at ${count} transactions after a sync, which began at ${committedCount}`
    )
  }
}

function isSame(one: Told, other: Told | undefined): boolean {
  return other !== undefined && one.type === other.type && one.path === other.path && one.zxid === other.zxid
}

function show(events: readonly (ModelEvent & { readonly zxid?: number })[]): string {
  return `[${events.map(({ type, path, zxid }) => `${type} ${path} ${showZxid(zxid ?? -1)}`).join(', ')}]`
}
