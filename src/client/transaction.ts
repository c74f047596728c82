import { type AclEntry, OPEN_ACL_UNSAFE } from './acl.ts'
import type { Chroot } from './chroot.ts'
import { type CreateModeName, checkMode, checkTtl, isSequential, type NodeToCreate } from './operations/create.ts'
import type { TransactionResult, WriteOperation } from './operations/multi.ts'

/** Data of a znode as a caller may give it: bytes, text (sent as UTF-8), or none. */
export type DataInput = Uint8Array | string | null

/** What kind of node to create. */
export interface CreateOptions {
  /** Default `persistent`. */
  readonly mode?: CreateModeName
  /** Default: everybody may do everything. */
  readonly acl?: readonly AclEntry[]
  /** For the two modes with a time to live: how long after its last change a node without children is removed. */
  readonly ttlMs?: number
}

/**
 * Several writes of which all are done or none; made by `ZooKeeper.transaction`, sent by `commit`.
 *
 * Versions are those the node must have; leave them out (or give -1) for any.
 */
export class Transaction {
  readonly #chroot: Chroot
  readonly #send: (operations: readonly WriteOperation[]) => Promise<TransactionResult[]>
  readonly #operations: WriteOperation[] = []
  #isCommitted = false

  constructor(chroot: Chroot, send: (operations: readonly WriteOperation[]) => Promise<TransactionResult[]>) {
    this.#chroot = chroot
    this.#send = send
  }

  /** Count of operations so far. */
  get size(): number {
    return this.#operations.length
  }

  /** @throws InvalidPathError, BadArgumentsError (time to live) */
  create(path: string, data: DataInput = null, options: CreateOptions = {}): this {
    return this.#add({ kind: 'create', node: nodeToCreate(this.#chroot, path, data, options) })
  }

  /** @throws InvalidPathError */
  delete(path: string, version = -1): this {
    return this.#add({ kind: 'delete', path: this.#chroot.locate(path), version })
  }

  /** @throws InvalidPathError */
  setData(path: string, data: DataInput, version = -1): this {
    return this.#add({ kind: 'setData', path: this.#chroot.locate(path), data: bytesOf(data), version })
  }

  /**
   * Makes the transaction fail unless the node exists, with that version.
   *
   * @throws InvalidPathError
   */
  check(path: string, version = -1): this {
    return this.#add({ kind: 'check', path: this.#chroot.locate(path), version })
  }

  /**
   * Sends it. Rejects with the error of the operation that failed; its `transaction` says which one it was.
   *
   * @throws Error the second time
   */
  commit(): Promise<TransactionResult[]> {
    if (this.#isCommitted) throw new Error('this transaction has been sent already')
    this.#isCommitted = true
    return this.#send(this.#operations)
  }

  #add(operation: WriteOperation): this {
    this.#operations.push(operation)
    return this
  }
}

/** @throws InvalidPathError, BadArgumentsError (time to live) */
export function nodeToCreate(chroot: Chroot, path: string, data: DataInput, options: CreateOptions): NodeToCreate {
  const mode = options.mode ?? 'persistent'
  const ttlMs = options.ttlMs ?? null
  checkMode(mode, path)
  checkTtl(mode, ttlMs, path)
  return {
    path: isSequential(mode) ? chroot.locateSequential(path) : chroot.locate(path),
    data: bytesOf(data),
    acl: options.acl ?? OPEN_ACL_UNSAFE,
    mode,
    ttlMs
  }
}

export function bytesOf(data: DataInput): Uint8Array | null {
  return typeof data === 'string' ? Buffer.from(data, 'utf8') : data
}
