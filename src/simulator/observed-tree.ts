import { JuteWriter } from 'jute-ts'
import { CompactNodes } from '../core/tree/compact/compact-nodes.ts'
import type { ApplyResult } from '../core/tree/data-tree.ts'
import type { NodeTable } from '../core/tree/node-table.ts'
import { PlainNodes } from '../core/tree/plain-nodes.ts'
import type { SnapshotCursor, SnapshotLoader, SnapshotSession } from '../core/tree/snapshot.ts'
import { StoredTree } from '../core/tree/stored-tree.ts'
import { encodeTxn, type Txn } from '../protocol/txn.ts'
import type { Applied } from './checkers/committed-history.ts'
import { simulatedHash } from './hash.ts'
import { zxidOf } from './zxid.ts'

/** Is told of everything that happens to a tree. */
export interface TreeObserver {
  applied(applied: Applied): void
  /** A snapshot of the tree as it is now begins. */
  snapshotOpened(zxid: number, digest: string): void
  /** The tree is that of a snapshot now. */
  restored(zxid: number, digest: string): void
}

export const unobserved: TreeObserver = {
  applied: () => undefined,
  snapshotOpened: () => undefined,
  restored: () => undefined
}

const CONFIG_PATH = '/zookeeper/config'

const TREE_OPTIONS = { digestEnabled: true, extendedTypesEnabled: true }

/** Nodes as servers keep them. @param hashSeed moves them about in the table */
export function compactNodes(hashSeed: number): NodeTable {
  return new CompactNodes(simulatedHash, { ...TREE_OPTIONS, hashSeed })
}

/** Nodes in the simplest form, which the others are compared with. */
export function plainNodes(): NodeTable {
  return new PlainNodes(simulatedHash, TREE_OPTIONS)
}

/** A production tree, watched. */
export class ObservedTree extends StoredTree {
  readonly #observer: TreeObserver
  readonly #writer = new JuteWriter(256)

  constructor(nodes: NodeTable, observer: TreeObserver) {
    super(nodes)
    this.#observer = observer
  }

  get digest(): string {
    return `${this.digestHi},${this.digestLo}`
  }

  override apply(txn: Txn, out: ApplyResult | null): void {
    super.apply(txn, out)
    const { header, body } = txn
    // The configuration is put into its znode without a transaction.
    if (body.kind === 'setData' && body.path === CONFIG_PATH && header.type === 5) return
    encodeTxn(this.#writer.reset(), txn)
    const zxid = zxidOf(header.zxidHi, header.zxidLo)
    this.#observer.applied({ zxid, bytes: this.#writer.copyBytes(), digest: this.digest })
  }

  override openSnapshot(sessions: Iterable<SnapshotSession>): SnapshotCursor {
    this.#observer.snapshotOpened(zxidOf(this.lastZxidHi, this.lastZxidLo), this.digest)
    return super.openSnapshot(sessions)
  }

  override loadSnapshot(zxidHi: number, zxidLo: number, nodeCount?: number): SnapshotLoader {
    const loader = super.loadSnapshot(zxidHi, zxidLo, nodeCount)
    const push = (chunk: Uint8Array): number => {
      const wasDone = loader.done
      const taken = loader.push(chunk)
      if (loader.done && !wasDone) this.#observer.restored(zxidOf(zxidHi, zxidLo), this.digest)
      return taken
    }
    return {
      get done() {
        return loader.done
      },
      get sessions() {
        return loader.sessions
      },
      push
    }
  }
}
