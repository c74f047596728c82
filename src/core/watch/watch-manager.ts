import { AddWatchMode, EventType, WatcherType } from '../../protocol/op-code.ts'
import type { ConnectionId } from '../ports.ts'
import { WatchFlag, WatchTable } from './watch-table.ts'

/** Mode of addWatch, once checked with `isAddWatchMode`. */
export type AddWatchModeCode = (typeof AddWatchMode)[keyof typeof AddWatchMode]

/** Kind of watch that checkWatches and removeWatches name, once checked with `isWatcherTypeCode`. */
export type WatcherTypeCode = (typeof WatcherType)[keyof typeof WatcherType]

/** Types of event that a change of the tree causes. */
export type TreeEventType =
  | typeof EventType.nodeCreated
  | typeof EventType.nodeDeleted
  | typeof EventType.nodeDataChanged
  | typeof EventType.nodeChildrenChanged

/**
 * Takes one event for one connection. It must not change the watches. `path` is the node of the event, which for a
 * recursive watch is below the watched one.
 */
export type EmitWatchEvent = (connection: ConnectionId, type: TreeEventType, path: string) => void

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
  readonly #data = new WatchTable()
  readonly #child = new WatchTable()

  /** Sets the one-shot watch of getData and exists. */
  addData(connection: ConnectionId, path: string): void {
    this.#data.add(connection, path, WatchFlag.standard)
  }

  /** Sets the one-shot watch of getChildren. */
  addChild(connection: ConnectionId, path: string): void {
    this.#child.add(connection, path, WatchFlag.standard)
  }

  /** Sets the watch of addWatch: a persistent one is entered in both tables, a recursive one in the data table only. */
  addPersistent(connection: ConnectionId, path: string, mode: AddWatchModeCode): void {
    if (mode === AddWatchMode.persistentRecursive) {
      this.#data.add(connection, path, WatchFlag.recursive)
    } else {
      this.#data.add(connection, path, WatchFlag.persistent)
      this.#child.add(connection, path, WatchFlag.persistent)
    }
  }

  /** Tells whether checkWatches finds such a watch: false is answered by NOWATCHER. */
  has(connection: ConnectionId, path: string, watcherType: WatcherTypeCode): boolean {
    switch (watcherType) {
      case WatcherType.children:
        return (this.#child.flags(connection, path) & WatchFlag.standard) !== 0
      case WatcherType.data:
        return (this.#data.flags(connection, path) & WatchFlag.standard) !== 0
      case WatcherType.persistent:
        return (this.#data.flags(connection, path) & WatchFlag.persistent) !== 0
      case WatcherType.persistentRecursive:
        return (this.#data.flags(connection, path) & WatchFlag.recursive) !== 0
      case WatcherType.any:
        return (this.#data.flags(connection, path) | this.#child.flags(connection, path)) !== 0
    }
  }

  /**
   * Removes what removeWatches names. No event is due.
   *
   * @returns false if there was no such watch, which is answered by NOWATCHER
   */
  remove(connection: ConnectionId, path: string, watcherType: WatcherTypeCode): boolean {
    switch (watcherType) {
      case WatcherType.children:
        return this.#child.remove(connection, path, WatchFlag.standard)
      case WatcherType.data:
        return this.#data.remove(connection, path, WatchFlag.standard)
      case WatcherType.persistent: {
        const inData = this.#data.remove(connection, path, WatchFlag.persistent)
        return this.#child.remove(connection, path, WatchFlag.persistent) || inData
      }
      case WatcherType.persistentRecursive:
        return this.#data.remove(connection, path, WatchFlag.recursive)
      case WatcherType.any: {
        const inData = this.#data.remove(connection, path, WatchFlag.all)
        return this.#child.remove(connection, path, WatchFlag.all) || inData
      }
    }
  }

  /**
   * Emits the events that one change of the node at `path` is due, and uses up one-shot watches. The caller triggers
   * for a created or deleted node first the node, then nodeChildrenChanged for its parent.
   *
   * | type                | data table of | child table of                                   |
   * |---------------------|---------------|--------------------------------------------------|
   * | nodeCreated         | path          |                                                  |
   * | nodeDataChanged     | path          |                                                  |
   * | nodeDeleted         | path          | path, but no connection that was just told       |
   * | nodeChildrenChanged |               | path                                             |
   *
   * "Data table" includes recursive watches of all ancestors. A connection gets one event from a table.
   */
  trigger(type: TreeEventType, path: string, emit: EmitWatchEvent): void {
    const told = new Set<ConnectionId>()
    const tell = (connection: ConnectionId): void => {
      if (told.has(connection)) return
      told.add(connection)
      emit(connection, type, path)
    }
    if (type !== EventType.nodeChildrenChanged) this.#data.trigger(path, true, tell)
    if (type === EventType.nodeDeleted || type === EventType.nodeChildrenChanged) this.#child.trigger(path, false, tell)
  }

  /** Forgets all watches of a connection. */
  connectionClosed(connection: ConnectionId): void {
    this.#data.removeConnection(connection)
    this.#child.removeConnection(connection)
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

  /** Visits the connections that have watches in the data table, for `wchc`, in no set order. */
  forEachConnection(visit: (connection: ConnectionId, paths: Iterable<string>) => void): void {
    this.#data.forEachConnection(visit)
  }

  /** Visits the paths that have watches in the data table, for `wchp`, in no set order. */
  forEachPath(visit: (path: string, connections: Iterable<ConnectionId>) => void): void {
    this.#data.forEachPath(visit)
  }
}
