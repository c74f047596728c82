import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const ROOT = join(__dirname, '../..')

function simulate(...args: string[]): { code: number | null; output: string; complaint: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(ROOT, 'scripts/simulate.ts'), ...args],
    { cwd: ROOT, encoding: 'utf8', timeout: 60_000 }
  )
  return { code: status, output: stdout, complaint: stderr }
}

describe('npm run simulate', () => {
  test('--help tells every option, and that is all', () => {
    const { code, output, complaint } = simulate('--help')

    expect([code, complaint]).toEqual([0, ''])
    expect(output).toMatch(/^Usage: npm run simulate/)
    for (const name of ['seeds', 'from', 'seed', 'quiet', 'servers', 'chaos-ms', 'workers', 'help']) {
      expect(output).toContain(`--${name} `)
    }
  })

  test.each([
    [['--sed', '7'], "Unknown option '--sed'"],
    [['--seeds', 'many'], '--seeds must be a whole number of at least 1'],
    [['--seed', '-1'], '--seed'],
    [['--servers', '4'], '--servers must be 3, 5 or 7'],
    [['7'], '7']
  ])('%j is refused with a word and the usage, not a stack', (args, problem) => {
    const { code, output, complaint } = simulate(...args)

    expect([code, output]).toEqual([2, ''])
    expect(complaint).toContain(problem)
    expect(complaint).toContain('Usage:')
    expect(complaint).not.toMatch(/\n {4}at /)
  })

  test('one seed is run, and told in figures', () => {
    const { code, output } = simulate('--seed', '7', '--quiet', '--chaos-ms', '500', '--servers', '3')

    expect(code).toBe(0)
    expect(output).toMatch(/\d+ \w+/)
  }, 300_000)
})
