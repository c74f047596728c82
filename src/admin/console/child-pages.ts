import type { Stat } from '../../client/stat.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import type { ChildSlice } from './child-walks.ts'
import { FirstNames } from './first-names.ts'

/** Which names are wanted; letters match whatever their case. */
export interface NameFilter {
  readonly kind: 'contains' | 'prefix'
  /** Empty: all of them. */
  readonly text: string
}

/** Which children of which znode, and for whom. */
export interface ChildPageQuery {
  readonly client: ZooKeeper
  readonly path: string
  /** Of the znode as it is now. */
  readonly stat: Stat
  readonly filter: NameFilter
  /** The name behind which the page begins; empty for the first page. */
  readonly after: string
  readonly limit: number
}

export interface ChildPage {
  readonly names: readonly string[]
  /** Whether there are names behind. */
  readonly hasMore: boolean
  /** Children that the filter lets through, on whatever page. */
  readonly matchCount: number
}

/** A part of the names in order, from behind one on. */
interface Window {
  readonly query: ChildPageQuery
  readonly names: readonly string[]
  /** Whether the last name is the last of all. */
  readonly isAll: boolean
  readonly matchCount: number
}

const WINDOWS_MAX = 8
/** So many names are about ten pages; sorting twice as many takes some milliseconds. */
const WINDOW_COUNT = 4_000

/**
 * Pages of the children of znodes by name, as Apache's shell sorts them, whatever their number: a walk over all of them leaves a
 * window of the names in order, which has the next pages, too. Each client has its own: another one may not be allowed to see
 * them.
 */
export class ChildPages {
  /** The one used last is the last. */
  #windows: Window[] = []

  /**
   * @param slices all children of the znode, asked for only if they are needed
   * @throws whatever these throw
   */
  async page(query: ChildPageQuery, slices: () => AsyncIterable<ChildSlice>): Promise<ChildPage> {
    const known = this.#windows.find((window) => hasPage(window, query))
    const window = known ?? (await windowOf(query, slices()))
    this.#windows = this.#windows.filter((one) => one !== known && isUpToDate(one, query))
    this.#windows.push(window)
    if (this.#windows.length > WINDOWS_MAX) this.#windows.shift()
    return pageOf(window, query)
  }
}

async function windowOf(query: ChildPageQuery, slices: AsyncIterable<ChildSlice>): Promise<Window> {
  const { kind } = query.filter
  const wanted = query.filter.text.toLowerCase()
  const first = new FirstNames(WINDOW_COUNT)
  let matchCount = 0
  for await (const { names } of slices) {
    for (const name of names) {
      if (wanted !== '') {
        const folded = name.toLowerCase()
        if (kind === 'prefix' ? !folded.startsWith(wanted) : !folded.includes(wanted)) continue
      }
      matchCount++
      if (name > query.after) first.offer(name)
    }
  }
  return { query, ...first.take(), matchCount }
}

function pageOf({ names, isAll, matchCount }: Window, { after, limit }: ChildPageQuery): ChildPage {
  const start = firstBehind(names, after)
  const end = Math.min(names.length, start + limit)
  return { names: names.slice(start, end), hasMore: end < names.length || !isAll, matchCount }
}

function hasPage(window: Window, query: ChildPageQuery): boolean {
  const { client, path, stat, filter, after } = window.query
  if (client !== query.client || path !== query.path || after > query.after) return false
  if (filter.kind !== query.filter.kind || filter.text !== query.filter.text || !isSame(stat, query.stat)) return false
  return window.isAll || firstBehind(window.names, query.after) + query.limit <= window.names.length
}

/** False only for what is known to be of a znode as it was. */
function isUpToDate({ query: { client, path, stat } }: Window, query: ChildPageQuery): boolean {
  return client !== query.client || path !== query.path || isSame(stat, query.stat)
}

/** Index of the first name that is greater; names are in order. */
function firstBehind(names: readonly string[], after: string): number {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((names[middle] ?? '') > after) high = middle
    else low = middle + 1
  }
  return low
}

/** No child has come or gone since, the ACL is the same, and it is the same znode. */
function isSame(a: Stat, b: Stat): boolean {
  return a.czxid === b.czxid && a.pzxid === b.pzxid && a.cversion === b.cversion && a.aversion === b.aversion
}
