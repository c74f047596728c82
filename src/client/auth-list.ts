import { Fifo } from '../collections/fifo.ts'
import { LimitReachedError, type ZkError } from './errors.ts'

/** An identity to give to every server that the client connects to. */
export interface AuthInfo {
  /** Such as `digest`. */
  readonly scheme: string
  /** What the scheme wants, such as `user:password`; text is sent as UTF-8. */
  readonly auth: Uint8Array | string | null
}

interface Waiter {
  resolve(): void
  reject(error: ZkError): void
}

/** One identity and those who wait for a server to take it. */
export interface AuthEntry {
  readonly scheme: string
  readonly auth: Uint8Array | null
  readonly waiters: Waiter[]
}

/** Most identities of one client, and most who wait for one of them to be taken. */
const AUTH_COUNT_MAX = 1_000

/** The identities of a client, in the order given, each once; and which of them the server has yet to answer. */
export class AuthList {
  readonly #entries = new Map<string, AuthEntry>()
  readonly #unanswered = new Fifo<AuthEntry>()

  /**
   * @returns the entry of that identity, an old one if it was given before
   * @throws LimitReachedError if there are too many of them, or too many wait for this one
   */
  add(info: AuthInfo): AuthEntry {
    const auth = typeof info.auth === 'string' ? Buffer.from(info.auth, 'utf8') : info.auth
    const key = `${info.scheme}\n${auth === null ? '' : Buffer.from(auth).toString('base64')}\n${auth === null}`
    const known = this.#entries.get(key)
    if ((known === undefined ? this.#entries.size : known.waiters.length) >= AUTH_COUNT_MAX) {
      throw new LimitReachedError(`more than ${AUTH_COUNT_MAX} identities, or as many calls that wait for one`)
    }
    if (known !== undefined) return known
    const entry = { scheme: info.scheme, auth, waiters: [] }
    this.#entries.set(key, entry)
    return entry
  }

  entries(): IterableIterator<AuthEntry> {
    return this.#entries.values()
  }

  /** Notes that an entry was sent; answers come in the same order. */
  sent(entry: AuthEntry): void {
    this.#unanswered.push(entry)
  }

  /** The server took the identity that was sent first. */
  accepted(): void {
    const entry = this.#unanswered.shift()
    for (const waiter of entry?.waiters.splice(0) ?? []) waiter.resolve()
  }

  /** The connection is gone: no answers will come, and the identities are to be sent again. */
  connectionLost(): void {
    this.#unanswered.clear()
  }

  /** Ends every wait. */
  failAll(error: ZkError): void {
    for (const entry of this.#entries.values()) for (const waiter of entry.waiters.splice(0)) waiter.reject(error)
  }
}
