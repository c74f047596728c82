import type { Socket } from 'node:net'

/** The two ends of a connection as its socket and the TLS stream over it both tell them. */
export interface RemoteEnd {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

interface Entry {
  readonly socket: Socket
  /** Requests that are not answered yet. */
  underWayCount: number
}

/**
 * The connections of one port. When there are too many, the one goes that has waited longest without a request: so who opens
 * connections and says nothing keeps nobody out.
 */
export class OpenConnections {
  readonly #countMax: number
  /** By remote end, in the order in which they began to wait. */
  readonly #entries = new Map<string, Entry>()

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  /** Takes a connection in; it, or another one, is destroyed where there is no room. */
  add(socket: Socket): void {
    if (this.#entries.size >= this.#countMax && !this.#dropOneThatWaits()) {
      socket.destroy()
      return
    }
    const name = nameOf(socket)
    const entry = { socket, underWayCount: 0 }
    this.#entries.set(name, entry)
    socket.once('close', () => {
      // Its port may have been used again.
      if (this.#entries.get(name) === entry) this.#entries.delete(name)
    })
  }

  requestBegins(end: RemoteEnd): void {
    const entry = this.#entries.get(nameOf(end))
    if (entry !== undefined) entry.underWayCount++
  }

  requestEnds(end: RemoteEnd): void {
    const name = nameOf(end)
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    entry.underWayCount--
    this.#entries.delete(name)
    this.#entries.set(name, entry)
  }

  destroyAll(): void {
    for (const { socket } of this.#entries.values()) socket.destroy()
  }

  /** Cost: linear in the connections that have a request under way. */
  #dropOneThatWaits(): boolean {
    for (const [name, { socket, underWayCount }] of this.#entries) {
      if (underWayCount > 0) continue
      this.#entries.delete(name)
      socket.destroy()
      return true
    }
    return false
  }
}

function nameOf({ remoteAddress, remotePort }: RemoteEnd): string {
  return `${remoteAddress} ${remotePort}`
}
