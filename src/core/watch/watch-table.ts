import type { ConnectionId } from '../ports.ts'
import type { ConnectionSlots } from './connection-slots.ts'
import { IntArena, NONE } from './int-arena.ts'
import type { PathHash } from './path-hash.ts'
import { RecordHash } from './record-hash.ts'
import { Ring } from './ring.ts'
import type { EmitWatchEvent, TreeEventType } from './watch-event.ts'

/** What a (connection, path) pair of a table watches for; flags may be combined. */
export const WatchFlag = { standard: 1, persistent: 2, recursive: 4, all: 7 } as const

/** A connection, and the paths that it watches. */
export interface WatchesOfConnection {
  readonly connection: ConnectionId
  readonly paths: readonly string[]
}

/** A path, and the connections that watch it. */
export interface WatchersOfPath {
  readonly path: string
  readonly connections: readonly ConnectionId[]
}

// Fields of a record, which is one pair; its text is the path.
/** Slot of the connection << 3 | flags. */
const WATCHER = 0
/** Hash of the path. */
const PATH_HASH = 1
/** Rings take two fields: next and previous. */
const NEXT_IN_PATH = 2
const NEXT_IN_CONNECTION = 4
const NEXT_PATH_OF_BUCKET = 6
const NEXT_PAIR_OF_BUCKET = 7

const SLOT_SHIFT = 3
const SLASH = 0x2f
/** Slots without a watch that are passed over without a word. */
const EMPTY_SLOTS_MAX = 256

/**
 * One table of watches: pairs of a connection (by its slot) and a path, each with flags.
 *
 * The pairs of a path form a ring, recursive ones in front; the pairs of a connection form another. Two hash tables find
 * the first pair of a path, and any pair. So setting, removing and using up a watch take constant time, whatever the
 * number of watchers of the path or of watches of the connection.
 */
export class WatchTable {
  readonly #connections: ConnectionSlots
  readonly #hash: PathHash
  readonly #records = new IntArena()
  readonly #pathRing = new Ring(this.#records, NEXT_IN_PATH)
  readonly #connectionRing = new Ring(this.#records, NEXT_IN_CONNECTION)
  /** The first record of each path. */
  readonly #paths = new RecordHash(this.#records, NEXT_PATH_OF_BUCKET, (record) => this.#hashOf(record))
  /** All records. */
  readonly #pairs = new RecordHash(this.#records, NEXT_PAIR_OF_BUCKET, (record) =>
    pairHash(this.#slotOf(record), this.#hashOf(record))
  )
  /** By slot: any one record of the connection, or NONE. */
  readonly #anyOfConnection: number[] = []
  #connectionCount = 0
  #recursiveCount = 0

  constructor(connections: ConnectionSlots, hash: PathHash) {
    this.#connections = connections
    this.#hash = hash
  }

  /** Connections with a watch in this table. */
  get connectionCount(): number {
    return this.#connectionCount
  }

  /** Paths with a watch in this table. */
  get pathCount(): number {
    return this.#paths.size
  }

  /** Pairs in this table. */
  get watchCount(): number {
    return this.#records.liveCount
  }

  /** Flags of a pair; 0 if there is none. */
  flags(slot: number, path: string): number {
    const record = this.#find(slot, path, this.#hash.of(path))
    return record === NONE ? 0 : this.#flagsOf(record)
  }

  /** Adds flags to a pair, which need not exist. */
  add(slot: number, path: string, flags: number): void {
    const hash = this.#hash.of(path)
    const record = this.#find(slot, path, hash)
    if (record === NONE) this.#insert(slot, path, hash, flags)
    else this.#setFlags(record, this.#flagsOf(record) | flags)
  }

  /** Takes flags from a pair. @returns false if it had none of them */
  remove(slot: number, path: string, flags: number): boolean {
    const record = this.#find(slot, path, this.#hash.of(path))
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
    const first = this.#firstOf(path, path.length, this.#hash.of(path))
    if (first === NONE) return
    const last = this.#pathRing.previous(first)
    let record = first
    for (let isDone = false; !isDone; ) {
      isDone = record === last
      const next = this.#pathRing.next(record)
      this.#tell(record, type, path, emit)
      const flags = this.#flagsOf(record)
      if (flags === WatchFlag.standard) this.#delete(record)
      else this.#storeFlags(record, flags & ~WatchFlag.standard)
      record = next
    }
  }

  /** Emits an event of `path` to those with a recursive watch on an ancestor of it that have not been told of it. */
  triggerAncestors(type: TreeEventType, path: string, emit: EmitWatchEvent): void {
    if (this.#recursiveCount === 0) return
    let hash = this.#hash.start
    for (let index = 0; index < path.length; index++) {
      const charCode = path.charCodeAt(index)
      if (charCode === SLASH && index > 0) this.#tellRecursive(index, hash, type, path, emit)
      hash = this.#hash.next(hash, charCode)
      if (index === 0 && charCode === SLASH && path.length > 1) this.#tellRecursive(1, hash, type, path, emit)
    }
  }

  /**
   * The connections with a watch in this table, and their paths as they are at that moment. The table may change between
   * two: a connection that has a watch from the beginning to the end comes once. Null is a place to let others have their turn.
   */
  *byConnection(): Generator<WatchesOfConnection | null> {
    for (let slot = 0; slot < this.#anyOfConnection.length; slot++) {
      const record = this.#anyOf(slot)
      if (record !== NONE) {
        yield { connection: this.#connections.connection(slot), paths: this.#pathsFrom(record) }
      } else if (slot % EMPTY_SLOTS_MAX === 0) yield null
    }
  }

  /** The paths with a watch in this table, and their connections at that moment; otherwise as `byConnection`. */
  *byPath(): Generator<WatchersOfPath | null> {
    for (const batch of this.#paths.batches()) {
      const entries = batch.map((first) => ({
        path: this.#records.text(first),
        connections: this.#connectionsFrom(first)
      }))
      yield* entries
      if (entries.length === 0) yield null
    }
  }

  #pathsFrom(start: number): string[] {
    const paths: string[] = []
    let record = start
    do {
      paths.push(this.#records.text(record))
      record = this.#connectionRing.next(record)
    } while (record !== start)
    return paths
  }

  #connectionsFrom(first: number): ConnectionId[] {
    const connections: ConnectionId[] = []
    let record = first
    do {
      connections.push(this.#connections.connection(this.#slotOf(record)))
      record = this.#pathRing.next(record)
    } while (record !== first)
    return connections
  }

  #tell(record: number, type: TreeEventType, path: string, emit: EmitWatchEvent): void {
    const slot = this.#slotOf(record)
    if (this.#connections.tell(slot)) emit(this.#connections.connection(slot), type, path)
  }

  /** Tells those with a recursive watch on the first `end` characters of `path`, whose hash is given. */
  #tellRecursive(end: number, hash: number, type: TreeEventType, path: string, emit: EmitWatchEvent): void {
    const first = this.#firstOf(path, end, hash)
    for (let record = first; record !== NONE && (this.#flagsOf(record) & WatchFlag.recursive) !== 0; ) {
      this.#tell(record, type, path, emit)
      record = this.#pathRing.next(record)
      if (record === first) return
    }
  }

  /** The first record of a path, or NONE. The path is the first `end` characters of `text`. */
  #firstOf(text: string, end: number, hash: number): number {
    for (let record = this.#paths.head(hash); record !== NONE; record = this.#paths.next(record)) {
      if (this.#hashOf(record) !== hash) continue
      const path = this.#records.text(record)
      if (path.length === end && text.startsWith(path)) return record
    }
    return NONE
  }

  /** The record of a pair, or NONE. */
  #find(slot: number, path: string, hash: number): number {
    if (slot === NONE) return NONE
    for (let record = this.#pairs.head(pairHash(slot, hash)); record !== NONE; record = this.#pairs.next(record)) {
      if (this.#slotOf(record) === slot && this.#hashOf(record) === hash && this.#records.text(record) === path) {
        return record
      }
    }
    return NONE
  }

  #insert(slot: number, path: string, hash: number, flags: number): void {
    const first = this.#firstOf(path, path.length, hash)
    // Each request comes with its own copy of the path: all records of a path share the first one.
    const record = this.#records.allocate(first === NONE ? path : this.#records.text(first))
    this.#records.set(record, WATCHER, (slot << SLOT_SHIFT) | flags)
    this.#records.set(record, PATH_HASH, hash)
    this.#pairs.add(record)
    if (first === NONE) {
      this.#pathRing.start(record)
      this.#paths.add(record)
    } else {
      this.#pathRing.insertBefore(record, first)
    }
    this.#linkToConnection(record, slot)
    if ((flags & WatchFlag.recursive) !== 0) this.#becameRecursive(record)
  }

  #delete(record: number): void {
    if ((this.#flagsOf(record) & WatchFlag.recursive) !== 0) this.#recursiveCount--
    this.#pairs.remove(record)
    const next = this.#pathRing.next(record)
    if (next === record) {
      this.#paths.remove(record)
    } else {
      if (this.#isFirst(record)) this.#paths.replace(record, next)
      this.#pathRing.unlink(record)
    }
    this.#unlinkFromConnection(record)
    this.#records.release(record)
  }

  /** Only the first record of a path is in the table of paths. */
  #isFirst(record: number): boolean {
    let each = this.#paths.head(this.#hashOf(record))
    while (each !== NONE && each !== record) each = this.#paths.next(each)
    return each === record
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
    this.#recursiveCount++
    const path = this.#records.text(record)
    const first = this.#firstOf(path, path.length, this.#hashOf(record))
    if (first === record) return
    this.#pathRing.unlink(record)
    this.#pathRing.insertBefore(record, first)
    this.#paths.replace(first, record)
  }

  /** Counts the watch out and puts it at the end of its path. */
  #ceasedToBeRecursive(record: number): void {
    this.#recursiveCount--
    const path = this.#records.text(record)
    const first = this.#firstOf(path, path.length, this.#hashOf(record))
    if (first === record) {
      // In a ring, the first becomes the last when the second becomes the first.
      this.#paths.replace(record, this.#pathRing.next(record))
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

  #unlinkFromConnection(record: number): void {
    const slot = this.#slotOf(record)
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

  #hashOf(record: number): number {
    return this.#records.get(record, PATH_HASH)
  }

  #flagsOf(record: number): number {
    return this.#records.get(record, WATCHER) & WatchFlag.all
  }

  #storeFlags(record: number, flags: number): void {
    this.#records.set(record, WATCHER, (this.#slotOf(record) << SLOT_SHIFT) | flags)
  }
}

/** Spreads the watchers of one path, and the paths of one watcher. */
function pairHash(slot: number, pathHash: number): number {
  const mixed = Math.imul(pathHash ^ Math.imul(slot + 1, 0x9e3779b1), 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
