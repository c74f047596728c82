import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

/** Adds the values of standard input (nanoseconds) and prints the quantiles that the arguments name, in microseconds. */
const PROGRAM = `
#include <stdio.h>
#include <stdlib.h>
#include "histogram.h"
int main(int argc, char **argv) {
  static struct histogram h;
  unsigned long long ns;
  while (scanf("%llu", &ns) == 1) histogram_add(&h, ns);
  for (int i = 1; i < argc; i++) printf("%.3f\\n", histogram_quantile_us(&h, atof(argv[i])));
  printf("%.3f\\n", (double)h.max_ns / 1000.0);
}
`
const COMPILER = process.env.CC ?? 'cc'
const hasCompiler = spawnSync(COMPILER, ['--version']).status === 0

const folder = mkdtempSync(join(tmpdir(), 'histogram-'))
const program = join(folder, 'histogram')

beforeAll(() => {
  if (!hasCompiler) return
  const source = join(folder, 'main.c')
  writeFileSync(source, PROGRAM)
  const include = join(__dirname, '../../../bench/load')
  const built = spawnSync(COMPILER, ['-O1', '-std=gnu17', '-I', include, '-o', program, source], { encoding: 'utf8' })
  if (built.status !== 0) throw new Error(built.stderr)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Quantiles of these values, and the greatest of them last. */
function quantiles(values: readonly number[], shares: readonly number[]): number[] {
  const { stdout } = spawnSync(program, shares.map(String), { input: values.join('\n'), encoding: 'utf8' })
  return stdout.trim().split('\n').map(Number)
}

const describeWithCompiler = hasCompiler ? describe : describe.skip

describeWithCompiler('the histogram of the load generator', () => {
  test('gives quantiles within 1.6 % of the values', () => {
    const values = Array.from({ length: 10_000 }, (_, index) => (index + 1) * 1000)

    const [p50 = 0, p99 = 0, p999 = 0, most = 0] = quantiles(values, [0.5, 0.99, 0.999])

    expect(Math.abs(p50 / 5000 - 1)).toBeLessThan(0.016)
    expect(Math.abs(p99 / 9900 - 1)).toBeLessThan(0.016)
    expect(Math.abs(p999 / 9990 - 1)).toBeLessThan(0.016)
    expect(most).toBe(10_000)
  })

  test('is exact below 64 nanoseconds', () => {
    expect(quantiles([3, 5, 63], [0, 0.5, 0.99])).toEqual([0.003, 0.005, 0.063, 0.063])
  })

  test('keeps one slow answer among a thousand in the last thousandth only', () => {
    const values = [...Array.from({ length: 999 }, () => 1000), 1_000_000_000]

    const [p99 = 0, p999 = 0] = quantiles(values, [0.99, 0.999])

    expect(p99).toBeLessThan(1.02)
    expect(p999).toBeGreaterThan(980_000)
  })

  test('of nothing is 0', () => {
    expect(quantiles([], [0.5, 0.99])).toEqual([0, 0, 0])
  })

  test('takes hours', () => {
    const [p50 = 0] = quantiles([3_600_000_000_000], [0.5])

    expect(Math.abs(p50 / 3_600_000_000 - 1)).toBeLessThan(0.016)
  })
})
