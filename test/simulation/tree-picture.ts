import type { DataTree } from '../../src/core/tree/data-tree.ts'
import type { emptyStat } from '../../src/core/tree/empty-stat.ts'
import { toBigInt } from '../../src/protocol/int64.ts'
import type { NaiveTree } from '../core/tree/naive-tree.ts'
import { type NodeView, viewOf } from '../core/tree/tree-support.ts'
import { statOf } from './naive-stat.ts'
import { check } from './simulation-error.ts'

interface Figures {
  readonly nodeCount: number
  readonly ephemeralCount: number
  readonly approximateDataSize: number
  readonly ephemerals: string
}

/** Everything that can be seen of a tree at one moment: nodes, stats, ACLs, digests, indexes, quota totals. */
export class TreePicture {
  readonly #nodes: ReadonlyMap<string, NodeView & { readonly digest: string }>
  readonly #figures: Figures

  private constructor(tree: DataTree) {
    const nodes = new Map<string, NodeView & { readonly digest: string }>()
    for (const [path, view] of viewOf(tree)) {
      const node = tree.find(path)
      nodes.set(path, { ...view, digest: `${tree.prefixCrc(node)} ${tree.nodeDigest(node)}` })
    }
    this.#nodes = nodes
    this.#figures = {
      nodeCount: tree.nodeCount,
      ephemeralCount: tree.ephemeralCount,
      approximateDataSize: tree.approximateDataSize,
      ephemerals: ephemeralsOf(tree)
    }
  }

  static of(tree: DataTree): TreePicture {
    return new TreePicture(tree)
  }

  checkSame(other: TreePicture, how: string): void {
    for (const path of new Set([...this.#nodes.keys(), ...other.#nodes.keys()])) {
      const [one, two] = [this.#nodes.get(path), other.#nodes.get(path)].map((node) => JSON.stringify(node))
      check(one === two, () => `${path} is ${one}, by ${how} ${two}`)
    }
    const [one, two] = [this.#figures, other.#figures].map((figures) => JSON.stringify(figures))
    check(one === two, () => `the tree has ${one}, by ${how} ${two}`)
  }

  checkNaive(naive: NaiveTree): void {
    const count = this.#nodes.size
    check(count === naive.nodes.size, () => `${count} nodes, by the plain rules ${naive.nodes.size}`)
    for (const [path, view] of this.#nodes) {
      const node = naive.nodes.get(path === '/' ? '' : path)
      const shown = JSON.stringify(statOf(naive, path))
      const data = node?.data == null ? null : node.data.toString('hex')
      check(view.shown === shown, () => `${path} has stat ${view.shown}, by the plain rules ${shown}`)
      check(view.data === data, () => `${path} has data ${view.data}, by the plain rules ${data}`)
      check(view.acl === JSON.stringify(node?.acl), () => `${path} has ACL ${view.acl}`)
      const stored = JSON.parse(view.stat) as ReturnType<typeof emptyStat>
      const owner = toBigInt(stored.ephemeralOwnerHi, stored.ephemeralOwnerLo)
      check(owner === node?.owner, () => `${path} has owner ${owner}, by the plain rules ${node?.owner}`)
    }
  }
}

function ephemeralsOf(tree: DataTree): string {
  const owners: string[] = []
  tree.forEachEphemeralOwner((hi, lo, paths) => {
    owners.push(`${hi},${lo}: ${[...paths].sort()}`)
  })
  return owners.sort().join('; ')
}
