import { EventType } from '../../protocol/op-code.ts'
import { type ModelEvent, parentOf, type VersionedTree } from './versioned-tree.ts'

/** The watches of one client, by the rules of its library and of the server. */
export class WatchModel {
  readonly data = new Set<string>()
  readonly exist = new Set<string>()
  readonly child = new Set<string>()
  readonly persistent = new Set<string>()
  readonly recursive = new Set<string>()

  get isEmpty(): boolean {
    return [this.data, this.exist, this.child, this.persistent, this.recursive].every(({ size }) => size === 0)
  }

  clear(): void {
    for (const set of [this.data, this.exist, this.child, this.persistent, this.recursive]) set.clear()
  }

  /** Something has changed. @returns whether this client is told; its one-shot watches are used up by that */
  trigger({ type, path }: ModelEvent): boolean {
    if (type === EventType.nodeChildrenChanged) return this.child.delete(path) || this.persistent.has(path)
    const isData = this.data.delete(path)
    const isExist = this.exist.delete(path)
    const isChild = type === EventType.nodeDeleted && this.child.delete(path)
    return isData || isExist || isChild || this.persistent.has(path) || this.#isBelowRecursive(path)
  }

  /**
   * What setWatches after a reconnect is answered with at once, if the client has seen everything up to `seenZxid`. What
   * is told is used up.
   */
  reset(tree: VersionedTree, count: number, seenZxid: number): ModelEvent[] {
    const events: ModelEvent[] = []
    for (const path of [...this.data]) {
      const node = tree.at(path, count)
      if (node !== null && node.mzxid <= seenZxid) continue
      this.data.delete(path)
      events.push({ type: node === null ? EventType.nodeDeleted : EventType.nodeDataChanged, path })
    }
    for (const path of [...this.exist]) {
      if (tree.at(path, count) === null) continue
      this.exist.delete(path)
      events.push({ type: EventType.nodeCreated, path })
    }
    for (const path of [...this.child]) {
      const node = tree.at(path, count)
      if (node !== null && node.pzxid <= seenZxid) continue
      this.child.delete(path)
      events.push({ type: node === null ? EventType.nodeDeleted : EventType.nodeChildrenChanged, path })
    }
    return events
  }

  #isBelowRecursive(path: string): boolean {
    if (this.recursive.size === 0) return false
    for (let at = path; ; at = parentOf(at)) {
      if (this.recursive.has(at)) return true
      if (at === '/') return false
    }
  }
}
