import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { runScript, ScriptFolder, type ScriptResult } from './script-runner.ts'

jest.setTimeout(600_000)

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

  test('removes old files of an Apache server, and of logs what the oldest kept snapshot does not need', async () => {
    const whole = '\0'.repeat(20) + '\0\0\0\x01/'
    for (const zxid of ['0', '10', '2a', '30', '41']) folder.write(`data/version-2/snapshot.${zxid}`, whole)
    folder.write('data/version-2/snapshot.50', 'unfinished')
    for (const zxid of ['1', '11', '25', '2b', '31']) folder.write(`data/version-2/log.${zxid}`, '')
    folder.write('data/version-2/currentEpoch', '0')
    const data = join(folder.path, 'data')

    const { code, stdout } = await runScript('zkCleanup.sh', [data, '-n', '3'], { TZ: 'UTC' })

    expect(code).toBe(0)
    expect(stdout.replaceAll(/file: [A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M\t/g, 'file: TIME ')).toBe(
      ['log.1', 'log.11', 'snapshot.0', 'snapshot.10']
        .map((name) => `Removing file: TIME ${data}/version-2/${name}\n`)
        .join('')
    )
    expect(readdirSync(join(data, 'version-2')).sort()).toEqual([
      'currentEpoch',
      'log.25',
      'log.2b',
      'log.31',
      'snapshot.2a',
      'snapshot.30',
      'snapshot.41',
      'snapshot.50'
    ])
    expect((await runScript('zkCleanup.sh', [data, '-n', '3'])).stdout).toBe('')
  })
})

describe('--config', () => {
  test.each(['conf', 'conf/zoo.cfg', 'conf/other.cfg'])('names a directory or a file: %s', async (name) => {
    folder.write('conf/other.cfg', readFileSync(configFile, 'utf8'))
    folder.write('data/myid', '1')

    const { code, stderr } = await runScript('zkRecoverQuorum.sh', ['--config', join(folder.path, name), '--dry-run'])

    // It has come as far as to look for an ensemble.
    expect([code, stderr]).toEqual([4, expect.stringMatching(/^the configuration is that of a standalone server/)])
  })
})
