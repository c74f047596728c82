import { childPath } from '../protocol/path.ts'
import { NoNodeError, ZkError } from './errors.ts'
import type { Watcher } from './watched-event.ts'
import type { ZooKeeper } from './zookeeper.ts'

/** Requests under way at once while a tree is listed, and transactions while it is deleted. */
const LISTINGS_MAX = 64
const DELETIONS_MAX = 10
/** Deletes in one transaction unless told otherwise. */
const BATCH_COUNT = 1_000

/**
 * Paths of a node and of all below it, parents before their children. It is no snapshot: nodes may come and go meanwhile.
 *
 * Rejects with NoNodeError if a node disappears before it has been listed.
 */
export async function listSubtree(client: ZooKeeper, path: string): Promise<string[]> {
  const paths = [path]
  for (let next = 0; next < paths.length; ) {
    const parents = paths.slice(next, next + LISTINGS_MAX)
    next += parents.length
    const lists = await Promise.all(parents.map((parent) => client.getChildren(parent)))
    for (const [index, children] of lists.entries()) {
      const parent = parents[index] ?? path
      for (const child of children) paths.push(childPath(parent, child))
    }
  }
  return paths
}

/**
 * Calls `visit` for a node, then for its children by name, then for what is below each of them in turn. A node that
 * disappears meanwhile is left out.
 *
 * @param watch set on the data of the first node and on the children of all of them
 */
export async function visitSubtree(
  client: ZooKeeper,
  path: string,
  visit: (path: string) => void | Promise<void>,
  watch: Watcher | boolean = false
): Promise<void> {
  await client.getData(path, { watch })
  await visit(path)
  const parents = [path] // a stack: trees may be deeper than calls
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    const paths = await childPaths(client, parent, watch)
    for (const child of paths) await visit(child)
    parents.push(...paths.reverse())
  }
}

/**
 * Deletes a node and all below it, the lowest first, in transactions. It is not done as a whole: what is created meanwhile
 * makes it fail halfway.
 *
 * @param batchCount deletes in one transaction; 0 or less for single requests
 * @returns whether every transaction succeeded; after a failure no further one is sent
 */
export async function deleteSubtree(client: ZooKeeper, path: string, batchCount = BATCH_COUNT): Promise<boolean> {
  const paths = (await listSubtree(client, path)).reverse()
  if (batchCount <= 0) {
    for (const one of paths) await client.delete(one)
    return true
  }
  const underWay = new Set<Promise<void>>()
  let succeeded = true
  for (let start = 0; start < paths.length && succeeded; start += batchCount) {
    const transaction = client.transaction()
    for (const one of paths.slice(start, start + batchCount)) transaction.delete(one)
    const done: Promise<void> = transaction.commit().then(
      () => {
        underWay.delete(done)
      },
      (error: unknown) => {
        underWay.delete(done)
        if (!(error instanceof ZkError)) throw error
        succeeded = false
      }
    )
    underWay.add(done)
    if (underWay.size >= DELETIONS_MAX) await Promise.race(underWay)
  }
  await Promise.all(underWay)
  return succeeded
}

async function childPaths(client: ZooKeeper, parent: string, watch: Watcher | boolean): Promise<string[]> {
  try {
    const names = await client.getChildren(parent, { watch })
    return names.sort(byUnits).map((name) => childPath(parent, name))
  } catch (error) {
    if (error instanceof NoNodeError) return []
    throw error
  }
}

/** Order of Java's strings: by UTF-16 unit. */
function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
