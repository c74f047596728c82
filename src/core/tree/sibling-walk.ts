import { type ChildCursor, type ChildVisitor, TreeReplacedError } from './child-cursor.ts'
import { NO_NODE } from './data-tree.ts'
import type { ChangeObserver, NodeTable } from './node-table.ts'

/**
 * Follows the links from child to child. New ones come in front of the first, so that only the node where the walk stands can
 * take it astray: when that one is about to change, or to go, it is put aside and the walk stands behind it. What is put aside
 * is no more than what is changed between two steps.
 */
export class SiblingWalk implements ChildCursor, ChangeObserver {
  readonly #nodes: NodeTable
  /** The child to be told of next. */
  #at: number
  #aside: { readonly name: string; readonly childCount: number }[] = []
  #state: 'open' | 'over' | 'aborted' = 'open'

  constructor(nodes: NodeTable, parent: number) {
    this.#nodes = nodes
    this.#at = nodes.firstChild(parent)
    nodes.observe(this)
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  next(countMax: number, visit: ChildVisitor): boolean {
    if (this.#state === 'aborted') throw new TreeReplacedError('the tree was replaced while its znodes were listed')
    if (this.#state !== 'open') return false
    let count = 0
    for (; count < countMax && this.#aside.length > 0; count++) {
      const child = this.#aside.pop()
      if (child !== undefined) visit(child.name, child.childCount)
    }
    const nodes = this.#nodes
    for (; count < countMax && this.#at !== NO_NODE; count++) {
      const node = this.#at
      this.#at = nodes.nextSibling(node)
      visit(nodes.nameOf(node), nodes.childCount(node))
    }
    if (this.#at !== NO_NODE || this.#aside.length > 0) return true
    this.#finish('over')
    return false
  }

  beforeChange(node: number): void {
    if (node !== this.#at) return
    this.#aside.push({ name: this.#nodes.nameOf(node), childCount: this.#nodes.childCount(node) })
    this.#at = this.#nodes.nextSibling(node)
  }

  created(): void {
    // In front of where the walk began.
  }

  close(): void {
    if (this.#state === 'open') this.#finish('over')
  }

  /** The tree is about to be emptied. */
  abort(): void {
    if (this.#state === 'open') this.#finish('aborted')
  }

  #finish(state: 'over' | 'aborted'): void {
    this.#state = state
    this.#at = NO_NODE
    this.#aside = []
    this.#nodes.unobserve(this)
  }
}
