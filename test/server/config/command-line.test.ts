import { describe, expect, test } from '@jest/globals'
import { parseCommandLine, parseJvmFlags, USAGE } from '../../../src/server/config/command-line.ts'
import { loadSettings } from '../../../src/server/config/load-settings.ts'
import { MINIMAL, useTemporaryConfig } from './temporary-config.ts'

describe('the command line', () => {
  test.each([
    { args: ['conf/zoo.cfg'], configPath: 'conf/zoo.cfg' },
    { args: ['--config', 'zoo.cfg'], configPath: 'zoo.cfg' },
    { args: ['--config=zoo.cfg'], configPath: 'zoo.cfg' },
    { args: ['-Da=b', 'zoo.cfg', '-Dc=d'], configPath: 'zoo.cfg' }
  ])('$args names a file', ({ args, configPath }) => {
    expect(parseCommandLine(args)).toMatchObject({ configPath, fileKeys: new Map() })
  })

  test('takes port, directory, tick and connections in place of a file', () => {
    const args = ['2181', '/data', '2000', '10']

    expect([...parseCommandLine(args).fileKeys]).toEqual([
      ['clientPort', '2181'],
      ['dataDir', '/data'],
      ['tickTime', '2000'],
      ['maxClientCnxns', '10']
    ])
    expect([...parseCommandLine(args.slice(0, 2)).fileKeys.keys()]).toEqual(['clientPort', 'dataDir'])
  })

  test('keeps definitions in their order', () => {
    const { definitions } = parseCommandLine(['-Da=1', 'f', '-Db', '-Dc=x=y'])

    expect(definitions.map(({ name, value }) => [name, value])).toEqual([
      ['a', '1'],
      ['b', ''],
      ['c', 'x=y']
    ])
  })

  test.each([
    { args: [], says: USAGE },
    { args: ['1', '2', '3', '4', '5'], says: USAGE },
    { args: ['--config', 'a', 'b'], says: USAGE },
    { args: ['--config'], says: '--config needs a file' },
    { args: ['--verbose', 'zoo.cfg'], says: 'unknown option --verbose' }
  ])('$args is refused', ({ args, says }) => {
    expect(() => parseCommandLine(args)).toThrow(says)
  })
})

test('flags for a JVM are split at blanks', () => {
  expect(parseJvmFlags('  -Xmx1g  -Dx=1\t-Dy=a,b -ea ', 'JVMFLAGS')).toEqual({
    definitions: [
      { name: 'x', value: '1', source: 'JVMFLAGS' },
      { name: 'y', value: 'a,b', source: 'JVMFLAGS' }
    ],
    jvmOptions: ['-Xmx1g', '-ea']
  })
})

describe('the main file', () => {
  const config = useTemporaryConfig()

  test('is zoo.cfg where a directory is given', () => {
    config.write('conf/zoo.cfg', MINIMAL)
    const { settings } = loadSettings({ args: ['--config', 'conf'], env: {}, workingDirectory: config.directory })

    expect(settings.client.port).toBe(2181)
  })

  test('that cannot be read is named with the reason', () => {
    const load = () => loadSettings({ args: ['gone.cfg'], env: {}, workingDirectory: config.directory })

    expect(load).toThrow(/^gone\.cfg: cannot read the configuration file: ENOENT/)
  })

  test('that is looked for in a file instead of a directory is named with the reason', () => {
    config.write('zoo.cfg', MINIMAL)
    const load = () => loadSettings({ args: ['zoo.cfg/zoo.cfg'], env: {}, workingDirectory: config.directory })

    expect(load).toThrow(/^zoo\.cfg\/zoo\.cfg: cannot read the configuration file: ENOTDIR/)
  })

  test('is not needed with arguments, whose mistakes are told as theirs', () => {
    const load = (port: string) => loadSettings({ args: [port, 'data'], env: {}, workingDirectory: config.directory })

    expect(load('2181').settings.client.port).toBe(2181)
    expect(load('2181').settings.source.configFile).toBeNull()
    expect(() => load('x')).toThrow('command line: clientPort: "x" is not allowed')
  })
})
