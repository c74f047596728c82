import type { TxnHeader } from '../../../protocol/generated/txn.ts'
import type { EventType } from '../../../protocol/op-code.ts'
import type { OpResult, TreeEvent } from '../data-tree.ts'
import type { NodeStore } from '../node-store.ts'
import { type PlainNode, shownStat } from '../plain-node.ts'

/** The transaction being applied, to what, and what it did so far; refilled for each. */
export interface ApplyContext {
  readonly store: NodeStore
  header: TxnHeader
  /** False: nobody wants results or events, and the lists stay empty. */
  isReported: boolean
  results: readonly OpResult[]
  events: readonly TreeEvent[]
}

/** perf: bench/tree.ts; most transactions have one result and two events, in lists of just that size. */
function appended<T>(list: readonly T[], item: T): readonly T[] {
  if (list.length === 0)
    return [item]
    // Only lists made here have an item already.
  ;(list as T[]).push(item)
  return list
}

/** Adds the outcome of one operation. `node`: whose stat belongs to it, as it is now. */
export function report(
  context: ApplyContext,
  type: number,
  err: number,
  path: string | null,
  node: PlainNode | null
): void {
  if (!context.isReported) return
  const result: OpResult = { type, err, path, stat: node === null ? null : shownStat(node) }
  context.results = appended(context.results, result)
}

/** Adds an event about a node that is in the tree, or just was. */
export function notify(context: ApplyContext, type: EventType, node: PlainNode): void {
  if (!context.isReported) return
  const event: TreeEvent = { type, path: node.path === '' ? '/' : node.path, acl: node.acl.list }
  context.events = appended(context.events, event)
}
