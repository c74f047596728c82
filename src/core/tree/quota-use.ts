/** Limits of a quota and how much of it is used; and whether a change would go beyond. */

/** Numbers of a quota's node texts; -1 is unlimited or unknown. */
export interface QuotaTotals {
  readonly count: number
  readonly bytes: number
}

export interface QuotaLimits extends QuotaTotals {
  readonly countHardLimit: number
  readonly byteHardLimit: number
}

export interface QuotaUse {
  /** The node that carries the quota. */
  readonly path: string
  readonly limits: QuotaLimits
  /** Applied totals: `count` includes the node itself, `bytes` is data only. */
  readonly used: QuotaTotals
}

/** A limit that a change would exceed. */
export interface QuotaBreach {
  readonly what: 'count' | 'bytes'
  /** A hard one refuses the change with QUOTAEXCEEDED; a soft one is only logged. (Neither, where quotas are not enforced.) */
  readonly isHard: boolean
  readonly path: string
  readonly limit: number
  readonly wouldBe: number
}

/**
 * Judges a change of `countDiff` nodes and `bytesDiff` bytes; a hard limit replaces the soft one of its kind.
 * @returns the limits that it exceeds: count before bytes, which are not looked at once a hard one is exceeded
 * @see `ZooKeeperServer.checkQuota`
 */
export function quotaBreaches(quota: QuotaUse, countDiff: number, bytesDiff: number): readonly QuotaBreach[] {
  const { path, limits, used } = quota
  const count = breachOf('count', path, used.count, countDiff, limits.count, limits.countHardLimit)
  if (count?.isHard) return [count]
  const bytes = breachOf('bytes', path, used.bytes, bytesDiff, limits.bytes, limits.byteHardLimit)
  return [count, bytes].filter((breach) => breach !== null)
}

function breachOf(
  what: 'count' | 'bytes',
  path: string,
  used: number,
  diff: number,
  soft: number,
  hard: number
): QuotaBreach | null {
  const limit = hard > -1 ? hard : soft
  if (diff === 0 || limit < 0 || used + diff <= limit) return null
  return { what, isHard: hard > -1, path, limit, wouldBe: used + diff }
}
