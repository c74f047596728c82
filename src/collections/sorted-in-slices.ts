/** Items that are sorted, or compared, in one piece of work. */
const PIECE_ITEMS = 1024

/**
 * Sorts a copy of many items, in pieces: between two of them comes null, a place where whoever asks may let others have
 * their turn. Stable.
 */
export function* sortedInSlices<T extends object>(
  items: readonly T[],
  compare: (one: T, other: T) => number
): Generator<T | null> {
  let runs: T[][] = []
  for (let at = 0; at < items.length; at += PIECE_ITEMS) {
    runs.push(items.slice(at, at + PIECE_ITEMS).sort(compare))
    yield null
  }
  while (runs.length > 1) {
    const merged: T[][] = []
    for (let at = 0; at < runs.length; at += 2) {
      const [one = [], other = []] = [runs[at], runs[at + 1]]
      merged.push(other.length === 0 ? one : yield* mergedInSlices(one, other, compare))
    }
    runs = merged
  }
  yield* runs[0] ?? []
}

function* mergedInSlices<T>(
  one: readonly T[],
  other: readonly T[],
  compare: (one: T, other: T) => number
): Generator<null, T[]> {
  const merged: T[] = []
  let [at, atOther] = [0, 0]
  while (at < one.length || atOther < other.length) {
    const [next, nextOther] = [one[at], other[atOther]]
    const isOther = next === undefined || (nextOther !== undefined && compare(nextOther, next) < 0)
    const taken = isOther ? nextOther : next
    if (taken !== undefined) merged.push(taken)
    if (isOther) atOther++
    else at++
    if (merged.length % PIECE_ITEMS === 0) yield null
  }
  return merged
}
