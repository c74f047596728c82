import type { ConnectionState } from '../client/connection-state.ts'
import type { WatchedEvent } from '../client/watched-event.ts'

/** Upstream's names of the states that its watchers are told; the others are told to nobody. */
const EVENT_STATES: Readonly<Partial<Record<ConnectionState, string>>> = {
  connected: 'SyncConnected',
  connectedReadOnly: 'ConnectedReadOnly',
  disconnected: 'Disconnected',
  expired: 'Expired',
  authFailed: 'AuthFailed',
  closed: 'Closed'
}

/** Upstream's names of the states, as the prompt shows them. */
const PROMPT_STATES: Readonly<Record<ConnectionState, string>> = {
  connecting: 'CONNECTING',
  connected: 'CONNECTED',
  connectedReadOnly: 'CONNECTEDREADONLY',
  disconnected: 'CONNECTING',
  expired: 'CLOSED',
  authFailed: 'AUTH_FAILED',
  closed: 'CLOSED'
}

/** What the shell shows for a change of state, or null for one that it does not show. */
export function stateText(state: ConnectionState): string | null {
  const name = EVENT_STATES[state]
  return name === undefined ? null : watcherText(`WatchedEvent state:${name} type:None path:null zxid: -1`)
}

/** What the shell shows for an event of a watch. */
export function eventText(event: WatchedEvent): string {
  const state = event.connected ? 'SyncConnected' : 'Disconnected'
  const type = event.type.charAt(0).toUpperCase() + event.type.slice(1)
  return watcherText(`WatchedEvent state:${state} type:${type} path:${event.path} zxid: ${event.zxid}`)
}

export function promptState(state: ConnectionState): string {
  return PROMPT_STATES[state]
}

function watcherText(event: string): string {
  return `\nWATCHER::\n\n${event}`
}
