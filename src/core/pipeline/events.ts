import type { ACL } from '../../protocol/generated/data.ts'
import { EventType, Perm } from '../../protocol/op-code.ts'
import type { Summary } from '../instruments.ts'
import type { ConnectionId } from '../ports.ts'
import type { ApplyResult } from '../tree/data-tree.ts'
import type { TreeEventType } from '../watch/watch-event.ts'
import type { PeerState } from './peer-state.ts'
import { countSent } from './reply.ts'

/**
 * Brings the events of an applied transaction to the watchers, before any reply that could show the change. An event
 * is withheld from a connection that may not read the znode concerned; its one-shot watch is used up all the same.
 */
export class EventDelivery {
  readonly #state: PeerState
  #acl: readonly ACL[] = []
  #zxidHi = 0
  #zxidLo = 0
  #watcherCount = 0

  constructor(state: PeerState) {
    this.#state = state
  }

  deliver(result: ApplyResult, zxidHi: number, zxidLo: number): void {
    this.#zxidHi = zxidHi
    this.#zxidLo = zxidLo
    for (const event of result.events) {
      this.#acl = event.acl
      this.#watcherCount = 0
      this.#state.watches.trigger(event.type as TreeEventType, event.path, this.#emit)
      if (this.#watcherCount > 0) this.#summaryOf(event.type as TreeEventType).add(this.#watcherCount)
    }
  }

  #summaryOf(type: TreeEventType): Summary {
    const { metrics } = this.#state
    switch (type) {
      case EventType.nodeCreated:
        return metrics.nodeCreatedWatchCount
      case EventType.nodeDeleted:
        return metrics.nodeDeletedWatchCount
      case EventType.nodeDataChanged:
        return metrics.nodeChangedWatchCount
      case EventType.nodeChildrenChanged:
        return metrics.nodeChildrenWatchCount
      default:
        return unreachable(type)
    }
  }

  // perf: one function for all events, so that nothing is allocated per watcher.
  readonly #emit = (id: ConnectionId, type: EventType, path: string): void => {
    const state = this.#state
    const connection = state.connections.get(id)
    if (connection === undefined) return
    this.#watcherCount++
    if (!state.acl.isAllowed(this.#acl, Perm.read, connection.identities)) return
    const bytes = state.out.notify(id, this.#zxidHi, this.#zxidLo, type, path)
    state.stats.clientResponseSize.add(bytes)
    state.metrics.watchBytes.add(bytes)
    countSent(state, connection)
  }
}

function unreachable(type: never): never {
  throw new Error(`unknown event type ${String(type)}`)
}
