import { QUOTA_PATH } from '../protocol/path.ts'

/** Name of the node with a subtree's limits. */
export const LIMIT_NODE = 'zookeeper_limits'
/** Name of the node with a subtree's totals. */
export const STAT_NODE = 'zookeeper_stats'

/** Node below which the quota of a subtree is kept. */
export function quotaPath(path: string): string {
  return QUOTA_PATH + path
}

export function limitPath(path: string): string {
  return `${QUOTA_PATH}${path}/${LIMIT_NODE}`
}

export function statPath(path: string): string {
  return `${QUOTA_PATH}${path}/${STAT_NODE}`
}

/** The subtree whose quota is kept below a node. */
export function subtreeOf(quotaPath: string): string {
  return quotaPath.slice(QUOTA_PATH.length)
}
