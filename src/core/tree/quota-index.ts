import { nameOf, QUOTA_PATH } from '../../protocol/path.ts'
import { CountedSubtrees } from './counted-subtrees.ts'

/**
 * Which paths have a quota: those for which `/zookeeper/quota` + path + `/zookeeper_limits` exists. The root cannot have
 * one.
 * @see `Quotas`, `PathTrie`
 */
export class QuotaIndex {
  /** Those of the configuration, which are no quotas. */
  readonly counted = new CountedSubtrees()
  readonly #paths = new Set<string>()

  get isEmpty(): boolean {
    return this.#paths.size === 0
  }

  add(path: string): void {
    if (path !== '') this.#paths.add(path)
  }

  remove(path: string): void {
    this.#paths.delete(path)
  }

  clear(): void {
    this.#paths.clear()
    this.counted.clear()
  }

  /** The deepest of `path` and its ancestors that has a quota. O(depth), O(1) while there is no quota at all. */
  nearest(path: string): string | null {
    if (this.#paths.size === 0) return null
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const candidate = path.slice(0, end)
      if (this.#paths.has(candidate)) return candidate
    }
    return null
  }
}

const LIMITS_NAME = 'zookeeper_limits'
const STATS_NAME = 'zookeeper_stats'

export function limitsPath(quotaPath: string): string {
  return `${QUOTA_PATH}${quotaPath}/${LIMITS_NAME}`
}

export function statsPath(quotaPath: string): string {
  return `${QUOTA_PATH}${quotaPath}/${STATS_NAME}`
}

/** Path whose limits the node at `path` holds, or null if it is no such node. */
export function quotaPathOfLimits(path: string): string | null {
  return quotaPathOf(path, LIMITS_NAME)
}

/** Path whose totals the node at `path` holds, or null if it is no such node. */
export function quotaPathOfStats(path: string): string | null {
  return quotaPathOf(path, STATS_NAME)
}

function quotaPathOf(path: string, name: string): string | null {
  if (!path.startsWith('/zookeeper/quota/') || nameOf(path) !== name) return null
  return path.slice(QUOTA_PATH.length, path.length - name.length - 1)
}
