import { describe, expect, test } from '@jest/globals'
import { UsageError } from '../../../src/tools/arguments.ts'
import { parseCommandLine } from '../../../src/tools/migrate/command-line.ts'

describe('the command line of zkMigrate', () => {
  test('names source and target', () => {
    expect(parseCommandLine(['export', '--from', 'a', '--to', 'b'])).toEqual({
      verb: 'export',
      source: { kind: 'directories', dataDir: 'a', dataLogDir: 'a' },
      to: 'b',
      toLog: 'b',
      compression: 'none',
      hasLog: false,
      hasDigest: true
    })
  })

  test('has options for what is written', () => {
    const args = '--config c --to b --to-log l --compression gz --with-log --no-digest export'.split(' ')

    expect(parseCommandLine(args)).toEqual({
      verb: 'export',
      source: { kind: 'config', path: 'c' },
      to: 'b',
      toLog: 'l',
      compression: 'gz',
      hasLog: true,
      hasDigest: false
    })
  })

  test('imports in place, or into another directory', () => {
    const source = { kind: 'directories', dataDir: 'a', dataLogDir: 'l' }
    const from = ['import', '--from', 'a', '--from-log', 'l']

    expect(parseCommandLine(from)).toEqual({ verb: 'import', source, to: null, toLog: null })
    expect(parseCommandLine([...from, '--to', 'b'])).toEqual({ verb: 'import', source, to: 'b', toLog: 'b' })
  })

  test.each([
    { args: '--config c', says: 'export or import?' },
    { args: 'dump --config c', says: 'dump is neither export nor import' },
    { args: 'export more --config c --to b', says: 'more is one argument too many' },
    { args: 'export --config c', says: 'export needs --to DIR' },
    { args: 'export --to b', says: '--config or --from is needed' },
    { args: 'export --to b --config c --from a', says: '--config and --from exclude each other' },
    { args: 'export --to b --config c --from-log a', says: '--from-log needs --from' },
    { args: 'export --config c --to-log b', says: '--to-log needs --to' },
    { args: 'export --config c --to b --compression zip', says: '--compression is gz or snappy, not zip' },
    { args: 'export --config c --to b --frob', says: "Unknown option '--frob'" },
    { args: 'import --config c --with-log', says: '--with-log is for export' }
  ])('$args is refused', ({ args, says }) => {
    expect(() => parseCommandLine(args.split(' '))).toThrow(UsageError)
    expect(() => parseCommandLine(args.split(' '))).toThrow(says)
  })
})
