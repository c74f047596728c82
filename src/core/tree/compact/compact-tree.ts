import type { HashPort } from '../../ports.ts'
import { StoredTree } from '../stored-tree.ts'
import { CompactNodes, type CompactOptions } from './compact-nodes.ts'

/** The tree for servers: many znodes in little memory, and nothing in them for the garbage collector to look at. */
export class CompactTree extends StoredTree {
  readonly #nodes: CompactNodes

  constructor(hash: HashPort, options: CompactOptions) {
    const nodes = new CompactNodes(hash, options)
    super(nodes)
    this.#nodes = nodes
  }

  /** Bytes of memory taken for nodes, in use or not; the cached lists of big nodes come on top. */
  get heldBytes(): number {
    return this.#nodes.heldBytes
  }
}
