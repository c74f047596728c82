import type { ConnectionId } from '../../../src/core/ports.ts'
import type { TreeEventType } from '../../../src/core/watch/watch-event.ts'
import { isAddWatchMode, isWatcherTypeCode, WatchManager } from '../../../src/core/watch/watch-manager.ts'
import { EventType, OpCode } from '../../../src/protocol/op-code.ts'

/** A frame of golden/watches.jsonl. */
export interface RecordedFrame {
  readonly conn: number
  readonly dir: 'c2s' | 's2c'
  readonly opcode: number
  readonly decoded: {
    readonly header: { readonly xid: number; readonly zxid?: string; readonly err?: number }
    readonly request?: RecordedRequest
    readonly event?: { readonly type: number; readonly path: string }
  }
}

interface RecordedRequest {
  readonly path: string
  readonly watch?: boolean
  readonly mode?: number
  readonly type?: number
  readonly acl?: readonly { readonly id: { readonly scheme: string } }[]
  readonly relativeZxid?: string
  readonly dataWatches?: readonly string[]
  readonly existWatches?: readonly string[]
  readonly childWatches?: readonly string[]
  readonly persistentWatches?: readonly string[]
  readonly persistentRecursiveWatches?: readonly string[]
}

interface Node {
  mzxid: number
  pzxid: number
  /** Only the connection that made it may read it (scheme `auth`). */
  isPrivate: boolean
}

/** What a connection is sent, as `err N` for a reply and `event TYPE PATH` for a notification. */
export type Line = string

const NONODE = -101
const NOWATCHER = -121
const MARSHALLINGERROR = -5

/** Just enough of a server to drive a WatchManager by recorded requests: nodes without data, and who may read them. */
export class RecordedServer {
  readonly sent = new Map<number, Line[]>()
  readonly #watches = new WatchManager()
  readonly #nodes = new Map<string, Node>()
  #zxid: number

  constructor(zxid: number) {
    this.#zxid = zxid
    this.#nodes.set('/', { mzxid: 0, pzxid: 0, isPrivate: false })
  }

  request(conn: number, opcode: number, request: RecordedRequest | undefined): void {
    const err = request === undefined ? this.#close(conn) : this.#answer(conn, opcode, request)
    this.#send(conn, `err ${err}`)
  }

  #answer(conn: number, opcode: number, request: RecordedRequest): number {
    const connection = conn as ConnectionId
    const { path } = request
    switch (opcode) {
      case OpCode.create:
        return this.#create(path, request.acl?.[0]?.id.scheme === 'auth')
      case OpCode.delete:
        return this.#delete(path)
      case OpCode.setData:
        return this.#setData(path)
      case OpCode.setACL:
        this.#zxid++
        return 0
      case OpCode.exists:
        if (request.watch) this.#watches.addData(connection, path)
        return this.#nodes.has(path) ? 0 : NONODE
      case OpCode.getData:
        if (!this.#nodes.has(path)) return NONODE
        if (request.watch) this.#watches.addData(connection, path)
        return 0
      case OpCode.getChildren:
      case OpCode.getChildren2:
        if (!this.#nodes.has(path)) return NONODE
        if (request.watch) this.#watches.addChild(connection, path)
        return 0
      case OpCode.addWatch:
        if (request.mode === undefined || !isAddWatchMode(request.mode)) return MARSHALLINGERROR
        this.#watches.addPersistent(connection, path, request.mode)
        return 0
      case OpCode.checkWatches:
        if (request.type === undefined || !isWatcherTypeCode(request.type)) return MARSHALLINGERROR
        return this.#watches.has(connection, path, request.type) ? 0 : NOWATCHER
      case OpCode.removeWatches:
        if (request.type === undefined || !isWatcherTypeCode(request.type)) return MARSHALLINGERROR
        return this.#watches.remove(connection, path, request.type) ? 0 : NOWATCHER
      case OpCode.setWatches:
      case OpCode.setWatches2:
        return this.#setWatches(conn, request)
      case OpCode.auth:
        return 0
      default:
        throw new Error(`no such operation in the recording: ${opcode}`)
    }
  }

  #create(path: string, isPrivate: boolean): number {
    this.#zxid++
    this.#nodes.set(path, { mzxid: this.#zxid, pzxid: this.#zxid, isPrivate })
    this.#trigger(EventType.nodeCreated, path, isPrivate)
    this.#childrenChanged(parentOf(path))
    return 0
  }

  #delete(path: string): number {
    this.#zxid++
    const isPrivate = this.#nodes.get(path)?.isPrivate ?? false
    this.#nodes.delete(path)
    this.#trigger(EventType.nodeDeleted, path, isPrivate)
    this.#childrenChanged(parentOf(path))
    return 0
  }

  #setData(path: string): number {
    const node = this.#node(path)
    node.mzxid = ++this.#zxid
    this.#trigger(EventType.nodeDataChanged, path, node.isPrivate)
    return 0
  }

  #childrenChanged(path: string): void {
    const node = this.#node(path)
    node.pzxid = this.#zxid
    this.#trigger(EventType.nodeChildrenChanged, path, node.isPrivate)
  }

  #setWatches(conn: number, request: RecordedRequest): number {
    const connection = conn as ConnectionId
    const since = Number(request.relativeZxid)
    for (const path of request.dataWatches ?? []) {
      const node = this.#nodes.get(path)
      if (node === undefined) this.#sendEvent(conn, EventType.nodeDeleted, path)
      else if (node.mzxid > since) this.#sendEvent(conn, EventType.nodeDataChanged, path)
      else this.#watches.addData(connection, path)
    }
    for (const path of request.existWatches ?? []) {
      if (this.#nodes.has(path)) this.#sendEvent(conn, EventType.nodeCreated, path)
      else this.#watches.addData(connection, path)
    }
    for (const path of request.childWatches ?? []) {
      const node = this.#nodes.get(path)
      if (node === undefined) this.#sendEvent(conn, EventType.nodeDeleted, path)
      else if (node.pzxid > since) this.#sendEvent(conn, EventType.nodeChildrenChanged, path)
      else this.#watches.addChild(connection, path)
    }
    for (const path of request.persistentWatches ?? []) this.#watches.addPersistent(connection, path, 0)
    for (const path of request.persistentRecursiveWatches ?? []) this.#watches.addPersistent(connection, path, 1)
    return 0
  }

  #close(conn: number): number {
    this.#watches.connectionClosed(conn as ConnectionId)
    return 0
  }

  #trigger(type: TreeEventType, path: string, isPrivate: boolean): void {
    this.#watches.trigger(type, path, (connection, eventType, eventPath) => {
      if (!isPrivate) this.#sendEvent(connection, eventType, eventPath)
    })
  }

  #sendEvent(conn: number, type: number, path: string): void {
    this.#send(conn, `event ${type} ${path}`)
  }

  #send(conn: number, line: Line): void {
    const lines = this.sent.get(conn)
    if (lines === undefined) this.sent.set(conn, [line])
    else lines.push(line)
  }

  #node(path: string): Node {
    const node = this.#nodes.get(path)
    if (node === undefined) throw new Error(`the recording changes ${path}, which it did not create`)
    return node
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
