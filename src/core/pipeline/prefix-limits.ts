import type { JuteReader } from 'jute-ts'
import { OpCode } from '../../protocol/op-code.ts'
import { SUPER_SCHEME } from '../acl/authentication-provider.ts'
import type { ClientConnection } from '../client-connection.ts'
import type { PeerState } from './peer-state.ts'
import { hasRate, PrefixLimit } from './prefix-limit.ts'
import { isWrite } from './prepare/prepare-write.ts'

const SLASH = 0x2f
const LENGTH_BYTES = 4
/** In front of the first operation of a multi: its type, whether it is the end, an error. */
const MULTI_HEADER_BYTES = 9

/** Where the path's length is in the body of a request of this type; absent where there is no path. */
const PATH_OFFSET: ReadonlyMap<number, number> = new Map([
  ...[
    OpCode.create,
    OpCode.delete,
    OpCode.exists,
    OpCode.getData,
    OpCode.setData,
    OpCode.getACL,
    OpCode.setACL,
    OpCode.getChildren,
    OpCode.sync,
    OpCode.getChildren2,
    OpCode.create2,
    OpCode.checkWatches,
    OpCode.removeWatches,
    OpCode.createContainer,
    OpCode.deleteContainer,
    OpCode.createTTL,
    OpCode.getEphemerals,
    OpCode.getAllChildrenNumber,
    OpCode.addWatch
  ].map((type): [number, number] => [type, 0]),
  [OpCode.multi, MULTI_HEADER_BYTES],
  [OpCode.multiRead, MULTI_HEADER_BYTES]
])

/**
 * Rates of requests by subtree (`prefixLimit.NAME`), so that one tenant of a server leaves room for the others. A request
 * beyond the rate waits, and with it all that its connection sends; nothing is refused. The innermost subtree counts. Super
 * users are not held up.
 *
 * A multi is one request, of its first path. The rates are this server's, of its own clients.
 */
export class PrefixLimits {
  readonly #state: PeerState
  /** The longest path first. */
  readonly #limits: readonly PrefixLimit[]

  constructor(state: PeerState) {
    const { prefixLimits = [] } = state.settings
    this.#state = state
    this.#limits = prefixLimits
      .filter(hasRate)
      .sort((one, other) => other.path.length - one.path.length)
      .map(
        (settings) =>
          new PrefixLimit(
            settings,
            state.nowMs,
            state.metrics.prefixDelayedRequests.of(settings.name),
            state.metrics.prefixDelayTimeMs.of(settings.name)
          )
      )
  }

  /** The limit by which a request has to wait, whose body the reader has; null if it may go on. */
  delays(connection: ClientConnection, type: number, reader: JuteReader): PrefixLimit | null {
    if (this.#limits.length === 0) return null
    const offset = PATH_OFFSET.get(type)
    const limit = offset === undefined ? undefined : this.#limitAt(reader, reader.offset + offset)
    if (limit === undefined || connection.identities.some(({ scheme }) => scheme === SUPER_SCHEME)) return null
    // Who waits already goes first.
    if (limit.waiting.size === 0 && limit.admits(isWrite(type), this.#state.nowMs)) return null
    return limit
  }

  /**
   * Gives connections that wait to `release`, in their order, as the rates let them.
   *
   * @param release takes the connection's request, and what waits behind it
   */
  release(release: (connection: ClientConnection) => void): void {
    for (const limit of this.#limits) {
      // Each of those who wait now is looked at once: one may come to wait again.
      for (const connection of [...limit.waiting]) {
        const { delayed } = connection
        if (delayed === null) continue
        if (connection.isBlocked) continue
        if (!limit.admits(isWrite(delayed.type), this.#state.nowMs)) break
        limit.waiting.delete(connection)
        limit.noteRelease(this.#state.nowMs - delayed.receivedMs)
        release(connection)
      }
    }
  }

  /** Monotonic ms at which somebody may be released; infinite if nobody waits. */
  get nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY
    for (const limit of this.#limits) {
      const [first] = limit.waiting
      if (first === undefined || first.delayed === null || first.isBlocked) continue
      nextMs = Math.min(nextMs, limit.nextMs(isWrite(first.delayed.type), this.#state.nowMs))
    }
    return nextMs
  }

  /** Keeps the sessions of those who wait: they are not read from, so that their pings do not come in. */
  touchSessions(): void {
    const { sessions, nowMs } = this.#state
    for (const { waiting } of this.#limits) {
      for (const { session } of waiting) if (session !== null) sessions.touch(session, nowMs)
    }
  }

  forget(connection: ClientConnection): void {
    for (const { waiting } of this.#limits) waiting.delete(connection)
  }

  #limitAt({ buffer, end }: JuteReader, at: number): PrefixLimit | undefined {
    if (at + LENGTH_BYTES > end) return undefined
    const start = at + LENGTH_BYTES
    const pathEnd = start + buffer.readInt32BE(at)
    if (pathEnd < start || pathEnd > end) return undefined
    return this.#limits.find(({ bytes }) => isBelow(buffer, start, pathEnd, bytes))
  }
}

/** Whether the path in `buffer` is the one of `prefix`, or below it. */
function isBelow(buffer: Buffer, start: number, end: number, prefix: Buffer): boolean {
  const { length } = prefix
  if (end - start < length || buffer.compare(prefix, 0, length, start, start + length) !== 0) return false
  // Of the root everything is.
  return length === 1 || end - start === length || buffer[start + length] === SLASH
}
