import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { findConfig, namesConfig } from '../../src/bin/find-config.ts'
import { SUB_COMMANDS } from '../../src/bin/sub-commands.ts'

const REPOSITORY = join(__dirname, '..', '..')
const COMMAND = join(REPOSITORY, 'dist', 'bin', 'command.js')

describe('the configuration of a server that was told none', () => {
  const find = (env: Record<string, string>, ...there: string[]) =>
    findConfig(env, '/work', '/package', (path) => there.includes(path))

  test('is the one of the working directory, then the one of the machine, then the one of the package', () => {
    expect(find({}, '/work/conf/zoo.cfg', '/work/zoo.cfg', '/etc/zookeeper/zoo.cfg')).toBe('/work/conf/zoo.cfg')
    expect(find({}, '/work/zoo.cfg', '/etc/zookeeper/zoo.cfg')).toBe('/work/zoo.cfg')
    expect(find({}, '/etc/zookeeper/zoo.cfg')).toBe('/etc/zookeeper/zoo.cfg')
    expect(find({})).toBe('/package/conf/zoo.cfg')
  })

  test('is the one of the environment, also when it is not there', () => {
    expect(find({ ZOOCFGDIR: '/conf' }, '/work/zoo.cfg')).toBe('/conf/zoo.cfg')
    expect(find({ ZOOCFGDIR: '/conf', ZOOCFG: 'other.cfg' })).toBe('/conf/other.cfg')
    expect(find({ ZOOCFG: '/some/other.cfg' })).toBe('/some/other.cfg')
    expect(find({ ZOOCFG: 'other.cfg' }, '/work/zoo.cfg', '/work/conf/other.cfg')).toBe('/work/conf/other.cfg')
  })

  test.each([
    { args: [], names: false },
    { args: ['-Da=b'], names: false },
    { args: ['my.cfg'], names: true },
    { args: ['-Da=b', '--config', 'my.cfg'], names: true },
    { args: ['2181', '/data'], names: true },
    { args: ['--unknown'], names: true }
  ])('is looked for after $args: $names', ({ args, names }) => {
    expect(namesConfig(args)).toBe(names)
  })
})

describe('zoonode', () => {
  function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [COMMAND, ...args], (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
      })
    })
  }

  test('lists each command once', async () => {
    const { code, stdout } = await run('--help')
    expect(code).toBe(0)
    const listed = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map((match) => match[1])
    expect(listed).toEqual([...SUB_COMMANDS.map(({ name }) => name), 'version'])
  })

  test.each(['server', 'cli', 'cleanup', 'ensemble'])(
    'tells by --help what %s takes, and runs nothing',
    async (name) => {
      for (const word of ['--help', '-h']) {
        const { code, stdout, stderr } = await run(name, word)
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        expect(stdout.startsWith(`usage: zoonode ${name} `)).toBe(true)
      }
    }
  )

  test('gives a program its arguments as if it had been called by itself', async () => {
    const { code, stderr } = await run('server', '--nonsense')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^zoonode: unknown option --nonsense; usage: /)
  })

  test('refuses a command that is not there', async () => {
    const { code, stderr } = await run('sever')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^zoonode: there is no command sever\nusage: zoonode COMMAND/)
  })
})
