import type { LogStore } from './log-store.ts'

/**
 * Removes old snapshots, all but the newest `snapRetainCount` (at least 1), and the closed segments that even the oldest
 * remaining snapshot does not need. Out of the catalogue first, then off the disk: the room is free when this returns.
 *
 * @returns the names of the removed files
 */
export function purge(store: LogStore, snapRetainCount: number): string[] {
  const leftOver = store.removeDoomed()
  const { snapshots, segments } = store.catalogue.contents
  const keptCount = Math.max(1, snapRetainCount)
  const oldSnapshots = snapshots.slice(0, Math.max(0, snapshots.length - keptCount))
  const oldest = snapshots[oldSnapshots.length]
  if (oldest === undefined) return leftOver
  const firstNeeded = segments.findIndex((entry) => {
    return !entry.isClosed || entry.lastZxid === null || entry.lastZxid > oldest.zxid
  })
  const oldSegments = firstNeeded === -1 ? segments : segments.slice(0, firstNeeded)
  if (oldSnapshots.length === 0 && oldSegments.length === 0) return leftOver
  return [...leftOver, ...store.drop(oldSegments, oldSnapshots, (contents) => contents)]
}
