import type { ACL } from '../../protocol/generated/data.ts'
import { type EventType, Perm } from '../../protocol/op-code.ts'
import type { ConnectionId } from '../ports.ts'
import type { ApplyResult } from '../tree/data-tree.ts'
import type { TreeEventType } from '../watch/watch-event.ts'
import type { PeerState } from './peer-state.ts'

/**
 * Brings the events of an applied transaction to the watchers, before any reply that could show the change. An event
 * is withheld from a connection that may not read the znode concerned; its one-shot watch is used up all the same.
 */
export class EventDelivery {
  readonly #state: PeerState
  #acl: readonly ACL[] = []
  #zxidHi = 0
  #zxidLo = 0

  constructor(state: PeerState) {
    this.#state = state
  }

  deliver(result: ApplyResult, zxidHi: number, zxidLo: number): void {
    this.#zxidHi = zxidHi
    this.#zxidLo = zxidLo
    for (const event of result.events) {
      this.#acl = event.acl
      this.#state.watches.trigger(event.type as TreeEventType, event.path, this.#emit)
    }
  }

  // perf: one function for all events, so that nothing is allocated per watcher.
  readonly #emit = (id: ConnectionId, type: EventType, path: string): void => {
    const connection = this.#state.connections.get(id)
    if (connection === undefined) return
    if (!this.#state.acl.isAllowed(this.#acl, Perm.read, connection.identities)) return
    this.#state.out.notify(id, this.#zxidHi, this.#zxidLo, type, path)
    connection.sent++
    connection.lastZxidHi = this.#zxidHi
    connection.lastZxidLo = this.#zxidLo
    this.#state.stats.packetsSent.add(1)
  }
}
