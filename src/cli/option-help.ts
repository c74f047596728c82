import type { Option } from './option-parser.ts'

const INDENT = ' '
const GAP = '   '

/** The options of a command, one a line, as upstream prints them below a usage line. */
export function optionHelp(options: readonly Option[]): string {
  const rows = [...options]
    .sort((a, b) => compareIgnoringCase(a.name, b.name))
    .map((option) => ({
      left: `${INDENT}-${option.name}${option.hasValue ? ' <arg>' : ''}`,
      description: option.description
    }))
  const width = Math.max(...rows.map(({ left }) => left.length))
  return rows.map(({ left, description }) => `${left.padEnd(width)}${GAP}${description}\n`).join('')
}

function compareIgnoringCase(a: string, b: string): number {
  const [left, right] = [a.toUpperCase(), b.toUpperCase()]
  return left < right ? -1 : left > right ? 1 : 0
}
