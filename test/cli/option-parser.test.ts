import { describe, expect, test } from '@jest/globals'
import { type OptionSet, parseOptions } from '../../src/cli/option-parser.ts'

const SET: OptionSet = {
  options: [
    { name: 's', hasValue: false, description: 'flag' },
    { name: 'w', hasValue: false, description: 'other flag' },
    { name: 'v', hasValue: true, description: 'version' },
    { name: 'add', hasValue: true, description: 'servers' }
  ]
}

function parse(line: string, set = SET) {
  const parsed = parseOptions(line.split(' '), set)
  const options = set.options.filter(({ name }) => parsed.has(name))
  return {
    args: parsed.args,
    options: Object.fromEntries(options.map(({ name }) => [name, parsed.value(name) ?? true]))
  }
}

describe('a command line', () => {
  test.each([
    { line: 'c /a', args: ['c', '/a'], options: {} },
    { line: 'c -s /a', args: ['c', '/a'], options: { s: true } },
    { line: 'c /a -s', args: ['c', '/a'], options: { s: true } },
    { line: 'c -sw /a', args: ['c', '/a'], options: { s: true, w: true } },
    { line: 'c -v 5 /a', args: ['c', '/a'], options: { v: '5' } },
    { line: 'c -v5 /a', args: ['c', '/a'], options: { v: '5' } },
    { line: 'c -v=5 /a', args: ['c', '/a'], options: { v: '5' } },
    { line: 'c -sv5 /a', args: ['c', '/a'], options: { s: true, v: '5' } },
    { line: 'c -v -1 /a', args: ['c', '/a'], options: { v: '-1' } },
    { line: 'c -v -x /a', args: ['c', '/a'], options: { v: '-x' } },
    { line: 'c -v "5" /a', args: ['c', '/a'], options: { v: '5' } },
    { line: 'c -v 1 -v 2 /a', args: ['c', '/a'], options: { v: '1' } },
    { line: 'c -add server.1=h -s', args: ['c'], options: { add: 'server.1=h', s: true } },
    { line: 'c -- -s /a', args: ['c', '-s', '/a'], options: {} },
    { line: 'c - /a', args: ['c', '-', '/a'], options: {} }
  ])('$line', ({ line, args, options }) => {
    expect(parse(line)).toEqual({ args, options })
  })

  test.each([
    { line: 'c -x /a', problem: 'UnrecognizedOptionException: Unrecognized option: -x' },
    { line: 'c -5', problem: 'UnrecognizedOptionException: Unrecognized option: -5' },
    { line: 'c --s', problem: 'UnrecognizedOptionException: Unrecognized option: --s' },
    { line: 'c -sx', problem: 'UnrecognizedOptionException: Unrecognized option: -sx' },
    { line: 'c -s=1', problem: 'UnrecognizedOptionException: Unrecognized option: -s=1' },
    { line: 'c -add=x', problem: 'UnrecognizedOptionException: Unrecognized option: -add=x' },
    { line: 'c -v', problem: 'MissingArgumentException: Missing argument for option: v' },
    { line: 'c -v -s /a', problem: 'MissingArgumentException: Missing argument for option: v' },
    { line: 'c -v --', problem: 'MissingArgumentException: Missing argument for option: v' }
  ])('is refused: $line', ({ line, problem }) => {
    expect(() => parse(line)).toThrow(`org.apache.commons.cli.${problem}`)
  })
})

describe('options that exclude one another', () => {
  const set: OptionSet = {
    areExclusive: true,
    isRequired: true,
    options: [
      { name: 'n', hasValue: true, description: 'count' },
      { name: 'b', hasValue: true, description: 'bytes' }
    ]
  }

  test('are not taken together', () => {
    expect(() => parse('c -n 1 -b 2', set)).toThrow(
      "AlreadySelectedException: The option 'b' was specified but an option from this group has already been selected: 'n'"
    )
  })

  test('may be given twice', () => {
    expect(parse('c -n 1 -n 2', set).options).toEqual({ n: '1' })
  })

  test('may have to be given', () => {
    expect(() => parse('c /a', set)).toThrow('MissingOptionException: Missing required option: [-n count, -b bytes]')
  })
})
