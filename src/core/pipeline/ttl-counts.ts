import type { TxnBody } from '../../protocol/txn.ts'
import { NO_NODE } from '../tree/data-tree.ts'
import { ownerKind } from '../tree/owner-kind.ts'
import type { PeerState } from './peer-state.ts'

const EXTENDED = { extendedTypesEnabled: true }

/** Counts TTL znodes as they come and go (`ttl_node_created_count`, `ttl_node_deleted_count`). */
export class TtlCounts {
  readonly #state: PeerState

  constructor(state: PeerState) {
    this.#state = state
  }

  /** To be called before a transaction is applied, while the tree still has what it deletes. */
  applying(body: TxnBody): void {
    if (!this.#state.settings.extendedTypesEnabled) return
    const { metrics } = this.#state
    if (body.kind === 'create' && body.mode === 'ttl') metrics.ttlNodeCreatedCount.add(1)
    else if (body.kind === 'delete' && this.#isTtl(body.path)) metrics.ttlNodeDeletedCount.add(1)
    else if (body.kind === 'multi' && !body.operations.some(({ kind }) => kind === 'error')) {
      for (const operation of body.operations) this.applying(operation)
    }
  }

  #isTtl(path: string): boolean {
    const { tree } = this.#state
    const node = tree.find(path)
    if (node === NO_NODE) return false
    return ownerKind(tree.ephemeralOwnerHi(node), tree.ephemeralOwnerLo(node), EXTENDED) === 'ttl'
  }
}
