import type { ConnectionId } from '../ports.ts'
import type { ConnectionSlots } from './connection-slots.ts'
import { IntArena, NONE } from './int-arena.ts'
import { PathMap } from './path-map.ts'
import { Ring } from './ring.ts'
import type { EmitWatchEvent, TreeEventType } from './watch-event.ts'

/** What a (connection, path) pair of a table watches for; flags may be combined. */
export const WatchFlag = { standard: 1, persistent: 2, recursive: 4, all: 7 } as const

// Fields of a record, which is one (connection, path) pair:
//   WATCHER  slot of the connection << 3 | flags
//   then the links of two rings: the pairs of its path, and those of its connection. The record's text is the path.
const WATCHER = 0
const NEXT_IN_PATH = 1
const NEXT_IN_CONNECTION = 3
const FIELD_COUNT = 5

const SLOT_SHIFT = 3

/** A path with more watchers than these gets an index of them; fewer are searched one by one. */
const UNINDEXED_COUNT_MAX = 16
/** An index with fewer watchers than these goes. */
const INDEXED_COUNT_MIN = 8

/**
 * One table of watches: pairs of a connection (by its slot) and a path, each with flags.
 *
 * The pairs of a path form a ring, recursive ones in front, whose first record the path map gives; the pairs of a
 * connection form another. So setting, removing and using up a watch take constant time, whatever the number of watchers
 * of the path or of watches of the connection.
 */
export class WatchTable {
  readonly #connections: ConnectionSlots
  readonly #records = new IntArena(FIELD_COUNT)
  readonly #pathRing = new Ring(this.#records, NEXT_IN_PATH)
  readonly #connectionRing = new Ring(this.#records, NEXT_IN_CONNECTION)
  readonly #firstOfPath = new PathMap()
  /** By slot: any one record of the connection, or NONE. */
  readonly #anyOfConnection: number[] = []
  #connectionCount = 0
  /** For paths with many watchers: the record by slot. */
  readonly #indexes = new Map<string, Map<number, number>>()
  /** How many recursive watches a path has, for those that have any. */
  readonly #recursiveCounts = new Map<string, number>()

  constructor(connections: ConnectionSlots) {
    this.#connections = connections
  }

  /** Connections with a watch in this table. */
  get connectionCount(): number {
    return this.#connectionCount
  }

  /** Paths with a watch in this table. */
  get pathCount(): number {
    return this.#firstOfPath.size
  }

  /** Pairs in this table. */
  get watchCount(): number {
    return this.#records.liveCount
  }

  /** Flags of a pair; 0 if there is none. */
  flags(slot: number, path: string): number {
    const record = this.#find(slot, path, this.#firstOfPath.get(path))
    return record === NONE ? 0 : this.#flagsOf(record)
  }

  /** Adds flags to a pair, which need not exist. */
  add(slot: number, path: string, flags: number): void {
    const first = this.#firstOfPath.get(path)
    const record = this.#find(slot, path, first)
    if (record === NONE) this.#insert(slot, path, first, flags)
    else this.#setFlags(record, this.#flagsOf(record) | flags)
  }

  /** Takes flags from a pair. @returns false if it had none of them */
  remove(slot: number, path: string, flags: number): boolean {
    const record = this.#find(slot, path, this.#firstOfPath.get(path))
    if (record === NONE) return false
    const before = this.#flagsOf(record)
    if ((before & flags) === 0) return false
    if ((before & ~flags) === 0) this.#delete(record)
    else this.#setFlags(record, before & ~flags)
    return true
  }

  /** Removes all pairs of a connection. */
  removeConnection(slot: number): void {
    for (let record = this.#anyOf(slot); record !== NONE; record = this.#anyOf(slot)) this.#delete(record)
  }

  /**
   * Emits an event to those watchers of `path` that have not been told of it, in the order in which they came but
   * recursive ones first, and uses up standard flags, told or not. `emit` must not change the table.
   */
  trigger(type: TreeEventType, path: string, emit: EmitWatchEvent): void {
    const first = this.#firstOfPath.get(path)
    if (first === NONE) return
    const last = this.#pathRing.previous(first)
    const index = this.#indexes.get(path)
    let firstLeft = NONE
    let record = first
    for (let isDone = false; !isDone; ) {
      isDone = record === last
      const next = this.#pathRing.next(record)
      const slot = this.#slotOf(record)
      if (this.#connections.tell(slot)) emit(this.#connections.connection(slot), type, path)
      const flagsLeft = this.#flagsOf(record) & ~WatchFlag.standard
      if (flagsLeft === 0) {
        index?.delete(slot)
        this.#pathRing.unlink(record)
        this.#unlinkFromConnection(record, slot)
        this.#records.release(record)
      } else {
        this.#storeFlags(record, flagsLeft)
        if (firstLeft === NONE) firstLeft = record
      }
      record = next
    }
    // perf: the path map and the index learn at the end who is left, not once for each watch that was used up.
    if (firstLeft === NONE) this.#firstOfPath.delete(path)
    else if (firstLeft !== first) this.#firstOfPath.replace(path, firstLeft)
    if (index !== undefined && index.size < INDEXED_COUNT_MIN) this.#indexes.delete(path)
  }

  /** Emits an event of `path` to those with a recursive watch on an ancestor of it that have not been told of it. */
  triggerAncestors(type: TreeEventType, path: string, emit: EmitWatchEvent): void {
    if (this.#recursiveCounts.size === 0) return
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      this.#tellRecursive(path.slice(0, end), type, path, emit)
    }
    if (path.length > 1) this.#tellRecursive('/', type, path, emit)
  }

  /** Visits the connections with a watch in this table, in no set order. */
  forEachConnection(visit: (connection: ConnectionId, paths: Iterable<string>) => void): void {
    this.#anyOfConnection.forEach((record, slot) => {
      if (record !== NONE) visit(this.#connections.connection(slot), this.#pathsFrom(record))
    })
  }

  /** Visits the paths with a watch in this table, in no set order. */
  forEachPath(visit: (path: string, connections: Iterable<ConnectionId>) => void): void {
    this.#firstOfPath.forEach((path, first) => {
      visit(path, this.#connectionsFrom(first))
    })
  }

  *#pathsFrom(start: number): Generator<string> {
    let record = start
    do {
      yield this.#records.text(record)
      record = this.#connectionRing.next(record)
    } while (record !== start)
  }

  *#connectionsFrom(first: number): Generator<ConnectionId> {
    let record = first
    do {
      yield this.#connections.connection(this.#slotOf(record))
      record = this.#pathRing.next(record)
    } while (record !== first)
  }

  #tellRecursive(ancestor: string, type: TreeEventType, path: string, emit: EmitWatchEvent): void {
    let record = this.#firstOfPath.get(ancestor)
    for (let left = this.#recursiveCounts.get(ancestor) ?? 0; left > 0; left--) {
      const slot = this.#slotOf(record)
      if (this.#connections.tell(slot)) emit(this.#connections.connection(slot), type, path)
      record = this.#pathRing.next(record)
    }
  }

  /** The record of a pair, or NONE; `first` is that of the path. Builds the index of a path with many watchers. */
  #find(slot: number, path: string, first: number): number {
    if (first === NONE || slot === NONE) return NONE
    const known = this.#indexOf(path)
    if (known !== undefined) return known.get(slot) ?? NONE
    let record = first
    for (let count = 0; count < UNINDEXED_COUNT_MAX; count++) {
      if (this.#slotOf(record) === slot) return record
      record = this.#pathRing.next(record)
      if (record === first) return NONE
    }
    return this.#buildIndex(first).get(slot) ?? NONE
  }

  #insert(slot: number, path: string, first: number, flags: number): void {
    // Each request comes with its own copy of the path: all records of a path share the first one.
    const record = this.#records.allocate(first === NONE ? path : this.#records.text(first))
    this.#records.set(record, WATCHER, (slot << SLOT_SHIFT) | flags)
    if (first === NONE) {
      this.#pathRing.start(record)
      this.#firstOfPath.add(path, record)
    } else {
      this.#pathRing.insertBefore(record, first)
      this.#indexOf(path)?.set(slot, record)
    }
    this.#linkToConnection(record, slot)
    if ((flags & WatchFlag.recursive) !== 0) this.#becameRecursive(record)
  }

  #delete(record: number): void {
    if ((this.#flagsOf(record) & WatchFlag.recursive) !== 0) this.#ceasedToBeRecursive(record)
    const path = this.#records.text(record)
    const slot = this.#slotOf(record)
    const next = this.#pathRing.next(record)
    if (next === record) {
      this.#firstOfPath.delete(path)
    } else {
      this.#pathRing.unlink(record)
      if (this.#firstOfPath.get(path) === record) this.#firstOfPath.replace(path, next)
    }
    const index = this.#indexOf(path)
    if (index !== undefined) {
      index.delete(slot)
      if (index.size < INDEXED_COUNT_MIN) this.#indexes.delete(path)
    }
    this.#unlinkFromConnection(record, slot)
    this.#records.release(record)
  }

  #setFlags(record: number, flags: number): void {
    const gained = flags & ~this.#flagsOf(record)
    const lost = this.#flagsOf(record) & ~flags
    this.#storeFlags(record, flags)
    if ((gained & WatchFlag.recursive) !== 0) this.#becameRecursive(record)
    if ((lost & WatchFlag.recursive) !== 0) this.#ceasedToBeRecursive(record)
  }

  /** Counts the watch and puts it in front of its path, where events of descendants look. */
  #becameRecursive(record: number): void {
    const path = this.#records.text(record)
    this.#recursiveCounts.set(path, (this.#recursiveCounts.get(path) ?? 0) + 1)
    const first = this.#firstOfPath.get(path)
    if (first === record) return
    this.#pathRing.unlink(record)
    this.#pathRing.insertBefore(record, first)
    this.#firstOfPath.replace(path, record)
  }

  /** Counts the watch out and puts it at the end of its path. */
  #ceasedToBeRecursive(record: number): void {
    const path = this.#records.text(record)
    const left = (this.#recursiveCounts.get(path) ?? 0) - 1
    if (left > 0) this.#recursiveCounts.set(path, left)
    else this.#recursiveCounts.delete(path)
    const first = this.#firstOfPath.get(path)
    if (first === record) {
      // In a ring, the first becomes the last when the second becomes the first.
      this.#firstOfPath.replace(path, this.#pathRing.next(record))
    } else {
      this.#pathRing.unlink(record)
      this.#pathRing.insertBefore(record, first)
    }
  }

  #linkToConnection(record: number, slot: number): void {
    const other = this.#anyOf(slot)
    if (other !== NONE) {
      this.#connectionRing.insertBefore(record, other)
      return
    }
    this.#connectionRing.start(record)
    this.#connectionCount++
    // perf: a gap would turn the array into a dictionary.
    while (this.#anyOfConnection.length < slot) this.#anyOfConnection.push(NONE)
    this.#anyOfConnection[slot] = record
  }

  #unlinkFromConnection(record: number, slot: number): void {
    const next = this.#connectionRing.next(record)
    if (next === record) {
      this.#anyOfConnection[slot] = NONE
      this.#connectionCount--
      return
    }
    this.#connectionRing.unlink(record)
    this.#anyOfConnection[slot] = next
  }

  #anyOf(slot: number): number {
    return this.#anyOfConnection[slot] ?? NONE
  }

  #slotOf(record: number): number {
    return this.#records.get(record, WATCHER) >>> SLOT_SHIFT
  }

  #flagsOf(record: number): number {
    return this.#records.get(record, WATCHER) & WatchFlag.all
  }

  #storeFlags(record: number, flags: number): void {
    this.#records.set(record, WATCHER, (this.#slotOf(record) << SLOT_SHIFT) | flags)
  }

  #indexOf(path: string): Map<number, number> | undefined {
    return this.#indexes.size === 0 ? undefined : this.#indexes.get(path)
  }

  #buildIndex(first: number): Map<number, number> {
    const index = new Map<number, number>()
    let record = first
    do {
      index.set(this.#slotOf(record), record)
      record = this.#pathRing.next(record)
    } while (record !== first)
    this.#indexes.set(this.#records.text(first), index)
    return index
  }
}
