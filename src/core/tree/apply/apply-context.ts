import type { TxnHeader } from '../../../protocol/generated/txn.ts'
import type { EventType } from '../../../protocol/op-code.ts'
import type { ApplyResult } from '../data-tree.ts'
import type { NodeStore } from '../node-store.ts'
import { type PlainNode, shownStat } from '../plain-node.ts'

/** The transaction being applied, to what, and who wants to know; refilled for each. */
export interface ApplyContext {
  readonly store: NodeStore
  header: TxnHeader
  /** Null: nobody wants results or events. */
  out: ApplyResult | null
}

/** Adds the outcome of one operation. `node`: whose stat belongs to it, as it is now. */
export function report(
  context: ApplyContext,
  type: number,
  err: number,
  path: string | null,
  node: PlainNode | null
): void {
  if (context.out === null) return
  context.out.results.push({ type, err, path, stat: node === null ? null : shownStat(node) })
}

/** Adds an event about a node that is in the tree, or just was. */
export function notify(context: ApplyContext, type: EventType, node: PlainNode): void {
  if (context.out === null) return
  context.out.events.push({ type, path: node.path === '' ? '/' : node.path, acl: node.acl.list })
}
