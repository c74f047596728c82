import { describe, expect, test } from '@jest/globals'
import { type Bar, ratioChart } from '../../../bench/report/chart.ts'

const BAR: Bar = { label: 'set-50x1', ratio: 2, least: 1.5, most: 2.5, goal: { atLeast: 1.3, aim: 2 } }

/** Left edge and width of the bars. */
function bars(svg: string): { x: number; width: number; colour: string }[] {
  return [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="[\d.]+" fill="(#\w+)"\/>/g)].map(
    ([, x, width, colour]) => ({ x: Number(x), width: Number(width), colour: colour ?? '' })
  )
}

describe('the chart', () => {
  test('is one SVG document with the label and the value of each bar', () => {
    const svg = ratioChart('a title', [BAR, { ...BAR, label: 'get-1x1', ratio: 4.126 }])

    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" [^>]+>\n[\s\S]+<\/svg>\n$/)
    for (const text of ['a title', 'set-50x1', 'get-1x1', '2.00', '4.13']) expect(svg).toContain(`>${text}</text>`)
  })

  test('begins bars at 1: better ones end right of it, worse ones left of it, as far for as many times', () => {
    const [better, worse] = bars(
      ratioChart('t', [
        { ...BAR, ratio: 2 },
        { ...BAR, ratio: 0.5, least: 0.5, most: 0.5 }
      ])
    )

    expect(better?.width).toBeCloseTo(worse?.width ?? 0, 1)
    expect((worse?.x ?? 0) + (worse?.width ?? 0)).toBeCloseTo(better?.x ?? 0, 1)
    expect(better?.colour).not.toBe(worse?.colour)
  })

  test('keeps its bars within the plot for ratios of any size', () => {
    const ratios = [1e-9, 0.3, 1, 30, 1e9, Number.NaN, Number.POSITIVE_INFINITY]

    const drawn = bars(
      ratioChart(
        't',
        ratios.map((ratio) => ({ ...BAR, ratio, least: ratio, most: ratio }))
      )
    )

    expect(drawn).toHaveLength(ratios.length)
    expect(drawn.every(({ x, width }) => x >= 190 && width >= 0 && x + width <= 190 + 520.1)).toBe(true)
  })

  test('escapes what XML would take for markup', () => {
    expect(ratioChart('a < b & c', [])).toContain('>a &lt; b &amp; c</text>')
  })

  test('marks least and aim only where there is a goal', () => {
    const marks = (svg: string): number => svg.split('#7a5cc0').length - 1

    expect(marks(ratioChart('t', [BAR]))).toBe(2)
    expect(marks(ratioChart('t', [{ ...BAR, goal: null }]))).toBe(0)
  })
})
