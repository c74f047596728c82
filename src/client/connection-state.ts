/**
 * Where a client stands with the ensemble.
 *
 * ```
 * connecting ──> connected <──> disconnected <──> connecting
 *     └────> connectedReadOnly <──┘
 * any of these ──> expired | authFailed | closed     (for good)
 * ```
 *
 * - `connecting`: a server is being tried.
 * - `connected`: requests are answered.
 * - `connectedReadOnly`: reads are answered by a server without a quorum; another one is looked for.
 * - `disconnected`: the connection, or the attempt to get one, has failed; the session lives until its timeout.
 * - `expired`: the session is over, and with it its ephemeral nodes and watches.
 * - `authFailed`: a server refused an identity.
 * - `closed`: the program closed the client.
 */
export type ConnectionState =
  | 'connecting'
  | 'connected'
  | 'connectedReadOnly'
  | 'disconnected'
  | 'expired'
  | 'authFailed'
  | 'closed'

/** A state that a client never leaves. */
export type FinalState = Extract<ConnectionState, 'expired' | 'authFailed' | 'closed'>

export function isFinal(state: ConnectionState): boolean {
  return state === 'expired' || state === 'authFailed' || state === 'closed'
}
