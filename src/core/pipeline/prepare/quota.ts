import { NO_NODE } from '../../tree/data-tree.ts'
import { quotaBreaches } from '../../tree/quota-use.ts'
import type { PrepareContext } from './prepare-context.ts'

/**
 * Quotas, which are looked at only with `enforceQuota`: a hard one refuses, a soft one is warned of. They are held against applied totals, so operations in
 * flight, or of one multi, do not see each other (as upstream). Limits of prefixes are looked at always, and count these.
 */

/** Whether creating a znode with this data breaks a hard quota. */
export function isCreateOverQuota(context: PrepareContext, path: string, data: Uint8Array | null): boolean {
  const bytes = data === null ? 0 : data.length
  return isOver(context, path, 1, bytes) || context.prefixTotals?.refusesCreate(path, bytes) === true
}

/** Whether giving a znode this data breaks a hard quota. */
export function isSetOverQuota(context: PrepareContext, path: string, data: Uint8Array | null): boolean {
  if (context.prefixTotals?.refusesSet(path, data === null ? 0 : data.length)) return true
  if (!context.settings.enforceQuota) return false
  const node = context.tree.find(path)
  const before = node === NO_NODE ? 0 : context.tree.dataLength(node)
  return isOver(context, path, 0, (data === null ? 0 : data.length) - before)
}

function isOver(context: PrepareContext, path: string, countDiff: number, bytesDiff: number): boolean {
  if (!context.settings.enforceQuota) return false
  const quota = context.tree.quotaFor(path)
  if (quota === null) return false
  const breaches = quotaBreaches(quota, countDiff, bytesDiff)
  for (const breach of breaches) context.quotaLog.exceeded(breach, path)
  return breaches.some(({ isHard }) => isHard)
}
