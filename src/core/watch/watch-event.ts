import type { EventType } from '../../protocol/op-code.ts'
import type { ConnectionId } from '../ports.ts'

/** Types of event that a change of the tree causes. */
export type TreeEventType =
  | typeof EventType.nodeCreated
  | typeof EventType.nodeDeleted
  | typeof EventType.nodeDataChanged
  | typeof EventType.nodeChildrenChanged

/**
 * Takes one event for one connection. It must not change the watches. `path` is the node of the event, which for a
 * recursive watch may be below the watched one.
 */
export type EmitWatchEvent = (connection: ConnectionId, type: TreeEventType, path: string) => void
