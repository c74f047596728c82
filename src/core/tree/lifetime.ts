import type { StatPersisted } from '../../protocol/generated/data.ts'
import { toNumber } from '../../protocol/int64.ts'
import { ttlMs } from './owner-kind.ts'

/** What the life of a container or TTL node depends on. */
export interface Aging
  extends Pick<StatPersisted, 'mtimeHi' | 'mtimeLo' | 'cversion' | 'ephemeralOwnerHi' | 'ephemeralOwnerLo'> {
  readonly childCount: number
}

function ageMs(node: Aging, wallMs: number): number {
  return wallMs - toNumber(node.mtimeHi, node.mtimeLo)
}

/**
 * Whether a container may go. One that never had a child is kept, so that there is time to make one.
 * @param maxNeverUsedMs 0: it is kept for ever
 * @see `ContainerManager.getCandidates`
 */
export function isContainerDone(node: Aging, wallMs: number, maxNeverUsedMs: number): boolean {
  if (node.childCount > 0) return false
  if (node.cversion > 0) return true
  return maxNeverUsedMs > 0 && ageMs(node, wallMs) > maxNeverUsedMs
}

/** Whether a TTL node may go. */
export function isTtlOver(node: Aging, wallMs: number): boolean {
  if (node.childCount > 0) return false
  const ttl = ttlMs(node.ephemeralOwnerHi, node.ephemeralOwnerLo)
  return ttl > 0 && ageMs(node, wallMs) > ttl
}
