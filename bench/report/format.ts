/** A count or a rate, with separators: 1,234. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Microseconds, in the unit that reads best. */
export function time(us: number): string {
  if (us >= 1_000_000) return `${(us / 1_000_000).toFixed(2)} s`
  return us >= 1000 ? `${(us / 1000).toFixed(1)} ms` : `${us.toFixed(0)} µs`
}

/** Three digits that matter, for figures of any size. */
export function short(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 100) return count(value)
  return size >= 10 ? value.toFixed(1) : size >= 0.1 ? value.toFixed(2) : value.toFixed(3)
}

/** A Markdown table whose columns are aligned in plain text as well. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${titles.map((_, at) => (cells[at] ?? '').padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** What came of something that may have no figures. */
interface Outcome {
  readonly failure?: string
  readonly isSkipped?: boolean
}

/** For a table: that there are no figures. */
export function outcomeOf({ isSkipped }: Outcome): string {
  return isSkipped === true ? 'skipped' : 'failed'
}

/** A line for each that has no figures. */
export function reasons(results: readonly (Outcome & { readonly name: string })[]): string[] {
  return results.flatMap((result) =>
    result.failure === undefined ? [] : [`${outcomeOf(result)} ${result.name}: ${result.failure}`]
  )
}
