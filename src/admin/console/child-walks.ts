import type { ZooKeeper } from '../../client/zookeeper.ts'
import { type ChildCursor, TreeReplacedError } from '../../core/tree/child-cursor.ts'
import type { AdminTarget } from '../http/admin-target.ts'
import { newPause } from '../slices.ts'
import { ConsoleError } from './console-error.ts'

/** Some children of a znode, in parallel lists: their names, and how many children each of them has. */
export interface ChildSlice {
  readonly names: readonly string[]
  readonly childCounts: readonly number[]
}

/** For whom a walk is. */
export interface WalkCall {
  readonly target: AdminTarget
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
}

/** A fraction of a millisecond's work. */
const SLICE_COUNT = 1_000
/** Walks that wait for their turn, the one that has it included. */
const WALKS_MAX = 32
const ATTEMPTS_MAX = 5

/**
 * Walks over the children of znodes, however many these are, with turns of a few milliseconds. All walks of a console share one
 * turn: many of them take longer than one, but not more of the server.
 *
 * A walk reads the tree itself. That whoever asks may do so is for the server to say, to a request of their own client.
 */
export class ChildWalks {
  #last: Promise<void> = Promise.resolve()
  #count = 0

  /**
   * The children of a znode in no promised order, as `ChildCursor` tells of them. To be read to its end, or given up by `return`.
   *
   * @throws ZkError as reading the znode's data, which takes the permission that listing its children takes;
   *   ConsoleError where too many walk already, nobody waits any more, or the znode or the tree is being replaced
   */
  async *slices({ target, signal }: WalkCall, zk: ZooKeeper, path: string): AsyncGenerator<ChildSlice, void> {
    if (this.#count >= WALKS_MAX) throw new ConsoleError(429, 'BUSY', 'others are at it already: try again')
    const before = this.#last
    let end = (): void => undefined
    this.#last = new Promise((resolve) => {
      end = resolve
    })
    this.#count++
    let cursor: ChildCursor | null = null
    try {
      await before
      cursor = await openFor(target, zk, path)
      for await (const slice of inTurns(cursor)) {
        if (signal.aborted) throw new ConsoleError(499, 'GONE', 'nobody waits for it any more')
        yield slice
      }
    } catch (error) {
      if (!(error instanceof TreeReplacedError)) throw error
      throw new ConsoleError(503, error.code, 'the server has taken over another tree meanwhile: try again')
    } finally {
      cursor?.close()
      this.#count--
      end()
    }
  }

  /** Names of all children of a znode in no promised order. @throws as `slices` */
  async names(call: WalkCall, zk: ZooKeeper, path: string): Promise<string[]> {
    // One request is less than a walk begins with.
    if (call.target.childCount(path) <= SLICE_COUNT) return zk.getChildren(path)
    const all: string[] = []
    for await (const { names } of this.slices(call, zk, path)) for (const name of names) all.push(name)
    return all
  }
}

async function openFor(target: AdminTarget, zk: ZooKeeper, path: string): Promise<ChildCursor> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const { stat } = await zk.getData(path)
    // What was allowed was allowed for this znode with this ACL.
    const cursor = target.openChildren(path, stat.czxid, stat.aversion)
    if (cursor !== null) return cursor
  }
  throw new ConsoleError(409, 'CHANGED', `${path} is being changed: try again`)
}

/** What is done with a slice counts for the turn, too. */
async function* inTurns(cursor: ChildCursor): AsyncGenerator<ChildSlice, void> {
  const pause = newPause()
  for (let hasMore = true; hasMore; ) {
    const names: string[] = []
    const childCounts: number[] = []
    hasMore = cursor.next(SLICE_COUNT, (name, childCount) => {
      names.push(name)
      childCounts.push(childCount)
    })
    yield { names, childCounts }
    await pause()
  }
}
