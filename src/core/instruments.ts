/**
 * What things are counted with: plain objects that are recorded into directly, without allocating. `metrics.ts` declares
 * them, `admin/metrics/` reads them.
 */

/** A number that only grows, until it is reset by `srst`. */
export class Counter {
  readonly kind = 'counter'
  readonly name: string
  value = 0

  constructor(name: string) {
    this.name = name
  }

  add(amount: number): void {
    this.value += amount
  }

  reset(): void {
    this.value = 0
  }
}

/** Count, sum, minimum and maximum of recorded values. */
export class Summary {
  readonly kind = 'summary'
  readonly name: string
  count = 0
  sum = 0
  /** Infinity while `count` is 0. */
  min = Number.POSITIVE_INFINITY
  /** -Infinity while `count` is 0. */
  max = Number.NEGATIVE_INFINITY

  constructor(name: string) {
    this.name = name
  }

  add(value: number): void {
    this.count++
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }

  /** The same value `count` times. */
  addMany(value: number, count: number): void {
    if (count <= 0) return
    this.count += count
    this.sum += value * count
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }

  /**
   * `count` whole values that add up to `total`, as equal as they can be: what reading a clock of whole units around
   * each of `count` things in a row would have given.
   */
  addShared(total: number, count: number): void {
    if (count <= 0) return
    const low = Math.floor(total / count)
    const highCount = total - low * count
    this.addMany(low, count - highCount)
    this.addMany(low + 1, highCount)
  }

  /** `count - 1` down to 0: the length of a queue of `count` things, seen as each is taken from it. */
  addCountdown(count: number): void {
    if (count <= 0) return
    this.count += count
    this.sum += (count * (count - 1)) / 2
    if (this.min > 0) this.min = 0
    if (count - 1 > this.max) this.max = count - 1
  }

  reset(): void {
    this.count = 0
    this.sum = 0
    this.min = Number.POSITIVE_INFINITY
    this.max = Number.NEGATIVE_INFINITY
  }
}

const EXACT_BITS = 6
const EXACT = 1 << EXACT_BITS
const STEPS_BITS = EXACT_BITS - 1
const STEPS = 1 << STEPS_BITS
const BUCKET_COUNT = EXACT + (31 - EXACT_BITS) * STEPS

/** Bucket of a whole number from 0 to 2^31 - 1: one each below 64, then 32 to each power of two (within 1/32). */
function bucketOf(value: number): number {
  if (value < EXACT) return value
  const shift = 31 - Math.clz32(value) - STEPS_BITS
  return EXACT + (shift - 1) * STEPS + ((value >>> shift) - STEPS)
}

/** Middle of a bucket. */
function middleOf(bucket: number): number {
  if (bucket < EXACT) return bucket
  const shift = ((bucket - EXACT) >>> STEPS_BITS) + 1
  const low = (STEPS + ((bucket - EXACT) & (STEPS - 1))) * 2 ** shift
  return low + 2 ** shift / 2
}

/**
 * A summary that can also tell percentiles, from a histogram of fixed size (3.4 KiB): exact below 64, within 1.6 % above.
 * Upstream keeps a random sample of 4,096 values instead.
 */
export class PercentileSummary {
  readonly kind = 'percentileSummary'
  readonly name: string
  readonly all: Summary
  readonly #buckets = new Uint32Array(BUCKET_COUNT)

  constructor(name: string) {
    this.name = name
    this.all = new Summary(name)
  }

  /** @param value whole number, at least 0; larger ones than 2^31 - 1 count as that for percentiles */
  add(value: number): void {
    this.addMany(value, 1)
  }

  /** The same value `count` times. */
  addMany(value: number, count: number): void {
    if (count <= 0) return
    this.all.addMany(value, count)
    const bucket = value >= 2147483647 ? BUCKET_COUNT - 1 : bucketOf(value > 0 ? value | 0 : 0)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + count
  }

  /** As `Summary.addShared`. */
  addShared(total: number, count: number): void {
    if (count <= 0) return
    const low = Math.floor(total / count)
    const highCount = total - low * count
    this.addMany(low, count - highCount)
    this.addMany(low + 1, highCount)
  }

  /**
   * Value below which the share `quantile` (0 to 1) lies, rounded to a whole number; 0 without values. Interpolates
   * between neighbours at position quantile * (count + 1), as upstream does. Cost: one pass over 864 buckets.
   */
  percentile(quantile: number): number {
    const { count, min, max } = this.all
    if (count === 0) return 0
    const position = quantile * (count + 1)
    if (position < 1) return min
    if (position >= count) return max
    const lower = this.#nth(Math.floor(position))
    const upper = this.#nth(Math.floor(position) + 1)
    return Math.round(lower + (position - Math.floor(position)) * (upper - lower))
  }

  /** What has been recorded so far, to be compared with later. */
  mark(): PercentileMark {
    return { count: this.all.count, buckets: this.#buckets.slice() }
  }

  /**
   * As `percentile`, of what was recorded since a mark (null: since ever), without interpolation; NaN if nothing was. A
   * reset after the mark makes it void.
   */
  percentileSince(mark: PercentileMark | null, quantile: number): number {
    const isVoid = mark === null || mark.count > this.all.count
    const count = this.all.count - (isVoid ? 0 : mark.count)
    if (count === 0) return Number.NaN
    const rank = Math.max(1, Math.ceil(quantile * count))
    let seen = 0
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      seen += (this.#buckets[bucket] ?? 0) - (isVoid ? 0 : (mark.buckets[bucket] ?? 0))
      if (seen >= rank) return Math.min(Math.max(middleOf(bucket), this.all.min), this.all.max)
    }
    return this.all.max
  }

  reset(): void {
    this.all.reset()
    this.#buckets.fill(0)
  }

  #nth(rank: number): number {
    let seen = 0
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      seen += this.#buckets[bucket] ?? 0
      if (seen >= rank) return Math.min(Math.max(middleOf(bucket), this.all.min), this.all.max)
    }
    return this.all.max
  }
}

/** What a percentile summary had recorded at one moment. */
export interface PercentileMark {
  readonly count: number
  readonly buckets: Uint32Array
}

/** Newest, smallest and largest of some sizes in bytes; all -1 before the first. */
export class SizeStats {
  last = -1
  min = -1
  max = -1

  add(sizeBytes: number): void {
    this.last = sizeBytes
    if (this.min === -1 || sizeBytes < this.min) this.min = sizeBytes
    if (sizeBytes > this.max) this.max = sizeBytes
  }

  reset(): void {
    this.last = -1
    this.min = -1
    this.max = -1
  }
}

/** Labels kept apart in one set; values of further labels go to the label `OTHER_LABEL`. */
const LABEL_COUNT_MAX = 1000
/** Where a full set counts what it can no longer keep apart. */
export const OTHER_LABEL = '(other)'

/** Instruments by label, such as the first name of a path; bounded, since labels can come from clients. */
export class LabelledSet<I extends { add(value: number): void; reset(): void }> {
  readonly kind: 'counterSet' | 'summarySet' | 'percentileSummarySet'
  readonly name: string
  readonly byLabel = new Map<string, I>()
  readonly #make: (name: string) => I

  constructor(kind: LabelledSet<I>['kind'], name: string, make: (name: string) => I) {
    this.kind = kind
    this.name = name
    this.#make = make
  }

  add(label: string, value: number): void {
    this.of(label).add(value)
  }

  /** The instrument of a label, for ever: to be kept by who records into it often. */
  of(label: string): I {
    const instrument = this.byLabel.get(label)
    if (instrument !== undefined) return instrument
    const kept = this.byLabel.size < LABEL_COUNT_MAX ? label : OTHER_LABEL
    const other = this.byLabel.get(kept)
    if (other !== undefined) return other
    const made = this.#make(`${kept}_${this.name}`)
    this.byLabel.set(kept, made)
    return made
  }

  /** Labels stay, with nothing recorded, as upstream. */
  reset(): void {
    for (const instrument of this.byLabel.values()) instrument.reset()
  }
}
