import type { NodePath } from '../chroot.ts'
import type { WatchRegistry, WatchTable } from '../watch-registry.ts'
import type { Watcher } from '../watched-event.ts'

/** A one-shot watch that a read asks for; it is in force once the read has been answered. */
export class OneShotWatch {
  readonly #registry: WatchRegistry
  readonly #watcher: Watcher

  /** @throws LimitReachedError if the client has as many watches as it may */
  constructor(registry: WatchRegistry, watcher: Watcher) {
    registry.checkRoom()
    this.#registry = registry
    this.#watcher = watcher
  }

  set(table: WatchTable, path: NodePath): void {
    this.#registry.add(table, path.server, this.#watcher)
  }
}
