import type { HashPort } from '../ports.ts'
import type { NodeTableOptions } from './node-table.ts'
import { PlainNodes } from './plain-nodes.ts'
import { StoredTree } from './stored-tree.ts'

/** The tree of objects and maps: simple enough to be what other implementations are compared with. */
export class PlainTree extends StoredTree {
  constructor(hash: HashPort, options: NodeTableOptions) {
    super(new PlainNodes(hash, options))
  }
}
