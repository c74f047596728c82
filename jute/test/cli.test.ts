import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { runCli } from '../src/cli.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jute-ts-'))
  writeFileSync(
    join(directory, 'good.jute'),
    'module p.a { class R { long zxid; p.b.S s; } } module p.b { class S { int x; } }'
  )
  writeFileSync(join(directory, 'bad.jute'), 'module p.a { class R { Unknown x; } }')
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

function run(...args: string[]): { code: number; out: string; err: string } {
  const printed = { out: '', err: '' }
  const code = runCli(args, {
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    }
  })
  return { code, ...printed }
}

test('compile writes a file for each module, into a folder that it makes', () => {
  const out = join(directory, 'new', 'out')

  expect(run('compile', join(directory, 'good.jute'), '--out', out)).toEqual({ code: 0, out: '', err: '' })

  expect(readdirSync(out).sort()).toEqual(['a.ts', 'b.ts'])
  expect(readFileSync(join(out, 'a.ts'), 'utf8')).toContain("from './b.js'")
  expect(readFileSync(join(out, 'a.ts'), 'utf8')).toContain('zxid: bigint')
})

test('the options reach the generated code', () => {
  const options = ['--long', 'pair', '--import-extension', '.ts', '--runtime', '#jute']

  run('compile', join(directory, 'good.jute'), '--out', directory, ...options)

  const text = readFileSync(join(directory, 'a.ts'), 'utf8')
  expect(text).toContain("from './b.ts'")
  expect(text).toContain('zxidHi: number')
  expect(text).toContain("from '#jute'")
})

test('a mistake in a file is reported with its place, and nothing is written', () => {
  const file = join(directory, 'bad.jute')
  const out = join(directory, 'out')

  const { code, err } = run('compile', file, '--out', out)

  expect(code).toBe(1)
  expect(err).toBe(
    `${file}:1:24: unknown type 'Unknown'\n  module p.a { class R { Unknown x; } }\n  ${' '.repeat(23)}^^^^^^^\n`
  )
  expect(readdirSync(directory)).not.toContain('out')
})

test('a file that is not there is reported', () => {
  const { code, err } = run('compile', join(directory, 'none.jute'), '--out', directory)

  expect(code).toBe(1)
  expect(err).toMatch(/^jute-ts: ENOENT.*none\.jute/)
})

test('--help prints the usage', () => {
  expect(run('--help')).toEqual({ code: 0, out: expect.stringContaining('Usage: jute-ts compile FILE...'), err: '' })
})

describe('a wrong command line exits with 2 and the usage', () => {
  test.each([
    { args: [], problem: 'no command' },
    { args: ['decompile', 'x.jute'], problem: 'unknown command decompile' },
    { args: ['compile', '--out', 'x'], problem: 'no file to compile' },
    { args: ['compile', 'x.jute'], problem: '--out is missing' },
    { args: ['compile', 'x.jute', '--out', 'x', '--long', 'number'], problem: '--long is bigint or pair, not number' },
    {
      args: ['compile', 'x.jute', '--out', 'x', '--import-extension', 'ts'],
      problem: '--import-extension is .js or .ts, not ts'
    },
    { args: ['compile', 'x.jute', '--outt', 'x'], problem: "Unknown option '--outt'" }
  ])('$args: $problem', ({ args, problem }) => {
    const { code, err } = run(...args)

    expect(code).toBe(2)
    expect(err).toContain(`jute-ts: ${problem}`)
    expect(err).toContain('Usage:')
  })
})
