import type { Difference } from './compare.ts'

/** A difference between Apache ZooKeeper 3.9.5 and zoonode that is meant, with the reason. */
export interface KnownDifference {
  readonly name: string
  readonly reason: string
  matches(difference: Difference): boolean
}

/**
 * Differences that are not failures. What is never sent at all because it stops an Apache server is not here but in
 * the generator: createTTL with flags 0 to 4 and a negative ttl.
 */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = []
