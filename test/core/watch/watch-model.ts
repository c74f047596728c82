import type { TreeEventType } from '../../../src/core/watch/watch-event.ts'
import type { AddWatchModeCode, WatcherTypeCode } from '../../../src/core/watch/watch-manager.ts'
import { AddWatchMode, EventType, WatcherType } from '../../../src/protocol/op-code.ts'

type Flag = 'standard' | 'persistent' | 'recursive'

interface ModelWatch {
  readonly table: 'data' | 'child'
  readonly connection: number
  readonly path: string
  readonly flag: Flag
}

/** The rules of watches over a plain list, with nothing done for speed: what WatchManager is compared with. */
export class WatchModel {
  watches: ModelWatch[] = []

  addData(connection: number, path: string): void {
    this.#add({ table: 'data', connection, path, flag: 'standard' })
  }

  addChild(connection: number, path: string): void {
    this.#add({ table: 'child', connection, path, flag: 'standard' })
  }

  addPersistent(connection: number, path: string, mode: AddWatchModeCode): void {
    if (mode === AddWatchMode.persistentRecursive) {
      this.#add({ table: 'data', connection, path, flag: 'recursive' })
      return
    }
    this.#add({ table: 'data', connection, path, flag: 'persistent' })
    this.#add({ table: 'child', connection, path, flag: 'persistent' })
  }

  has(connection: number, path: string, type: WatcherTypeCode): boolean {
    return this.watches.some(
      (watch) =>
        watch.connection === connection &&
        watch.path === path &&
        names(type, watch) &&
        (type !== WatcherType.persistent || watch.table === 'data')
    )
  }

  remove(connection: number, path: string, type: WatcherTypeCode): boolean {
    return this.#drop((watch) => watch.connection === connection && watch.path === path && names(type, watch))
  }

  connectionClosed(connection: number): void {
    this.#drop((watch) => watch.connection === connection)
  }

  /** Connections that are told of the event, each once. */
  trigger(type: TreeEventType, path: string): number[] {
    const tables = {
      [EventType.nodeCreated]: ['data'],
      [EventType.nodeDataChanged]: ['data'],
      [EventType.nodeDeleted]: ['data', 'child'],
      [EventType.nodeChildrenChanged]: ['child']
    }[type]
    const concerned = this.watches.filter(
      (watch) =>
        tables.includes(watch.table) &&
        (watch.path === path || (watch.flag === 'recursive' && isAncestor(watch.path, path)))
    )
    this.#drop((watch) => watch.path === path && watch.flag === 'standard' && tables.includes(watch.table))
    return [...new Set(concerned.map((watch) => watch.connection))]
  }

  counts(): { connections: number; paths: number; watches: number; watchesInBothTables: number } {
    const data = this.watches.filter((watch) => watch.table === 'data')
    return {
      connections: new Set(data.map((watch) => watch.connection)).size,
      paths: new Set(data.map((watch) => watch.path)).size,
      watches: new Set(data.map((watch) => `${watch.connection} ${watch.path}`)).size,
      watchesInBothTables: new Set(this.watches.map((watch) => `${watch.table} ${watch.connection} ${watch.path}`)).size
    }
  }

  /** `connection path` of the data table, sorted. */
  dataPairs(): string[] {
    const data = this.watches.filter((watch) => watch.table === 'data')
    return [...new Set(data.map((watch) => `${watch.connection} ${watch.path}`))].sort()
  }

  #add(added: ModelWatch): void {
    this.#drop((watch) => JSON.stringify(watch) === JSON.stringify(added))
    this.watches.push(added)
  }

  #drop(isDropped: (watch: ModelWatch) => boolean): boolean {
    const before = this.watches.length
    this.watches = this.watches.filter((watch) => !isDropped(watch))
    return this.watches.length !== before
  }
}

function names(type: WatcherTypeCode, watch: ModelWatch): boolean {
  switch (type) {
    case WatcherType.children:
      return watch.table === 'child' && watch.flag === 'standard'
    case WatcherType.data:
      return watch.table === 'data' && watch.flag === 'standard'
    case WatcherType.persistent:
      return watch.flag === 'persistent'
    case WatcherType.persistentRecursive:
      return watch.flag === 'recursive'
    case WatcherType.any:
      return true
  }
}

function isAncestor(ancestor: string, path: string): boolean {
  return path !== ancestor && (ancestor === '/' || path.startsWith(`${ancestor}/`))
}
