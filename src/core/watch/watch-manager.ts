import { AddWatchMode, EventType, WatcherType } from '../../protocol/op-code.ts'
import type { ConnectionId } from '../ports.ts'
import { ConnectionSlots } from './connection-slots.ts'
import { NONE } from './int-arena.ts'
import { PathHash } from './path-hash.ts'
import type { EmitWatchEvent, TreeEventType } from './watch-event.ts'
import { type WatchersOfPath, type WatchesOfConnection, WatchFlag, WatchTable } from './watch-table.ts'

/** Mode of addWatch, once checked with `isAddWatchMode`. */
export type AddWatchModeCode = (typeof AddWatchMode)[keyof typeof AddWatchMode]

/** Kind of watch that checkWatches and removeWatches name, once checked with `isWatcherTypeCode`. */
export type WatcherTypeCode = (typeof WatcherType)[keyof typeof WatcherType]

/** Sizes of the watch tables. */
export interface WatchCounts {
  /** Connections with a watch in the data table (`wchs`). */
  readonly connections: number
  /** Paths with a watch in the data table (`wchs`). */
  readonly paths: number
  /** (connection, path) pairs in the data table (`wchs`). */
  readonly watches: number
  /** (connection, path) pairs in the data table plus those in the child table (`zk_watch_count`). */
  readonly watchesInBothTables: number
}

/** Tells whether a number out of an AddWatchRequest is a mode; else the answer is MARSHALLINGERROR. */
export function isAddWatchMode(mode: number): mode is AddWatchModeCode {
  return mode === AddWatchMode.persistent || mode === AddWatchMode.persistentRecursive
}

/** Tells whether a number out of a CheckWatches- or RemoveWatchesRequest is a kind; else the answer is MARSHALLINGERROR. */
export function isWatcherTypeCode(type: number): type is WatcherTypeCode {
  return Number.isInteger(type) && type >= WatcherType.children && type <= WatcherType.persistentRecursive
}

/**
 * The watches of all connections of one server, and the rules by which a change of the tree turns into events.
 *
 * A watch is a (connection, path) pair in one of two tables, data and child, with any of three independent flags:
 * standard (used up by its event), persistent, persistent recursive. Adding is idempotent.
 *
 * Paths are compared as strings and never parsed, save that a recursive watch looks for '/': callers keep to one form.
 * Not here: whether the node exists, the ACL filter (`emit` withholds an event; the one-shot watch is used up all the
 * same) and what setWatches sends at once.
 */
export class WatchManager {
  readonly #connections = new ConnectionSlots()
  readonly #data: WatchTable
  readonly #child: WatchTable

  /**
   * @param hashSeed seed of the hash of paths: a server takes a random number that its clients don't know, lest they
   *                 choose paths that collide
   */
  constructor(hashSeed = 0) {
    const hash = new PathHash(hashSeed)
    this.#data = new WatchTable(this.#connections, hash)
    this.#child = new WatchTable(this.#connections, hash)
  }

  /** Sets the one-shot watch of getData and exists. */
  addData(connection: ConnectionId, path: string): void {
    this.#data.add(this.#connections.acquire(connection), path, WatchFlag.standard)
  }

  /** Sets the one-shot watch of getChildren. */
  addChild(connection: ConnectionId, path: string): void {
    this.#child.add(this.#connections.acquire(connection), path, WatchFlag.standard)
  }

  /** Sets the watch of addWatch: a persistent one is entered in both tables, a recursive one in the data table only. */
  addPersistent(connection: ConnectionId, path: string, mode: AddWatchModeCode): void {
    const slot = this.#connections.acquire(connection)
    if (mode === AddWatchMode.persistentRecursive) {
      this.#data.add(slot, path, WatchFlag.recursive)
    } else {
      this.#data.add(slot, path, WatchFlag.persistent)
      this.#child.add(slot, path, WatchFlag.persistent)
    }
  }

  /** Tells whether checkWatches finds such a watch: false is answered by NOWATCHER. */
  has(connection: ConnectionId, path: string, watcherType: WatcherTypeCode): boolean {
    const slot = this.#connections.find(connection)
    switch (watcherType) {
      case WatcherType.children:
        return (this.#child.flags(slot, path) & WatchFlag.standard) !== 0
      case WatcherType.data:
        return (this.#data.flags(slot, path) & WatchFlag.standard) !== 0
      case WatcherType.persistent:
        return (this.#data.flags(slot, path) & WatchFlag.persistent) !== 0
      case WatcherType.persistentRecursive:
        return (this.#data.flags(slot, path) & WatchFlag.recursive) !== 0
      case WatcherType.any:
        return (this.#data.flags(slot, path) | this.#child.flags(slot, path)) !== 0
      default:
        return unreachable(watcherType)
    }
  }

  /**
   * Removes what removeWatches names. No event is due.
   *
   * @returns false if there was no such watch, which is answered by NOWATCHER
   */
  remove(connection: ConnectionId, path: string, watcherType: WatcherTypeCode): boolean {
    const slot = this.#connections.find(connection)
    switch (watcherType) {
      case WatcherType.children:
        return this.#child.remove(slot, path, WatchFlag.standard)
      case WatcherType.data:
        return this.#data.remove(slot, path, WatchFlag.standard)
      case WatcherType.persistent:
        return this.#removeFromBoth(slot, path, WatchFlag.persistent)
      case WatcherType.persistentRecursive:
        return this.#data.remove(slot, path, WatchFlag.recursive)
      case WatcherType.any:
        return this.#removeFromBoth(slot, path, WatchFlag.all)
      default:
        return unreachable(watcherType)
    }
  }

  /**
   * Emits the events that one change of the node at `path` is due, and uses up one-shot watches. For a created or deleted
   * node the caller triggers first that, then nodeChildrenChanged of its parent.
   *
   * | type                | data table of path | child table of path                             |
   * |---------------------|--------------------|-------------------------------------------------|
   * | nodeCreated         | all                |                                                 |
   * | nodeDataChanged     | all                |                                                 |
   * | nodeDeleted         | all                | all, but a connection already told hears nothing |
   * | nodeChildrenChanged |                    | all                                             |
   *
   * To the data table of a path belong the recursive watches of its ancestors. A connection gets one event from a table.
   */
  trigger(type: TreeEventType, path: string, emit: EmitWatchEvent): void {
    this.#connections.beginEvent()
    if (type !== EventType.nodeChildrenChanged) {
      this.#data.trigger(type, path, emit)
      this.#data.triggerAncestors(type, path, emit)
    }
    if (type === EventType.nodeChildrenChanged || type === EventType.nodeDeleted) this.#child.trigger(type, path, emit)
  }

  /** Forgets all watches of a connection, which must not set any more. */
  connectionClosed(connection: ConnectionId): void {
    const slot = this.#connections.find(connection)
    if (slot === NONE) return
    this.#data.removeConnection(slot)
    this.#child.removeConnection(slot)
    this.#connections.release(connection)
  }

  /** Whether nobody watches anything. */
  get isEmpty(): boolean {
    return this.#data.watchCount === 0 && this.#child.watchCount === 0
  }

  /** Sizes for `wchs` and metrics; costs nothing. */
  get counts(): WatchCounts {
    return {
      connections: this.#data.connectionCount,
      paths: this.#data.pathCount,
      watches: this.#data.watchCount,
      watchesInBothTables: this.#data.watchCount + this.#child.watchCount
    }
  }

  /**
   * Connections and their paths in the data table, for `wchc`, in no set order. Watches may change between two: each
   * entry is as of its moment, and a connection that has a watch all the time comes once. Null is no entry, but a place to
   * let others have their turn.
   */
  dataByConnection(): Iterable<WatchesOfConnection | null> {
    return this.#data.byConnection()
  }

  /** Paths and their connections in the data table, for `wchp`; otherwise as `dataByConnection`. */
  dataByPath(): Iterable<WatchersOfPath | null> {
    return this.#data.byPath()
  }

  #removeFromBoth(slot: number, path: string, flags: number): boolean {
    const wasInData = this.#data.remove(slot, path, flags)
    return this.#child.remove(slot, path, flags) || wasInData
  }
}

function unreachable(type: never): never {
  throw new Error(`unknown watcher type ${String(type)}`)
}
