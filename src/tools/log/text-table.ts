/** Rows with their columns one below the other; the first row is the heading. Columns of numbers stand to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const [heading = []] = rows
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const isNumber = heading.map((_, column) => rows.slice(1).every((row) => /^-?\d*$/.test(row[column] ?? '')))
  const cell = (text: string, column: number): string => {
    const width = widths[column] ?? 0
    return isNumber[column] === true ? text.padStart(width) : text.padEnd(width)
  }
  return rows.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('')
}
