import { NumberMap } from '../../protocol/number-map.ts'
import type { ConnectionId } from '../ports.ts'
import { NONE } from './int-arena.ts'

/**
 * Small numbers for connections with watches, given out again after `release`, and a note of which of them have been told
 * of the current event.
 */
export class ConnectionSlots {
  readonly #slotOf = new NumberMap<number>()
  readonly #connectionOf: ConnectionId[] = []
  readonly #lastToldIn: number[] = []
  readonly #free: number[] = []
  #event = 0

  /** The slot of a connection, or NONE. */
  find(connection: ConnectionId): number {
    return this.#slotOf.get(connection) ?? NONE
  }

  /** The slot of a connection, a new one if need be. */
  acquire(connection: ConnectionId): number {
    const known = this.#slotOf.get(connection)
    if (known !== undefined) return known
    const slot = this.#free.pop() ?? this.#connectionOf.length
    this.#slotOf.set(connection, slot)
    this.#connectionOf[slot] = connection
    this.#lastToldIn[slot] = this.#event
    return slot
  }

  /** Gives a slot back. No record may hold it any more. */
  release(connection: ConnectionId): void {
    const slot = this.#slotOf.get(connection)
    if (slot === undefined) return
    this.#slotOf.delete(connection)
    this.#free.push(slot)
  }

  connection(slot: number): ConnectionId {
    return this.#connectionOf[slot] as ConnectionId
  }

  /** Begins an event, of which nobody has been told. */
  beginEvent(): void {
    this.#event++
  }

  /** Notes that a connection is told of the current event. @returns false if it had been told before */
  tell(slot: number): boolean {
    if (this.#lastToldIn[slot] === this.#event) return false
    this.#lastToldIn[slot] = this.#event
    return true
  }
}
