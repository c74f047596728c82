import { DIGEST_VERSION, type Txn } from '../../protocol/txn.ts'
import type { DataTree } from '../tree/data-tree.ts'

const INTERVAL_ZXIDS = 128
const ENTRIES_MAX = 1024

export interface DigestLogEntry {
  readonly zxidHi: number
  readonly zxidLo: number
  readonly digestHi: number
  readonly digestLo: number
}

/** The tree digest at every 128th zxid, the newest 1,024 of them: what `hash` shows, to compare servers by. */
export class DigestLog {
  readonly #tree: DataTree
  readonly #entries: DigestLogEntry[] = []
  /** Version of the algorithm, 2. */
  readonly version = DIGEST_VERSION

  constructor(tree: DataTree) {
    this.#tree = tree
  }

  /** Oldest first. */
  get entries(): readonly DigestLogEntry[] {
    return this.#entries
  }

  applied(txn: Txn): void {
    const { zxidHi, zxidLo } = txn.header
    if (zxidLo % INTERVAL_ZXIDS !== 0) return
    this.#entries.push({ zxidHi, zxidLo, digestHi: this.#tree.digestHi, digestLo: this.#tree.digestLo })
    if (this.#entries.length > ENTRIES_MAX) this.#entries.shift()
  }

  /** The tree is going to be another one, by a snapshot or a log that was cut. */
  clear(): void {
    this.#entries.length = 0
  }
}
