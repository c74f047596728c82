import {
  type AddWatchMode as WireAddWatchMode,
  EventType as WireEventType,
  type WatcherType as WireWatcherType
} from '../protocol/op-code.ts'

/** What happened to a watched node, or to the watch itself. */
export type EventType = Exclude<keyof typeof WireEventType, 'none'>

/** Told to a watcher. */
export interface WatchedEvent {
  readonly type: EventType
  /** Path of the node that changed, as this client names it: of a persistent watch, the watched one or one below it. */
  readonly path: string
  /** Transaction that caused it; -1 if unknown (the event was missed while disconnected, or made by this client). */
  readonly zxid: bigint
  /** False if this client made the event without a server: a watch removed locally. */
  readonly connected: boolean
}

/**
 * Called for each event, in the order in which the server sent them, before the promise of any later reply settles. An
 * exception that it throws becomes an `uncaughtException`, like that of any other event listener; the client goes on.
 */
export type Watcher = (event: WatchedEvent) => void

/**
 * - `persistent`: events of the node and of its children list.
 * - `persistentRecursive`: events of the node and of everything below it, but no `nodeChildrenChanged`.
 */
export type AddWatchMode = keyof typeof WireAddWatchMode

/** Which watches of a path are meant. */
export type WatcherType = keyof typeof WireWatcherType

const NAMES = new Map<number, EventType>(
  Object.entries(WireEventType)
    .filter((entry): entry is [EventType, Exclude<(typeof entry)[1], -1>] => entry[0] !== 'none')
    .map(([name, code]) => [code, name])
)

/** Name of a wire event type, or undefined for one that this client does not know. */
export function eventTypeOf(wire: number): EventType | undefined {
  return NAMES.get(wire)
}
