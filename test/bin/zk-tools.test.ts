import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { runScript, ScriptFolder, type ScriptResult } from './script-runner.ts'

jest.setTimeout(180_000)

let folder: ScriptFolder
let configFile: string

beforeEach(() => {
  folder = new ScriptFolder()
  folder.writeConfig('clientPort=2181\n')
  configFile = join(folder.path, 'conf/zoo.cfg')
})

afterEach(() => {
  folder.remove()
})

describe('zkServer-initialize.sh', () => {
  function initialize(...args: string[]): Promise<ScriptResult> {
    return runScript('zkServer-initialize.sh', [`--configfile=${configFile}`, ...args])
  }

  test('makes the directory, myid and the mark of an intended empty start', async () => {
    const result = await initialize('--myid=5')

    expect(result).toMatchObject({ code: 0, stdout: 'Using myid of 5\n' })
    expect(readFileSync(join(folder.path, 'data/myid'), 'utf8')).toBe('5\n')
    expect(['data/version-2', 'data/initialize'].map((name) => existsSync(join(folder.path, name)))).toEqual([
      true,
      true
    ])
  })

  test('makes the directory of the log too, where the mark is looked for', async () => {
    writeFileSync(configFile, `dataDir=${folder.path}/data\ndataLogDir=${folder.path}/log\n`)

    await initialize()

    expect(
      ['data/version-2', 'log/version-2', 'log/initialize'].map((name) => existsSync(join(folder.path, name)))
    ).toEqual([true, true, true])
  })

  test('keeps its hands off data, unless forced', async () => {
    const kept = folder.write('data/version-2/snapshot.0', 'x')
    const other = folder.write('data/mine', 'y')

    expect(await initialize()).toMatchObject({
      code: 1,
      stdout: `ZooKeeper data directory already exists at ${folder.path}/data (or use --force to force re-initialization)\n`
    })
    expect(existsSync(kept)).toBe(true)

    expect(await initialize('--force')).toMatchObject({ code: 0 })
    expect([existsSync(kept), existsSync(other)]).toEqual([false, true])
  })

  test('does not force data away from a server that runs', async () => {
    folder.write('data/version-2/snapshot.0', 'x')
    folder.write('data/zookeeper_server.pid', String(process.pid))

    expect(await initialize('--force')).toMatchObject({ code: 1, stdout: expect.stringContaining('A server runs on') })
    expect(existsSync(join(folder.path, 'data/version-2/snapshot.0'))).toBe(true)
  })

  test.each(['--myid=256', '--myid=x', '--frobnicate', '--help'])('%s ends with an explanation', async (argument) => {
    const { code, stdout } = await initialize(argument)

    expect(code).toBe(1)
    expect(stdout).toMatch(/myid must be a number|usage: /)
    expect(existsSync(join(folder.path, 'data'))).toBe(false)
  })
})

describe('zkCleanup.sh', () => {
  test.each([
    { args: [], says: 'wrong arguments' },
    { args: ['-n', '2'], says: 'count should be greater than or equal to 3' },
    { args: ['-n', 'many'], says: "'many' can not be parsed to integer." },
    { args: ['/no/such/place', '-n', '3'], says: "Path '/no/such/place' does not exist." }
  ])('$args is refused with the usage', async ({ args, says }) => {
    folder.write('data/x', '')
    const { code, stderr } = await runScript('zkCleanup.sh', ['--config', join(folder.path, 'conf'), ...args])

    expect(code).toBe(1)
    expect(stderr).toContain(says)
    expect(stderr).toContain('zkCleanup.sh dataLogDir [snapDir] -n count')
  })

  test('makes nothing where there is nothing', async () => {
    folder.write('data/x', '')
    const { code, stderr } = await runScript('zkCleanup.sh', [join(folder.path, 'data'), '-n', '3'])

    expect([code, stderr]).toEqual([1, `there is no data of a server in ${folder.path}/data\n`])
    expect(existsSync(join(folder.path, 'data/version-2'))).toBe(false)
  })
})
