import type { ConnectionId } from '../ports.ts'

/** What a (connection, path) pair of a table watches for; flags may be combined. */
export const WatchFlag = { standard: 1, persistent: 2, recursive: 4, all: 7 } as const

/** One table of watches: pairs of connection and path with flags. First, plain version. */
export class WatchTable {
  readonly #byPath = new Map<string, Map<ConnectionId, number>>()
  readonly #byConnection = new Map<ConnectionId, Set<string>>()
  #watchCount = 0

  get connectionCount(): number {
    return this.#byConnection.size
  }

  get pathCount(): number {
    return this.#byPath.size
  }

  get watchCount(): number {
    return this.#watchCount
  }

  flags(connection: ConnectionId, path: string): number {
    return this.#byPath.get(path)?.get(connection) ?? 0
  }

  add(connection: ConnectionId, path: string, flag: number): void {
    this.#set(connection, path, this.flags(connection, path) | flag)
  }

  remove(connection: ConnectionId, path: string, flag: number): boolean {
    const before = this.flags(connection, path)
    this.#set(connection, path, before & ~flag)
    return (before & flag) !== 0
  }

  trigger(path: string, isRecursive: boolean, tell: (connection: ConnectionId) => void): void {
    for (const [connection, flags] of [...(this.#byPath.get(path) ?? [])]) {
      tell(connection)
      this.#set(connection, path, flags & ~WatchFlag.standard)
    }
    if (!isRecursive) return
    for (
      let end = path.lastIndexOf('/');
      end >= 0 && path !== '/';
      end = end === 0 ? -1 : path.lastIndexOf('/', end - 1)
    ) {
      for (const [connection, flags] of this.#byPath.get(path.slice(0, Math.max(end, 1))) ?? []) {
        if ((flags & WatchFlag.recursive) !== 0) tell(connection)
      }
    }
  }

  removeConnection(connection: ConnectionId): void {
    for (const path of [...(this.#byConnection.get(connection) ?? [])]) this.#set(connection, path, 0)
  }

  forEachConnection(visit: (connection: ConnectionId, paths: Iterable<string>) => void): void {
    for (const [connection, paths] of this.#byConnection) visit(connection, paths)
  }

  forEachPath(visit: (path: string, connections: Iterable<ConnectionId>) => void): void {
    for (const [path, flags] of this.#byPath) visit(path, flags.keys())
  }

  #set(connection: ConnectionId, path: string, flags: number): void {
    let watchers = this.#byPath.get(path)
    const had = watchers?.has(connection) ?? false
    if (flags === 0) {
      if (watchers === undefined || !had) return
      this.#watchCount--
      watchers.delete(connection)
      if (watchers.size === 0) this.#byPath.delete(path)
      const paths = this.#byConnection.get(connection)
      paths?.delete(path)
      if (paths?.size === 0) this.#byConnection.delete(connection)
      return
    }
    if (watchers === undefined) this.#byPath.set(path, (watchers = new Map()))
    watchers.set(connection, flags)
    if (had) return
    this.#watchCount++
    let paths = this.#byConnection.get(connection)
    if (paths === undefined) this.#byConnection.set(connection, (paths = new Set()))
    paths.add(path)
  }
}
