/** Told of each child: its name, and how many children it has itself. */
export type ChildVisitor = (name: string, childCount: number) => void

/**
 * A walk over the children of one node in steps, between which the tree may change: for nodes with so many children that
 * listing them at once would keep everybody else waiting.
 *
 * Children that are there from the first step to the last are told of once; those that come or go meanwhile once, or not at
 * all. The order is that of `DataTree.children`.
 */
export interface ChildCursor {
  /**
   * Calls `visit`, which must not change the tree, for at most `countMax` more children.
   * @returns true while there may be more; false at the end, and from then on
   * @throws TreeReplacedError if the tree was emptied by `loadSnapshot` meanwhile
   */
  next(countMax: number, visit: ChildVisitor): boolean
  /** Gives the walk up, or puts a finished one away. Until then every change pays for it. Idempotent. */
  close(): void
}

export class TreeReplacedError extends Error {
  override readonly name = 'TreeReplacedError'
  readonly code = 'TREE_REPLACED'
}
