import { EventEmitter } from 'node:events'
import { ErrorCode } from '../protocol/error-code.ts'
import type { AclEntry } from './acl.ts'
import type { AuthInfo } from './auth-list.ts'
import { Chroot, CONFIG_NODE } from './chroot.ts'
import { formatServer, parseConnectString } from './connect-string.ts'
import { type ConnectionState, isFinal } from './connection-state.ts'
import { ConnectionLossError, ZkError } from './errors.ts'
import type { SessionCredentials } from './handshake.ts'
import { getAclRequest, type NodeAcl, setAclRequest } from './operations/acl.ts'
import {
  getAllChildrenNumberRequest,
  getChildren2Request,
  getChildrenRequest,
  getEphemeralsRequest,
  type NodeChildren
} from './operations/children.ts'
import { type CreatedNode, create2Request, createRequest } from './operations/create.ts'
import { getDataRequest, type NodeData, setDataRequest } from './operations/data.ts'
import { deleteRequest } from './operations/delete.ts'
import { existsRequest } from './operations/exists.ts'
import { multiRequest } from './operations/multi.ts'
import { multiReadRequest, type ReadOperation, type ReadResult } from './operations/multi-read.ts'
import { OneShotWatch } from './operations/one-shot-watch.ts'
import { type Reconfiguration, reconfigRequest } from './operations/reconfig.ts'
import { type ClientIdentity, syncRequest, whoAmIRequest } from './operations/session.ts'
import { addWatchRequest, removeWatchesRequest } from './operations/watches.ts'
import { type ClientOptions, resolveOptions } from './options.ts'
import type { Request } from './request.ts'
import { Session } from './session.ts'
import type { Stat } from './stat.ts'
import { bytesOf, type CreateOptions, type DataInput, nodeToCreate, Transaction } from './transaction.ts'
import { notify } from './watch-registry.ts'
import type { AddWatchMode, WatchedEvent, Watcher, WatcherType } from './watched-event.ts'
import { errorOfWire } from './wire-error.ts'

/** Events of a client: `state` when its connection state changes, `watch` for watches set without a callback. */
export interface ZooKeeperEvents {
  state: [state: ConnectionState]
  watch: [event: WatchedEvent]
}

/** A read that may leave a one-shot watch. */
export interface ReadOptions {
  /** Called once, on the next change; `true` for the client's `watch` event. */
  readonly watch?: Watcher | boolean
}

/** Which watches `removeWatches` removes. */
export interface RemoveWatchesOptions {
  /** Default `any`. */
  readonly type?: WatcherType
  /** Only this callback; `true` for watches set without one. Default: all of them. */
  readonly watcher?: Watcher | boolean
  /** Whether they are removed here even if no server can be told. Default false. */
  readonly local?: boolean
}

/** How `close` treats the session. */
export interface CloseOptions {
  /** Leave the session to its timeout: its ephemeral nodes stay until then, and it can be resumed. Default false. */
  readonly keepSession?: boolean
}

/**
 * A client of a ZooKeeper ensemble.
 *
 * It connects at once and stays connected, to one server of the list after the other, until it is closed, its session
 * expires, or a server refuses an identity. Operations may be called at any time and in any number (up to
 * `outstandingCountMax`) without waiting for one another; the server executes them in the order of the calls.
 *
 * Every operation can be rejected with the errors of `errors.ts`. ConnectionLossError and RequestTimeoutError leave it open
 * whether a write was done.
 */
export class ZooKeeper {
  readonly #chroot: Chroot
  readonly #session: Session
  readonly #events = new EventEmitter()
  readonly #defaultWatcher: Watcher = (event) => this.#tell('watch', event)

  /**
   * @param connectString `host:port,host:port/chroot`; the port is 2181 if left out
   * @throws InvalidPathError for the chroot, RangeError for a server or an option that makes no sense
   */
  constructor(connectString: string, options: ClientOptions = {}) {
    const { servers, chroot } = parseConnectString(connectString)
    this.#chroot = new Chroot(chroot)
    this.#session = new Session(servers, this.#chroot, resolveOptions(options), (state) => this.#tell('state', state))
  }

  get state(): ConnectionState {
    return this.#session.state
  }

  /** Id and password, for another client to go on with this session; null before the first connection. */
  get session(): SessionCredentials | null {
    return this.#session.credentials
  }

  /** What the server granted, in milliseconds; before the first connection what was asked for. */
  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs
  }

  /** `host:port` of the server that is connected or being tried; null in between. */
  get server(): string | null {
    return this.#session.server === null ? null : formatServer(this.#session.server)
  }

  /** Highest zxid that a reply has shown to this client. */
  get lastZxid(): bigint {
    return this.#session.lastZxid
  }

  on<K extends keyof ZooKeeperEvents>(event: K, listener: (...args: ZooKeeperEvents[K]) => void): this {
    this.#events.on(event, listener)
    return this
  }

  off<K extends keyof ZooKeeperEvents>(event: K, listener: (...args: ZooKeeperEvents[K]) => void): this {
    this.#events.off(event, listener)
    return this
  }

  /**
   * Resolves once requests can be answered: the state is `connected` or `connectedReadOnly`.
   *
   * @param timeoutMs after which it is rejected with ConnectionLossError; the client goes on trying
   */
  connected(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const judge = (state: ConnectionState) => {
        if (state === 'connected' || state === 'connectedReadOnly') finish(resolve)
        else if (isFinal(state)) finish(() => reject(errorOfState(state)))
      }
      const finish = (how: () => void) => {
        clearTimeout(timer)
        this.off('state', judge)
        how()
      }
      const timer = setTimeout(() => finish(() => reject(errorOfState('disconnected'))), timeoutMs)
      this.on('state', judge)
      judge(this.state)
    })
  }

  /**
   * Creates a node and answers its path: the one given, with a number appended for a sequential mode.
   *
   * Rejects with NoNodeError (no parent), NodeExistsError, NoChildrenForEphemeralsError, InvalidAclError, NoAuthError …
   */
  create(path: string, data: DataInput = null, options: CreateOptions = {}): Promise<string> {
    return this.#run(() => createRequest(nodeToCreate(this.#chroot, path, data, options), this.#chroot))
  }

  /** As `create`, and answers the node's Stat as well. */
  create2(path: string, data: DataInput = null, options: CreateOptions = {}): Promise<CreatedNode> {
    return this.#run(() => create2Request(nodeToCreate(this.#chroot, path, data, options), this.#chroot))
  }

  /** Deletes a node without children. @param version version it must have; -1 for any */
  delete(path: string, version = -1): Promise<void> {
    return this.#run(() => deleteRequest(this.#chroot.locate(path), version))
  }

  /** Answers null if the node is not there; a watch then tells of its creation. */
  exists(path: string, options: ReadOptions = {}): Promise<Stat | null> {
    return this.#run(() => existsRequest(this.#chroot.locate(path), this.#oneShot(options)))
  }

  /** A watch is left only if the node exists. */
  getData(path: string, options: ReadOptions = {}): Promise<NodeData> {
    return this.#run(() => getDataRequest(this.#chroot.locate(path), this.#oneShot(options)))
  }

  /** Replaces the data. @param version version the node must have; -1 for any */
  setData(path: string, data: DataInput, version = -1): Promise<Stat> {
    return this.#run(() => setDataRequest(this.#chroot.locate(path), bytesOf(data), version))
  }

  getAcl(path: string): Promise<NodeAcl> {
    return this.#run(() => getAclRequest(this.#chroot.locate(path)))
  }

  /** Replaces the access control list. @param version `aversion` the node must have; -1 for any */
  setAcl(path: string, acl: readonly AclEntry[], version = -1): Promise<Stat> {
    return this.#run(() => setAclRequest(this.#chroot.locate(path), acl, version))
  }

  /** Names of the children, in no order. A watch is left only if the node exists. */
  getChildren(path: string, options: ReadOptions = {}): Promise<string[]> {
    return this.#run(() => getChildrenRequest(this.#chroot.locate(path), this.#oneShot(options)))
  }

  /** As `getChildren`, and answers the node's Stat as well. */
  getChildren2(path: string, options: ReadOptions = {}): Promise<NodeChildren> {
    return this.#run(() => getChildren2Request(this.#chroot.locate(path), this.#oneShot(options)))
  }

  /** Count of the nodes below a node, at any depth. */
  getAllChildrenNumber(path: string): Promise<number> {
    return this.#run(() => getAllChildrenNumberRequest(this.#chroot.locate(path)))
  }

  /** Paths of this session's ephemeral nodes that start with `prefix`, compared as text. */
  getEphemerals(prefix = '/'): Promise<string[]> {
    return this.#run(() => getEphemeralsRequest(this.#chroot.locate(prefix), this.#chroot))
  }

  /** Waits until the server has caught up with the leader: a read after it sees all that was written before it. */
  sync(path: string): Promise<string> {
    return this.#run(() => syncRequest(this.#chroot.locate(path), this.#chroot))
  }

  /** A transaction to fill and to commit. */
  transaction(): Transaction {
    return new Transaction(this.#chroot, (operations) => this.#run(() => multiRequest(operations, this.#chroot)))
  }

  /** Several reads of one state of the tree, in one request; a failed one does not disturb the others. */
  multiRead(reads: readonly ReadOperation[]): Promise<ReadResult[]> {
    return this.#run(() => multiReadRequest(reads.map(({ kind, path }) => ({ kind, path: this.#chroot.locate(path) }))))
  }

  /**
   * Sets a watch that stays until it is removed or the session ends. The node need not exist.
   *
   * @param watcher called for every event; if left out, the client's `watch` event tells of them
   */
  addWatch(path: string, mode: AddWatchMode, watcher: Watcher = this.#defaultWatcher): Promise<void> {
    return this.#run(() => addWatchRequest(this.#chroot.locate(path), mode, watcher, this.#session.watches))
  }

  /**
   * Removes watches and tells their watchers of it by an event whose type ends in `WatchRemoved`. The server keeps one watch
   * for all callbacks of a kind on a path: it is told when the last one goes.
   *
   * Rejects with NoWatcherError if there is no such watch.
   */
  async removeWatches(path: string, options: RemoveWatchesOptions = {}): Promise<void> {
    const located = this.#chroot.locate(path)
    const type = options.type ?? 'any'
    const watcher = this.#watcherOf(options.watcher)
    const { watches } = this.#session
    if (watcher !== null && !watches.has(type, located.server, watcher)) {
      throw errorOfWire(ErrorCode.NOWATCHER, path)
    }
    const remove = (connected: boolean) => {
      for (const [event, watchers] of watches.remove(type, located.server, watcher ?? undefined)) {
        for (const one of watchers) notify(one, { type: event, path, zxid: -1n, connected })
      }
    }
    if (watcher !== null && !watches.isOnly(type, located.server, watcher)) {
      remove(true)
      return
    }
    try {
      await this.#session.submit(removeWatchesRequest(located, type, () => remove(true)))
    } catch (error) {
      if (options.local !== true || !watches.has(type, located.server, watcher ?? undefined)) throw error
      remove(!(error instanceof ConnectionLossError))
    }
  }

  /**
   * Gives an identity to the server, and to every server that follows. Resolves when one has taken it; if one refuses it
   * this client is over (`authFailed`), as with Apache's.
   *
   * @param auth what the scheme wants, such as `user:password`
   */
  async addAuth(scheme: string, auth: AuthInfo['auth']): Promise<void> {
    return this.#session.addAuth({ scheme, auth })
  }

  /** The identities that the server knows of this connection. */
  whoAmI(): Promise<ClientIdentity[]> {
    return this.#run(() => whoAmIRequest())
  }

  /** The ensemble's configuration as text, with the Stat of its node. The chroot does not apply. */
  getConfig(options: ReadOptions = {}): Promise<NodeData> {
    return this.#run(() => getDataRequest(CONFIG_NODE, this.#oneShot(options)))
  }

  /** Changes the ensemble's membership and answers the new configuration. */
  reconfig(change: Reconfiguration): Promise<NodeData> {
    return this.#run(() => reconfigRequest(change))
  }

  /**
   * Ends the session once everything asked for so far has been answered: its ephemeral nodes are gone when this resolves,
   * unless no server could be told; then they go with the session's timeout. Never rejects.
   */
  close(options: CloseOptions = {}): Promise<void> {
    if (options.keepSession !== true) return this.#session.close()
    this.#session.abandon()
    return Promise.resolve()
  }

  /** `await using` closes the client. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run<T>(makeRequest: () => Request<T>): Promise<T> {
    try {
      return await this.#session.submit(makeRequest())
    } catch (error) {
      // Errors are made where replies are read; the stack that helps is that of the caller, who awaits this.
      if (error instanceof ZkError) Error.captureStackTrace(error)
      throw error
    }
  }

  #tell<K extends keyof ZooKeeperEvents>(event: K, ...args: ZooKeeperEvents[K]): void {
    this.#events.emit(event, ...args)
  }

  #oneShot(options: ReadOptions): OneShotWatch | null {
    const watcher = this.#watcherOf(options.watch)
    return watcher === null ? null : new OneShotWatch(this.#session.watches, watcher)
  }

  #watcherOf(watch: Watcher | boolean | undefined): Watcher | null {
    if (watch === undefined || watch === false) return null
    return watch === true ? this.#defaultWatcher : watch
  }
}

/**
 * Connects and waits for it.
 *
 * Rejects with ConnectionLossError if there is no connection within `connectTimeoutMs` (the session timeout if left out), with
 * AuthFailedError or SessionExpiredError if a server says so; the client is closed then.
 */
export async function connect(connectString: string, options: ClientOptions = {}): Promise<ZooKeeper> {
  const client = new ZooKeeper(connectString, options)
  try {
    await client.connected(resolveOptions(options).connectTimeoutMs)
    return client
  } catch (error) {
    await client.close({ keepSession: true })
    throw error
  }
}

function errorOfState(state: ConnectionState): ZkError {
  if (state === 'expired') return errorOfWire(ErrorCode.SESSIONEXPIRED, null)
  if (state === 'authFailed') return errorOfWire(ErrorCode.AUTHFAILED, null)
  return errorOfWire(ErrorCode.CONNECTIONLOSS, null)
}
