import { NoAuthError, NoNodeError, NotEmptyError, ZkError } from '../../client/errors.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import { childPath } from '../../protocol/path.ts'
import type { Job } from './jobs.ts'

/** What has become of a tree. */
export interface DeletionResult {
  readonly deleted: number
  /** Znodes that could not be deleted, beside those that are still there because of these. */
  readonly keptCount: number
  /** The first of them. */
  readonly kept: readonly { readonly path: string; readonly error: string }[]
  readonly isStopped: boolean
}

/** @throws ZkError */
export type ListChildren = (path: string) => Promise<readonly string[]>

/** Requests under way at once: so many are a batch for the log. */
const UNDER_WAY_MAX = 200
const KEPT_SHOWN = 20

/** A znode with children, and how far they are. */
interface Parent {
  readonly path: string
  readonly parent: Parent | null
  readonly version: number
  readonly names: readonly string[]
  next: number
  /** Children that are begun, and not done with. */
  underWayCount: number
  /** Something below could not be deleted, and so this one neither. */
  isKept: boolean
}

/**
 * Deletes a znode and all below it, with the permissions of the client. Each is tried as it is: the server refuses one with
 * children only after it has looked at the ACL and the version, so nothing is deleted below a znode that would have to stay;
 * then its children, and then itself again. A znode without children costs one request, and only the names on the way down
 * are held.
 *
 * It is not done as a whole: when it ends early, what is deleted is deleted.
 *
 * @param namesOf names of a znode's children, as the client is allowed to list them
 * @param version of the znode at the top, as it was seen
 * @throws ZkError where the top itself is refused, or the connection is lost on the way
 */
export function deleteTree(
  zk: ZooKeeper,
  namesOf: ListChildren,
  path: string,
  version: number,
  job: Job
): Promise<DeletionResult> {
  return new TreeDeletion(zk, namesOf, job).run(path, version)
}

class TreeDeletion {
  readonly #zk: ZooKeeper
  readonly #list: ListChildren
  readonly #job: Job
  /** Those with children that are not begun; the one found last is the last. */
  readonly #open: Parent[] = []
  #underWayCount = 0
  #deleted = 0
  #keptCount = 0
  readonly #kept: { path: string; error: string }[] = []
  #end: { resolve(): void; reject(error: unknown): void } | null = null
  #failure: unknown = null

  constructor(zk: ZooKeeper, list: ListChildren, job: Job) {
    this.#zk = zk
    this.#list = list
    this.#job = job
  }

  async run(path: string, version: number): Promise<DeletionResult> {
    try {
      await this.#zk.delete(path, version)
      this.#deleted++
    } catch (error) {
      if (!(error instanceof NotEmptyError)) throw error
      this.#open.push(newParent(path, null, version, await this.#list(path)))
      await new Promise<void>((resolve, reject) => {
        this.#end = { resolve, reject }
        this.#goOn()
      })
    }
    const isStopped = this.#job.signal.aborted && this.#open.length + this.#underWayCount > 0
    return { deleted: this.#deleted, keptCount: this.#keptCount, kept: this.#kept, isStopped }
  }

  #goOn(): void {
    while (this.#underWayCount < UNDER_WAY_MAX && this.#failure === null && !this.#job.signal.aborted) {
      const work = this.#next()
      if (work === null) break
      this.#underWayCount++
      work.then(
        () => this.#finished(null),
        (error: unknown) => this.#finished(error)
      )
    }
    if (this.#underWayCount > 0) return
    if (this.#failure === null) this.#end?.resolve()
    else this.#end?.reject(this.#failure)
  }

  #finished(error: unknown): void {
    this.#underWayCount--
    this.#failure ??= error
    this.#goOn()
  }

  /** Null where nothing is left to begin with. */
  #next(): Promise<void> | null {
    const parent = this.#open.at(-1)
    if (parent === undefined) return null
    const name = parent.names[parent.next]
    if (name === undefined) {
      this.#open.pop()
      return parent.underWayCount === 0 ? this.#closeUp(parent) : this.#next()
    }
    parent.next++
    parent.underWayCount++
    return this.#child(childPath(parent.path, name), parent)
  }

  async #child(path: string, parent: Parent): Promise<void> {
    const error = await this.#tryToDelete(path, ANY_VERSION)
    if (error instanceof NotEmptyError) {
      const names = await this.#namesOf(path)
      if (names !== null) {
        this.#open.push(newParent(path, parent, ANY_VERSION, names))
        return
      }
      parent.isKept = true
    } else if (error !== null) this.#keep(path, error, parent)
    await this.#childIsDone(parent)
  }

  async #childIsDone(parent: Parent): Promise<void> {
    parent.underWayCount--
    // One that is still among the open ones is closed up when it is found there.
    if (parent.underWayCount === 0 && parent.next >= parent.names.length && !this.#open.includes(parent)) {
      await this.#closeUp(parent)
    }
  }

  /** All below it is done: now itself. */
  async #closeUp(node: Parent): Promise<void> {
    if (!node.isKept) {
      const error = await this.#tryToDelete(node.path, node.version)
      // Somebody has been faster, with children or with data.
      if (error !== null) this.#keep(node.path, error, node)
    }
    if (node.parent === null) return
    if (node.isKept) node.parent.isKept = true
    await this.#childIsDone(node.parent)
  }

  /** What the server says to it; null if it is gone. */
  async #tryToDelete(path: string, version: number): Promise<ZkError | null> {
    try {
      await this.#zk.delete(path, version)
      this.#deleted++
      this.#tell()
      return null
    } catch (error) {
      if (error instanceof NoNodeError) return null
      if (error instanceof ZkError && REFUSALS.has(error.code)) return error
      throw error
    }
  }

  /** Null where they may not be listed; then it is noted. */
  async #namesOf(path: string): Promise<readonly string[] | null> {
    try {
      return await this.#list(path)
    } catch (error) {
      if (error instanceof NoNodeError) return []
      if (!(error instanceof NoAuthError)) throw error
      this.#note(path, error)
      return null
    }
  }

  #keep(path: string, error: ZkError, parent: Parent): void {
    parent.isKept = true
    this.#note(path, error)
  }

  #note(path: string, { code }: ZkError): void {
    this.#keptCount++
    if (this.#kept.length < KEPT_SHOWN) this.#kept.push({ path, error: code })
    this.#tell()
  }

  #tell(): void {
    this.#job.tell({ deleted: this.#deleted, keptCount: this.#keptCount })
  }
}

const ANY_VERSION = -1
/** What is said of one znode. All else is said of the server, or of the login, and ends the work. */
const REFUSALS = new Set(['NO_AUTH', 'NOT_EMPTY', 'BAD_VERSION', 'BAD_ARGUMENTS', 'QUOTA_EXCEEDED'])

function newParent(path: string, parent: Parent | null, version: number, names: readonly string[]): Parent {
  return { path, parent, version, names, next: 0, underWayCount: 0, isKept: false }
}
