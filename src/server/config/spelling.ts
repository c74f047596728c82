/**
 * The spelling nearest to `written`, if it is near enough to be what was meant: other case, or at most a third of the
 * letters wrong (at most 3). null if there is none.
 */
export function closestSpelling(written: string, spellings: Iterable<string>): string | null {
  const lower = written.toLowerCase()
  let best: string | null = null
  let bestDistance = Math.min(3, Math.floor(written.length / 3)) + 1
  for (const spelling of spellings) {
    const distance = editDistance(lower, spelling.toLowerCase(), bestDistance)
    if (distance >= bestDistance) continue
    best = spelling
    bestDistance = distance
  }
  return best
}

/** Letters to insert, delete, change or swap with their neighbour; `limit` or more is given as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let twoBack: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? limit) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let distance = Math.min(change, (previous[j] ?? limit) + 1, (current[j - 1] ?? limit) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, (twoBack[j - 2] ?? limit) + 1)
      }
      current.push(distance)
    }
    twoBack = previous
    previous = current
  }
  return Math.min(previous[b.length] ?? limit, limit)
}
