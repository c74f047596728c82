import { CreateMode } from '../../protocol/op-code.ts'
import type { SingleWrite } from '../client-operation.ts'
import { PREFIX_LIMITS } from '../prefix-limits.ts'
import { demand } from '../violation.ts'
import type { ModelNode, VersionedTree } from './versioned-tree.ts'

interface Totals {
  readonly znodes: number
  readonly bytes: number
}

/** A limited subtree never grows beyond what it may hold, neither in znodes nor in bytes, by the last transaction of the first `count`. */
export function checkLimitsHeld(tree: VersionedTree, count: number): void {
  for (const { path, znodesMax, bytesMax } of PREFIX_LIMITS) {
    const now = totalsOf(tree, path, count)
    if (now.znodes <= (znodesMax ?? now.znodes) && now.bytes <= (bytesMax ?? now.bytes)) continue
    const before = totalsOf(tree, path, count - 1)
    const hasGrown =
      (znodesMax !== null && now.znodes > Math.max(znodesMax, before.znodes)) ||
      (bytesMax !== null && now.bytes > Math.max(bytesMax, before.bytes))
    demand(
      !hasGrown,
      'limits of subtrees',
      () => `${path} has ${now.znodes} znodes and ${now.bytes} bytes, and had ${before.znodes} and ${before.bytes}`
    )
  }
}

/** Whether a write would have made a subtree grow beyond its limit, after `count` transactions. */
export function isBeyondLimit(operation: SingleWrite, tree: VersionedTree, count: number): boolean {
  if (operation.kind !== 'create' && operation.kind !== 'setData') return false
  const isCreate = operation.kind === 'create'
  const path = isCreate && isSequential(operation.flags) ? `${operation.path}0` : operation.path
  const bytes = operation.data.length - (isCreate ? 0 : (tree.at(path, count)?.data.length ?? 0))
  return PREFIX_LIMITS.some((limit) => {
    if (path !== limit.path && !path.startsWith(`${limit.path}/`)) return false
    const totals = totalsOf(tree, limit.path, count)
    const isFull = isCreate && limit.znodesMax !== null && totals.znodes + 1 > limit.znodesMax
    return isFull || (limit.bytesMax !== null && bytes > 0 && totals.bytes + bytes > limit.bytesMax)
  })
}

function isSequential(flags: number): boolean {
  return flags === CreateMode.persistentSequential || flags === CreateMode.ephemeralSequential
}

/** Counted anew each time: the trees are small. */
function totalsOf(tree: VersionedTree, path: string, count: number): Totals {
  const node: ModelNode | null = tree.at(path, count)
  if (node === null) return { znodes: 0, bytes: 0 }
  let znodes = 1
  let bytes = node.data.length
  for (const name of node.children) {
    const below = totalsOf(tree, `${path}/${name}`, count)
    znodes += below.znodes
    bytes += below.bytes
  }
  return { znodes, bytes }
}
