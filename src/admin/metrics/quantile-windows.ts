import type { PercentileMark, PercentileSummary } from '../../core/instruments.ts'

/**
 * Quantiles of what was recorded lately, not since the start: over the last one to two intervals. Recording costs nothing
 * more for it; an interval costs a copy of each histogram.
 */
export class QuantileWindows {
  readonly #summaries: () => Iterable<PercentileSummary>
  #older = new Map<PercentileSummary, PercentileMark>()
  #newer = new Map<PercentileSummary, PercentileMark>()

  /** @param summaries all there are at the moment */
  constructor(summaries: () => Iterable<PercentileSummary>) {
    this.#summaries = summaries
  }

  /** To be called once an interval. */
  rotate(): void {
    this.#older = this.#newer
    this.#newer = new Map()
    for (const summary of this.#summaries()) {
      const before = this.#older.get(summary)
      // Where nothing was recorded the copy from before is as good.
      const isSame = before !== undefined && before.count === summary.all.count
      this.#newer.set(summary, isSame ? before : summary.mark())
    }
  }

  /** NaN if nothing was recorded in the window. */
  quantile(summary: PercentileSummary, quantile: number): number {
    return summary.percentileSince(this.#older.get(summary) ?? null, quantile)
  }
}
