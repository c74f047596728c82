import type { Goal } from '../scenarios.ts'

/** One bar: how many times better zoonode is, with its range over the rounds. */
export interface Bar {
  readonly label: string
  readonly ratio: number
  readonly least: number
  readonly most: number
  readonly goal: Goal | null
}

const LABEL_WIDTH = 190
const PLOT_WIDTH = 520
const VALUE_WIDTH = 60
const ROW_HEIGHT = 22
const TOP = 54
const BOTTOM = 24
const COLOURS = { better: '#2a7f62', worse: '#b3462f', range: '#222222', goal: '#7a5cc0', grid: '#dddddd' } as const
const GRID = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]

/**
 * A chart of ratios on a logarithmic scale as an SVG document: a bar from 1 to the median, a line over the range, marks
 * for the least and the aim of the goal.
 */
export function ratioChart(title: string, bars: readonly Bar[]): string {
  const values = bars.flatMap(({ ratio, least, most, goal }) => [ratio, least, most, goal?.aim ?? 1]).filter(isPositive)
  const lowest = GRID.findLast((value) => value <= Math.min(0.5, ...values)) ?? 0.1
  const highest = GRID.find((value) => value >= Math.max(2, ...values)) ?? 100
  const x = (value: number): number => {
    const within = Number.isNaN(value) ? 1 : Math.min(highest, Math.max(lowest, value))
    return LABEL_WIDTH + (PLOT_WIDTH * Math.log(within / lowest)) / Math.log(highest / lowest)
  }
  const height = TOP + bars.length * ROW_HEIGHT + BOTTOM
  const width = LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH
  const grid = GRID.filter((value) => value >= lowest && value <= highest)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(10, 20, title, 'font-weight="bold"'),
    ...grid.flatMap((value) => gridLine(x(value), value, height - BOTTOM)),
    ...bars.flatMap((bar, index) => barShapes(bar, TOP + index * ROW_HEIGHT, x)),
    text(LABEL_WIDTH, height - 8, 'above 1: zoonode is better; marks: least and aim; line: range over the rounds'),
    '</svg>',
    ''
  ].join('\n')
}

function gridLine(at: number, value: number, bottom: number): string[] {
  const colour = value === 1 ? COLOURS.range : COLOURS.grid
  return [line(at, TOP - 6, at, bottom, colour, 1), text(at, TOP - 12, String(value), 'text-anchor="middle"')]
}

function barShapes({ label, ratio, least, most, goal }: Bar, top: number, x: (value: number) => number): string[] {
  const middle = top + ROW_HEIGHT / 2
  const [from, to] = ratio >= 1 ? [x(1), x(ratio)] : [x(ratio), x(1)]
  const marks = goal === null ? [] : [goal.atLeast, goal.aim]
  return [
    text(LABEL_WIDTH - 8, middle + 4, label, 'text-anchor="end"'),
    `<rect x="${round(from)}" y="${top + 4}" width="${round(to - from)}" height="${ROW_HEIGHT - 8}" fill="${ratio >= 1 ? COLOURS.better : COLOURS.worse}"/>`,
    line(x(least), middle, x(most), middle, COLOURS.range, 2),
    ...marks.map((mark) => line(x(mark), top + 2, x(mark), top + ROW_HEIGHT - 2, COLOURS.goal, 2)),
    text(LABEL_WIDTH + PLOT_WIDTH + 6, middle + 4, isPositive(ratio) ? ratio.toFixed(2) : '-')
  ]
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string, width: number): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${colour}" stroke-width="${width}"/>`
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escapeXml(content)}</text>`
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function round(value: number): string {
  return value.toFixed(1)
}

function isPositive(value: number): boolean {
  return Number.isFinite(value) && value > 0
}
