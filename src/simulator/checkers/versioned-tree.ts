import { EventType, OpCode } from '../../protocol/op-code.ts'
import type { Txn, TxnBody } from '../../protocol/txn.ts'
import type { CloseSessionBody, CreateBody, DeleteBody, SetDataBody } from '../../protocol/txn-body.ts'
import { demand } from '../violation.ts'
import { zxidOf } from '../zxid.ts'

/** A znode at one moment, by the plain rules. Times in ms of the leader's wall clock. */
export interface ModelNode {
  readonly data: Buffer
  readonly czxid: number
  readonly mzxid: number
  readonly pzxid: number
  readonly ctimeMs: number
  readonly mtimeMs: number
  readonly version: number
  /** Creates under it so far: the next sequence number. */
  readonly createCount: number
  /** Session that owns it; null for a node that is not ephemeral. */
  readonly owner: string | null
  readonly isContainer: boolean
  /** 0 for a node without one. */
  readonly ttlMs: number
  /** Names, in order. */
  readonly children: readonly string[]
}

interface Version {
  /** Index of the transaction in the committed history. */
  readonly index: number
  readonly node: ModelNode | null
}

/** What watchers are told of. */
export interface ModelEvent {
  readonly type: EventType
  readonly path: string
}

const BUILT_IN = ['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota']
const NOTHING_YET: ModelNode = {
  data: Buffer.alloc(0),
  czxid: 0,
  mzxid: 0,
  pzxid: 0,
  ctimeMs: 0,
  mtimeMs: 0,
  version: 0,
  createCount: 0,
  owner: null,
  isContainer: false,
  ttlMs: 0,
  children: []
}

/**
 * The tree at every point of the committed history: what a server that has applied the first `count` transactions must
 * show. Applies transactions by plain rules of its own, and objects to those that do not fit.
 */
export class VersionedTree {
  readonly #nodes = new Map<string, Version[]>()
  /** Paths of ephemeral nodes, by session. */
  readonly #ephemerals = new Map<string, Set<string>>()
  #index = 0
  #zxid = 0
  #timeMs = 0
  #session = ''
  #events: ModelEvent[] = []

  constructor() {
    for (const path of BUILT_IN) this.#nodes.set(path, [{ index: -1, node: NOTHING_YET }])
    this.#nodes.set('/', [{ index: -1, node: { ...NOTHING_YET, children: ['zookeeper'] } }])
    this.#nodes.set('/zookeeper', [{ index: -1, node: { ...NOTHING_YET, children: ['config', 'quota'] } }])
  }

  /** The node after the first `count` transactions; null if there is none. */
  at(path: string, count: number): ModelNode | null {
    const versions = this.#nodes.get(path)
    if (versions === undefined) return null
    for (let at = versions.length - 1; at >= 0; at--) {
      const version = versions[at] as Version // in range
      if (version.index < count) return version.node
    }
    return null
  }

  /** Paths of the nodes that there are now. */
  paths(): string[] {
    return [...this.#nodes.keys()].filter((path) => this.#now(path) !== null)
  }

  /** Applies the next transaction. @returns the events, in upstream's order */
  apply(txn: Txn, session: string): readonly ModelEvent[] {
    const { zxidHi, zxidLo, timeHi, timeLo } = txn.header
    this.#zxid = zxidOf(zxidHi, zxidLo)
    this.#timeMs = zxidOf(timeHi, timeLo)
    this.#session = session
    this.#events = []
    this.#applyBody(txn.body)
    this.#index++
    return this.#events
  }

  #applyBody(body: TxnBody): void {
    switch (body.kind) {
      case 'create':
        return this.#create(body)
      case 'delete':
        return this.#delete(body)
      case 'setData':
        return this.#setData(body)
      case 'multi':
        if (body.operations.some(({ kind }) => kind === 'error')) return
        for (const each of body.operations) this.#applyBody(each)
        return
      case 'closeSession':
        return this.#closeSession(body)
      default:
    }
  }

  #create({ path, data, mode, ttlHi, ttlLo }: CreateBody): void {
    const parentPath = parentOf(path)
    const parent = this.#now(parentPath)
    demand(parent !== null, 'committed transactions fit', () => `create of ${path} without its parent`)
    demand(this.#now(path) === null, 'committed transactions fit', () => `create of ${path}, which exists`)
    demand(parent.owner === null, 'committed transactions fit', () => `create of ${path} under an ephemeral node`)
    const zxid = this.#zxid
    const owner = mode === 'ephemeral' ? this.#session : null
    if (owner !== null) this.#ephemeralsOf(owner).add(path)
    this.#put(path, {
      ...NOTHING_YET,
      data: Buffer.from(data ?? []),
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctimeMs: this.#timeMs,
      mtimeMs: this.#timeMs,
      owner,
      isContainer: mode === 'container',
      ttlMs: mode === 'ttl' ? zxidOf(ttlHi, ttlLo) : 0
    })
    const children = [...parent.children, nameOf(path)].sort()
    this.#put(parentPath, { ...parent, children, createCount: parent.createCount + 1, pzxid: zxid })
    this.#tell(EventType.nodeCreated, path)
    this.#tell(EventType.nodeChildrenChanged, parentPath)
  }

  #delete({ path, type }: Pick<DeleteBody, 'path' | 'type'>): void {
    const node = this.#now(path)
    if (type === OpCode.deleteContainer && node !== null) this.#checkReaped(path, node)
    demand(node !== null, 'committed transactions fit', () => `delete of ${path}, which does not exist`)
    demand(node.children.length === 0, 'committed transactions fit', () => `delete of ${path}, which has children`)
    if (node.owner !== null) this.#ephemeralsOf(node.owner).delete(path)
    this.#put(path, null)
    const parentPath = parentOf(path)
    const parent = this.#now(parentPath)
    demand(parent !== null, 'committed transactions fit', () => `${path} had no parent`)
    const children = parent.children.filter((name) => name !== nameOf(path))
    this.#put(parentPath, { ...parent, children, pzxid: this.#zxid })
    this.#tell(EventType.nodeDeleted, path)
    this.#tell(EventType.nodeChildrenChanged, parentPath)
  }

  /** Containers go when their last child is gone, and TTL nodes when nobody has written them for so long. */
  #checkReaped(path: string, node: ModelNode): void {
    const idleMs = this.#timeMs - node.mtimeMs
    const isDue = node.isContainer ? node.createCount > 0 : node.ttlMs > 0 && idleMs > node.ttlMs
    demand(
      isDue,
      'nodes live their time',
      () =>
        `${path} is reaped, ${node.isContainer ? 'and never had children' : `${idleMs} ms old with ${node.ttlMs} ms`}`
    )
    demand(this.#session === '0', 'nodes live their time', () => `${path} is reaped for session ${this.#session}`)
  }

  #setData({ path, data, version, type }: SetDataBody): void {
    const node = this.#now(path)
    demand(node !== null, 'committed transactions fit', () => `setData of ${path}, which does not exist`)
    const isNext = type === 16 || version === node.version + 1
    demand(isNext, 'linearizable writes', () => `setData of ${path} gives version ${version} after ${node.version}`)
    const mzxid = this.#zxid
    this.#put(path, { ...node, data: Buffer.from(data ?? []), version, mzxid, mtimeMs: this.#timeMs })
    this.#tell(EventType.nodeDataChanged, path)
  }

  #closeSession({ paths }: CloseSessionBody): void {
    const owned = this.#ephemeralsOf(this.#session)
    const named = paths ?? [...owned]
    for (const path of named) {
      if (this.#now(path)?.owner === this.#session) this.#delete({ path, type: OpCode.delete })
    }
    const left = [...owned]
    demand(left.length === 0, 'ephemerals go with their session', () => `${left} of ${this.#session} stay behind`)
    this.#ephemerals.delete(this.#session)
  }

  #ephemeralsOf(session: string): Set<string> {
    const known = this.#ephemerals.get(session)
    if (known !== undefined) return known
    const paths = new Set<string>()
    this.#ephemerals.set(session, paths)
    return paths
  }

  #now(path: string): ModelNode | null {
    return this.#nodes.get(path)?.at(-1)?.node ?? null
  }

  #put(path: string, node: ModelNode | null): void {
    const versions = this.#nodes.get(path)
    const version = { index: this.#index, node }
    if (versions === undefined) this.#nodes.set(path, [version])
    else if (versions.at(-1)?.index === this.#index) versions[versions.length - 1] = version
    else versions.push(version)
  }

  #tell(type: EventType, path: string): void {
    this.#events.push({ type, path })
  }
}

export function parentOf(path: string): string {
  const end = path.lastIndexOf('/')
  return end <= 0 ? '/' : path.slice(0, end)
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
