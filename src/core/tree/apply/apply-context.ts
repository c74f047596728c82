import type { ACL, StatPersisted } from '../../../protocol/generated/data.ts'
import type { TxnHeader } from '../../../protocol/generated/txn.ts'
import type { EventType } from '../../../protocol/op-code.ts'
import type { OpResult, TreeEvent } from '../data-tree.ts'
import { isDigested } from '../node-digest.ts'
import type { NodeTable } from '../node-table.ts'
import { Outcome } from './outcome.ts'

/** The transaction being applied, to what, and what it did so far; refilled for each. */
export interface ApplyContext {
  readonly nodes: NodeTable
  header: TxnHeader
  /** False: nobody wants results, or events, and the list stays empty. */
  isReported: boolean
  wantsEvents: boolean
  /** Whether operations come behind this one that may change the same nodes. */
  isMulti: boolean
  results: readonly OpResult[]
  events: readonly TreeEvent[]
  /** Of a node about to be created. perf: bench/tree.ts; one object for all. */
  readonly stat: StatPersisted
}

/** perf: bench/tree.ts; most transactions have one result and two events, in lists of just that size. */
function appended<T>(list: readonly T[], item: T): readonly T[] {
  if (list.length === 0)
    return [item]
    // Only lists made here have an item already.
  ;(list as T[]).push(item)
  return list
}

/** Adds the outcome of one operation. `node`: whose stat belongs to it, as it is now; NO_NODE if there is none. */
export function report(context: ApplyContext, type: number, err: number, path: string | null, node: number): void {
  if (!context.isReported) return
  const result = new Outcome(type, err, path, context.nodes, node)
  // Totals of a quota, which lie there, are written over once a change is done, without a trace in what is answered.
  if (context.isMulti || !isDigested(path ?? '')) result.keepStat()
  context.results = appended(context.results, result)
}

/**
 * Adds an event about a node that is in the tree, or just was.
 * @param path empty for the root
 */
export function notify(context: ApplyContext, type: EventType, path: string, acl: readonly ACL[]): void {
  if (!context.wantsEvents) return
  const event: TreeEvent = { type, path: path === '' ? '/' : path, acl }
  context.events = appended(context.events, event)
}
