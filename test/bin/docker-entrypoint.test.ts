import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { askFourLetterWord } from '../../interop/harness/four-letter-word.ts'
import { freePort } from '../../interop/harness/free-port.ts'
import { runScript, type ScriptEnv, ScriptFolder } from './script-runner.ts'

const REPOSITORY = join(__dirname, '..', '..')
const DOCKER = join(REPOSITORY, 'conf', 'docker')
const ENTRYPOINT = join(DOCKER, 'docker-entrypoint.sh')
const DEADLINE_MS = 90_000

/** What the Dockerfile sets. */
function imageEnv(): Record<string, string> {
  const text = readFileSync(join(DOCKER, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ')
  const entries = [...text.matchAll(/^ENV (.*)$/gm)].flatMap((line) => (line[1] ?? '').trim().split(/\s+/))
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)])
  )
}

// A script may have to compile the program first.
jest.setTimeout(300_000)

let folder: ScriptFolder
let env: Record<string, string>

beforeEach(() => {
  folder = new ScriptFolder()
  const { PATH: _, ...image } = imageEnv()
  env = { ...image }
  for (const name of ['ZOO_CONF_DIR', 'ZOO_DATA_DIR', 'ZOO_DATA_LOG_DIR', 'ZOO_LOG_DIR']) {
    const path = join(folder.path, name.toLowerCase())
    mkdirSync(path)
    env[name] = path
  }
  env.ZOOCFGDIR = env.ZOO_CONF_DIR ?? ''
})

afterEach(() => {
  folder.remove()
})

function run(more: ScriptEnv, ...command: readonly string[]) {
  return runScript(ENTRYPOINT, command, { ...env, ...more })
}

function runProbe(...args: readonly string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(REPOSITORY, 'bin', 'probe.mjs'), ...args], { env }, (error, stdout) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout })
    })
  })
}

function config(): string[] {
  return readFileSync(join(env.ZOO_CONF_DIR ?? '', 'zoo.cfg'), 'utf8')
    .trimEnd()
    .split('\n')
}

describe('the entry of the container', () => {
  test('writes the configuration of the official image where nothing is said', async () => {
    const { code, stdout } = await run({}, 'echo', 'started')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'started\n' })
    expect(config()).toEqual([
      `dataDir=${env.ZOO_DATA_DIR}`,
      `dataLogDir=${env.ZOO_DATA_LOG_DIR}`,
      'tickTime=2000',
      'initLimit=5',
      'syncLimit=2',
      'autopurge.snapRetainCount=3',
      'autopurge.purgeInterval=0',
      'maxClientCnxns=60',
      'standaloneEnabled=true',
      'admin.enableServer=true',
      'server.1=localhost:2888:3888;2181'
    ])
    expect(readFileSync(join(env.ZOO_DATA_DIR ?? '', 'myid'), 'utf8')).toBe('1\n')
  })

  test('takes every variable of the official image', async () => {
    await run(
      {
        ZOO_MY_ID: '3',
        ZOO_SERVERS: 'server.1=a:2888:3888;2181  server.2=b:2888:3888;2181\nserver.3=0.0.0.0:2888:3888;2181',
        ZOO_TICK_TIME: '500',
        ZOO_INIT_LIMIT: '20',
        ZOO_SYNC_LIMIT: '10',
        ZOO_MAX_CLIENT_CNXNS: '0',
        ZOO_AUTOPURGE_PURGEINTERVAL: '1',
        ZOO_AUTOPURGE_SNAPRETAINCOUNT: '5',
        ZOO_STANDALONE_ENABLED: 'false',
        ZOO_ADMINSERVER_ENABLED: 'false',
        ZOO_4LW_COMMANDS_WHITELIST: '*',
        ZOO_CFG_EXTRA: 'metricsProvider.httpPort=7000 jute.maxbuffer=2097152',
        ZOO_ADMINSERVER_ADDRESS: '0.0.0.0'
      },
      'true'
    )
    expect(config().slice(2)).toEqual([
      'tickTime=500',
      'initLimit=20',
      'syncLimit=10',
      'autopurge.snapRetainCount=5',
      'autopurge.purgeInterval=1',
      'maxClientCnxns=0',
      'standaloneEnabled=false',
      'admin.enableServer=false',
      'admin.serverAddress=0.0.0.0',
      'server.1=a:2888:3888;2181',
      'server.2=b:2888:3888;2181',
      'server.3=0.0.0.0:2888:3888;2181',
      '4lw.commands.whitelist=*',
      'metricsProvider.httpPort=7000',
      'jute.maxbuffer=2097152'
    ])
    expect(readFileSync(join(env.ZOO_DATA_DIR ?? '', 'myid'), 'utf8')).toBe('3\n')
  })

  test('leaves a configuration and a myid alone that are there', async () => {
    writeFileSync(join(env.ZOO_CONF_DIR ?? '', 'zoo.cfg'), 'own=1\n')
    writeFileSync(join(env.ZOO_DATA_DIR ?? '', 'myid'), '7\n')
    await run({ ZOO_MY_ID: '2', ZOO_TICK_TIME: '1' }, 'true')
    expect(config()).toEqual(['own=1'])
    expect(readFileSync(join(env.ZOO_DATA_DIR ?? '', 'myid'), 'utf8')).toBe('7\n')
  })

  test('does nothing with what a variable says but to write it', async () => {
    await run({ ZOO_CFG_EXTRA: '$(touch$IFS) `id` *' }, 'true')
    expect(config().slice(-3)).toEqual(['$(touch$IFS)', '`id`', '*'])
  })

  test('becomes a server that serves, tells its health, and ends by SIGTERM', async () => {
    const [port, adminPort] = [await freePort(), await freePort()]
    const path = `${join(REPOSITORY, 'bin')}:${process.env.PATH}`
    const extra = `admin.serverPort=${adminPort}`
    const variables = {
      ...env,
      ZOO_SERVERS: `server.1=127.0.0.1:2888:3888;127.0.0.1:${port}`,
      ZOO_CFG_EXTRA: extra,
      PATH: path
    }
    const child = spawn(ENTRYPOINT, ['zkServer.sh', 'start-foreground'], { env: variables, stdio: 'ignore' })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    try {
      const endMs = performance.now() + DEADLINE_MS
      while (!/^Mode: standalone$/m.test((await askFourLetterWord(port, 'srvr')) ?? '')) {
        expect(performance.now()).toBeLessThan(endMs)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      const probe = (name: string, at = adminPort) => runProbe(name, `http://127.0.0.1:${at}`)
      expect((await probe('readyz')).code).toBe(0)
      expect((await probe('livez')).code).toBe(0)
      // The health check of the image: the port is that of the configuration.
      expect((await runProbe('livez')).code).toBe(0)
      const silent = await probe('livez', await freePort())
      expect(silent.code).toBe(1)
      expect(silent.stdout).toMatch(/does not answer: .*ECONNREFUSED/)
      expect(existsSync(join(env.ZOO_DATA_LOG_DIR ?? '', 'version-2'))).toBe(true)
    } finally {
      child.kill('SIGTERM')
    }
    expect(await ended).toBe(0)
  })
})

test.each([
  ['admin.enableServer=false', /^the admin server is off/, 0],
  ['zookeeper.admin.enableServer = false', /^the admin server is off/, 0],
  ['admin.serverAddress=127.0.0.2\nadmin.serverPort=1', /^http:\/\/127\.0\.0\.2:1 does not answer: .*ECONNREFUSED/, 1],
  ['admin.serverAddress=0.0.0.0\nadmin.serverPort: 1', /^http:\/\/127\.0\.0\.1:1 does not answer/, 1],
  ['admin.serverAddress=::1\nadmin.serverPort 1', /^http:\/\/\[::1\]:1 does not answer/, 1],
  ['admin.forceHttps=true\nadmin.serverPort=1', /^https:\/\/127\.0\.0\.1:1 does not answer/, 1]
])('with %j the health check of the image says %s', async (lines, said, code) => {
  writeFileSync(join(env.ZOO_CONF_DIR ?? '', 'zoo.cfg'), `dataDir=/data\n${lines}\n`)

  const answer = await runProbe('livez')

  expect(answer.stdout).toMatch(said)
  expect(answer.code).toBe(code)
})

test('the Dockerfile copies what is there, and its health check is a program of the package', () => {
  const text = readFileSync(join(DOCKER, 'Dockerfile'), 'utf8')
  const copied = [...text.matchAll(/^COPY (?!--from)(\S+)/gm)].map((match) => match[1] ?? '')
  expect(copied).toEqual(['.', 'conf/docker/docker-entrypoint.sh'])
  for (const path of [...copied, 'bin/probe.mjs']) expect(existsSync(join(REPOSITORY, path))).toBe(true)
  expect(text).toContain('"/opt/zoonode/bin/probe.mjs"')
})
