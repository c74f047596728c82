import { LimitReachedError } from './errors.ts'
import type { EventType, WatchedEvent, Watcher, WatcherType } from './watched-event.ts'

/** Tables of a client's watches, named as the lists of `SetWatches2`. */
export const WATCH_TABLES = ['data', 'exist', 'child', 'persistent', 'persistentRecursive'] as const
export type WatchTable = (typeof WATCH_TABLES)[number]

/** Which tables a `WatcherType` means, with the event that tells a watcher of its removal. */
const TABLES_OF_TYPE: Readonly<Record<WatcherType, readonly WatchTable[]>> = {
  children: ['child'],
  data: ['data', 'exist'],
  persistent: ['persistent'],
  persistentRecursive: ['persistentRecursive'],
  any: WATCH_TABLES
}

const REMOVAL_EVENT: Readonly<Record<WatchTable, EventType>> = {
  data: 'dataWatchRemoved',
  exist: 'dataWatchRemoved',
  child: 'childWatchRemoved',
  persistent: 'persistentWatchRemoved',
  persistentRecursive: 'persistentWatchRemoved'
}

/**
 * The watches that this client has set, by server path: whom to tell of an event, and what to set again on a new
 * connection. It holds at most a given count of (table, path, watcher) entries.
 */
export class WatchRegistry {
  readonly #countMax: number
  readonly #tables: Readonly<Record<WatchTable, Map<string, Set<Watcher>>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
    persistent: new Map(),
    persistentRecursive: new Map()
  }
  #count = 0

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  /** Count of watchers set, a watcher once for each table and path. */
  get count(): number {
    return this.#count
  }

  /**
   * To be called before a watch is asked for. Those asked for and not yet answered are bounded by the limit of
   * outstanding requests.
   *
   * @throws LimitReachedError when there is no room for another
   */
  checkRoom(): void {
    if (this.#count >= this.#countMax) {
      throw new LimitReachedError(`this client has ${this.#countMax} watches, its limit (watchCountMax)`)
    }
  }

  add(table: WatchTable, serverPath: string, watcher: Watcher): void {
    const watchers = this.#tables[table].get(serverPath)
    if (watchers === undefined) {
      this.#tables[table].set(serverPath, new Set([watcher]))
      this.#count++
    } else if (!watchers.has(watcher)) {
      watchers.add(watcher)
      this.#count++
    }
  }

  /** Whom an event of the server concerns, each once; one-shot watches are used up by this. */
  take(type: EventType, serverPath: string): Set<Watcher> {
    const found = new Set<Watcher>()
    switch (type) {
      case 'nodeCreated':
      case 'nodeDataChanged':
        this.#takeOneShot('data', serverPath, found)
        this.#takeOneShot('exist', serverPath, found)
        break
      case 'nodeDeleted':
        this.#takeOneShot('data', serverPath, found)
        this.#takeOneShot('exist', serverPath, found)
        this.#takeOneShot('child', serverPath, found)
        break
      case 'nodeChildrenChanged':
        this.#takeOneShot('child', serverPath, found)
        break
      default:
        return found // the removal of a watch is told by this client alone
    }
    addAll(this.#tables.persistent.get(serverPath), found)
    // A child event that reaches us is for another watch of this connection: recursive ones never get any.
    if (type !== 'nodeChildrenChanged') this.#findRecursive(serverPath, found)
    return found
  }

  /** Whether there is a watch of that type on the path; with `watcher`, whether that one is among them. */
  has(type: WatcherType, serverPath: string, watcher?: Watcher): boolean {
    return TABLES_OF_TYPE[type].some((table) => {
      const watchers = this.#tables[table].get(serverPath)
      return watchers !== undefined && (watcher === undefined || watchers.has(watcher))
    })
  }

  /** Whether `watcher` is the only one of that type on the path. */
  isOnly(type: WatcherType, serverPath: string, watcher: Watcher): boolean {
    return TABLES_OF_TYPE[type].every((table) => {
      const watchers = this.#tables[table].get(serverPath)
      return watchers === undefined || (watchers.size === 1 && watchers.has(watcher))
    })
  }

  /** Removes the watches of that type from the path (with `watcher`, that one's) and returns whom to tell what. */
  remove(type: WatcherType, serverPath: string, watcher?: Watcher): Map<EventType, Set<Watcher>> {
    const removed = new Map<EventType, Set<Watcher>>()
    for (const table of TABLES_OF_TYPE[type]) {
      const watchers = this.#tables[table].get(serverPath)
      if (watchers === undefined) continue
      const gone = watcher === undefined ? [...watchers] : watchers.has(watcher) ? [watcher] : []
      for (const one of gone) {
        watchers.delete(one)
        this.#count--
        const event = REMOVAL_EVENT[table]
        const told = removed.get(event)
        if (told === undefined) removed.set(event, new Set([one]))
        else told.add(one)
      }
      if (watchers.size === 0) this.#tables[table].delete(serverPath)
    }
    return removed
  }

  /** The watched paths of a table, in the order in which they were first watched. */
  paths(table: WatchTable): IterableIterator<string> {
    return this.#tables[table].keys()
  }

  /** Forgets all of them, as when the server has forgotten them too. */
  clear(): void {
    for (const table of WATCH_TABLES) this.#tables[table].clear()
    this.#count = 0
  }

  #takeOneShot(table: WatchTable, serverPath: string, found: Set<Watcher>): void {
    const watchers = this.#tables[table].get(serverPath)
    if (watchers === undefined) return
    addAll(watchers, found)
    this.#tables[table].delete(serverPath)
    this.#count -= watchers.size
  }

  #findRecursive(serverPath: string, found: Set<Watcher>): void {
    const table = this.#tables.persistentRecursive
    if (table.size === 0) return
    for (let end = serverPath.length; end > 0; end = serverPath.lastIndexOf('/', end - 1)) {
      addAll(table.get(serverPath.slice(0, end)), found)
    }
    addAll(table.get('/'), found)
  }
}

/** Calls a watcher so that what it throws can disturb neither this client nor the other watchers. */
export function notify(watcher: Watcher, event: WatchedEvent): void {
  try {
    watcher(event)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

function addAll(watchers: ReadonlySet<Watcher> | undefined, to: Set<Watcher>): void {
  if (watchers !== undefined) for (const watcher of watchers) to.add(watcher)
}
