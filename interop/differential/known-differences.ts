/** A difference between Apache ZooKeeper 3.9.5 and zoonode that is meant: see `docs/compatibility.md`. */
export interface KnownDifference {
  readonly name: string
  readonly reason: string
  /** True for a line of the final figures that may differ. */
  matchesFigure(line: string): boolean
}

/**
 * Differences that are met and not taken for failures. Others are known by never being sent (the generator: createTTL
 * that stops Apache, quota texts that cannot be parsed, watches on a null path) or by showing alike (wire-reader:
 * characters beyond the BMP).
 */
const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'zk_approximate_data_size where there are quotas',
    reason:
      'Apache does not count its own rewriting of zookeeper_stats until it restarts; zoonode gives the size of what is stored',
    matchesFigure: (line) => line.startsWith('zk_approximate_data_size ')
  }
]

/** The known difference that a line of the final figures may show, or null. */
export function knownFigure(line: string): KnownDifference | null {
  return KNOWN_DIFFERENCES.find((entry) => entry.matchesFigure(line)) ?? null
}
