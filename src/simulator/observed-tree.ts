import { JuteWriter } from 'jute-ts'
import type { HashPort } from '../core/ports.ts'
import type { ApplyResult } from '../core/tree/data-tree.ts'
import { PlainTree } from '../core/tree/plain-tree.ts'
import type { SnapshotCursor, SnapshotLoader, SnapshotSession } from '../core/tree/snapshot.ts'
import { encodeTxn, type Txn } from '../protocol/txn.ts'
import type { Applied } from './checkers/committed-history.ts'
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

/** The production tree, watched. */
export class ObservedTree extends PlainTree {
  readonly #observer: TreeObserver
  readonly #writer = new JuteWriter(256)

  constructor(hash: HashPort, observer: TreeObserver) {
    super(hash, { digestEnabled: true, extendedTypesEnabled: true })
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

  override loadSnapshot(zxidHi: number, zxidLo: number): SnapshotLoader {
    const loader = super.loadSnapshot(zxidHi, zxidLo)
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
