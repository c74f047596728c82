import type { HashPort } from '../ports.ts'
import { type AclEntry, AclTable } from './acl-table.ts'
import { ChildListCache } from './child-list-cache.ts'
import { LifetimeIndex } from './lifetime-index.ts'
import { type DigestSum, digestOfStat, isDigested, moveDigest, prefixCrc } from './node-digest.ts'
import { type OwnerSettings, ownerKind } from './owner-kind.ts'
import { PathTable } from './path-table.ts'
import { bytesAsText, linkChild, PlainNode, unlinkChild } from './plain-node.ts'
import { QuotaIndex } from './quota-index.ts'

/** Sees every node just before it is changed or removed, and every node that is new. */
export interface ChangeObserver {
  beforeChange(node: PlainNode): void
  created(node: PlainNode): void
}

export interface NodeStoreOptions extends OwnerSettings {
  /** False: no digests are kept, all of them are 0. */
  readonly digestEnabled: boolean
}

/**
 * The nodes and everything derived from them: table of paths, links to children, digest, sizes, ACL table, indexes. A
 * change goes `beforeChange(node)`, then the fields, then `changed(node)`; so nothing derived can be forgotten. What a
 * transaction means is not known here.
 */
export class NodeStore {
  readonly acls = new AclTable()
  readonly lifetimes = new LifetimeIndex()
  readonly quotas = new QuotaIndex()
  readonly childLists = new ChildListCache()
  readonly digest: DigestSum = { hi: 0, lo: 0 }
  /** Path lengths and data bytes of all nodes. */
  sizeUnits = 0
  readonly #hash: HashPort
  readonly #options: NodeStoreOptions
  readonly #byPath = new PathTable<PlainNode>()
  #byHandle: (PlainNode | undefined)[] = []
  #freeHandles: number[] = []
  #observers: ChangeObserver[] = []
  /** perf: bench/tree.ts; nodes often come as siblings one after the other. */
  #lastParent: PlainNode | null = null
  /** perf: what a change costs while no snapshot is under way. */
  #isObserved = false

  constructor(hash: HashPort, options: NodeStoreOptions) {
    this.#hash = hash
    this.#options = options
  }

  get nodeCount(): number {
    return this.#byPath.size
  }

  /** One more than the greatest handle in use or free. */
  get handleLimit(): number {
    return this.#byHandle.length
  }

  get(path: string): PlainNode | undefined {
    return this.#byPath.get(path.length === 1 && path === '/' ? '' : path)
  }

  /** The parent of the node that is or would be at `path`; null if there is none, as for the root. */
  parentOf(path: string): PlainNode | null {
    const last = this.#lastParent
    const slash = path.lastIndexOf('/')
    if (last !== null && slash === last.path.length && path.startsWith(last.path)) return last
    const parent = slash < 0 ? undefined : this.get(path.slice(0, slash))
    if (parent !== undefined) this.#lastParent = parent
    return parent ?? null
  }

  /** The node of a valid handle. */
  at(handle: number): PlainNode {
    return this.#byHandle[handle] as PlainNode // the caller has it from `find`
  }

  /** The node of a handle that may be free. */
  peek(handle: number): PlainNode | undefined {
    return this.#byHandle[handle]
  }

  observe(observer: ChangeObserver): void {
    this.#observers.push(observer)
    this.#isObserved = true
  }

  unobserve(observer: ChangeObserver): void {
    this.#observers = this.#observers.filter((one) => one !== observer)
    this.#isObserved = this.#observers.length > 0
  }

  /** Must come before any change to a node's fields, children's links included. */
  beforeChange(node: PlainNode): void {
    if (!this.#isObserved) return
    for (const observer of this.#observers) observer.beforeChange(node)
  }

  /** Brings the digest up after a change to a node's stat. */
  changed(node: PlainNode): void {
    if (!this.#options.digestEnabled || !isDigested(node.path)) return
    const digest = digestOfStat(node.prefixCrc, node)
    moveDigest(this.digest, node.digest, digest)
    node.digest = digest | 0
  }

  /** Replaces a node's data; `changed` must follow, as the stat always changes with it. */
  replaceData(node: PlainNode, data: Uint8Array | null): void {
    this.sizeUnits -= node.data === null ? 0 : node.data.length
    node.data = bytesAsText(data)
    this.sizeUnits += data === null ? 0 : data.length
    this.#hashPrefix(node, data)
  }

  /**
   * Adds a node with an all-zero stat under a parent (null: the root); the caller fills the stat in and calls `inserted`.
   * @param acl already counted as one use more
   */
  insert(parent: PlainNode | null, path: string, data: Uint8Array | null, acl: AclEntry): PlainNode {
    const handle = this.#freeHandles.pop() ?? this.#byHandle.length
    const node = new PlainNode(handle, path, bytesAsText(data), acl, parent)
    this.#byHandle[handle] = node
    this.#byPath.add(path, node)
    if (parent !== null) {
      linkChild(parent, node)
      this.childLists.forget(parent)
    }
    this.sizeUnits += path.length + (data === null ? 0 : data.length)
    this.#hashPrefix(node, data)
    return node
  }

  #hashPrefix(node: PlainNode, data: Uint8Array | null): void {
    if (this.#options.digestEnabled && isDigested(node.path))
      node.prefixCrc = prefixCrc(this.#hash, node.path, data) | 0
  }

  /**
   * Enters a new node, whose stat is now complete, into the indexes and the digest.
   * @returns false if its owner means nothing that is known; it is then in no index
   */
  inserted(node: PlainNode): boolean {
    const kind = ownerKind(node.ephemeralOwnerHi, node.ephemeralOwnerLo, this.#options)
    node.kind = kind ?? 'none'
    this.lifetimes.add(node)
    this.changed(node)
    if (this.#isObserved) for (const observer of this.#observers) observer.created(node)
    return kind !== null
  }

  /** Takes out a node without children. The parent must have been announced to `beforeChange`. */
  remove(node: PlainNode): void {
    this.beforeChange(node)
    if (node.parent !== null) {
      unlinkChild(node.parent, node)
      this.childLists.forget(node.parent)
    }
    if (this.#lastParent === node) this.#lastParent = null
    this.#byPath.remove(node.path)
    this.#byHandle[node.handle] = undefined
    this.#freeHandles.push(node.handle)
    this.lifetimes.remove(node)
    this.acls.release(node.acl)
    this.sizeUnits -= node.path.length + (node.data === null ? 0 : node.data.length)
    moveDigest(this.digest, node.digest, 0)
  }

  /** Back to no node at all. */
  clear(): void {
    this.acls.clear()
    this.lifetimes.clear()
    this.quotas.clear()
    this.childLists.clear()
    this.#byPath.clear()
    this.#byHandle = []
    this.#freeHandles = []
    this.#lastParent = null
    this.#observers = []
    this.#isObserved = false
    this.digest.hi = this.digest.lo = 0
    this.sizeUnits = 0
  }
}
