import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { freePort } from '../../interop/harness/free-port.ts'
import { runScript, type ScriptEnv, ScriptFolder, type ScriptResult } from './script-runner.ts'

// A script may have to compile the program first.
jest.setTimeout(600_000)

const REPOSITORY = join(__dirname, '..', '..')

/** Stands for the server where only the script is of interest: tells how it was started, and runs until it is stopped. */
const STAND_IN = `
process.stdout.write(JSON.stringify({ args: process.argv.slice(2), execArgv: process.execArgv, flags: process.env.SERVER_JVMFLAGS ?? null, arenas: process.env.MALLOC_ARENA_MAX, pid: process.pid }) + '\\n')
process.stdout.write('zoonode is ready\\n')
setInterval(() => undefined, 1000)
`

let folder: ScriptFolder
let standIn: ScriptEnv

beforeEach(() => {
  folder = new ScriptFolder()
  standIn = { ZOONODE_MAIN: folder.write('stand in.mjs', STAND_IN), ZOO_LOG_DIR: join(folder.path, 'my logs') }
})

afterEach(() => {
  folder.remove()
})

interface Started {
  readonly args: readonly string[]
  readonly execArgv: readonly string[]
  readonly arenas: string
  readonly flags: string | null
  readonly pid: number
}

/** How the stand-in was started, from what it wrote to the .out file. */
function startedWith(): Started {
  return JSON.parse(
    readFileSync(join(folder.path, 'my logs', `zookeeper-tester-server-${hostname()}.out`), 'utf8').split('\n')[0] ?? ''
  )
}

describe('zkServer.sh with a stand-in for the server', () => {
  let config: readonly string[]

  beforeEach(() => {
    config = folder.writeConfig('clientPort=2181\n')
  })

  afterEach(async () => {
    await zk('stop', standIn)
  })

  function zk(verb: string, env: ScriptEnv = standIn): Promise<ScriptResult> {
    return runScript('zkServer.sh', [...config, verb], env)
  }

  test('starts a process that outlives it, and stops it', async () => {
    const started = await zk('start')
    const pidFile = join(folder.path, 'data', 'zookeeper_server.pid')
    const { pid } = startedWith()

    expect(started).toMatchObject({ code: 0, stdout: 'Starting zookeeper ... STARTED\n' })
    expect(started.stderr).toBe(`Using config: ${join(folder.path, 'conf')}/zoo.cfg\n`)
    expect(readFileSync(pidFile, 'utf8')).toBe(String(pid))
    expect(() => process.kill(pid, 0)).not.toThrow()

    expect(await zk('stop')).toMatchObject({ code: 0, stdout: 'Stopping zookeeper ... STOPPED\n' })
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    expect(existsSync(pidFile)).toBe(false)
  })

  test('does not wait for the leader of an ensemble: other servers are needed for that', async () => {
    const member = STAND_IN.replace(
      'zoonode is ready',
      'zoonode is server 1 of 3 and looks for a leader: clients on port 2181'
    )
    const env = { ...standIn, ZOONODE_MAIN: folder.write('member.mjs', member), ZOO_START_TIMEOUT: '240' }
    const beganMs = performance.now()

    expect(await zk('start', env)).toMatchObject({ code: 0, stdout: 'Starting zookeeper ... STARTED\n' })
    expect(performance.now() - beganMs).toBeLessThan(120_000)
  })

  test('does not start a second one', async () => {
    await zk('start')
    const { pid } = startedWith()

    expect(await zk('start')).toMatchObject({
      code: 1,
      stdout: `Starting zookeeper ... already running as process ${pid}.\n`
    })
  })

  test('restarts', async () => {
    await zk('start')
    const before = startedWith().pid

    const restarted = await zk('restart')

    expect(restarted).toMatchObject({
      code: 0,
      stdout: 'Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n'
    })
    expect(startedWith().pid).not.toBe(before)
  })

  test('stops nothing where nothing was started', async () => {
    const pidFile = join(folder.path, 'data/zookeeper_server.pid')

    expect(await zk('stop')).toMatchObject({
      code: 0,
      stdout: `Stopping zookeeper ... no zookeeper to stop (could not find file ${pidFile})\n`
    })
  })

  test('takes a PID file of a process that is gone for none', async () => {
    folder.write('data/zookeeper_server.pid', '999999999')

    expect(await zk('start')).toMatchObject({ code: 0, stdout: 'Starting zookeeper ... STARTED\n' })
  })

  test('says so, with its last words, when the server ends at once', async () => {
    const broken = {
      ...standIn,
      ZOONODE_MAIN: folder.write('broken.mjs', 'console.error("port 1 is in use"); process.exit(4)')
    }

    const { code, stdout, stderr } = await zk('start', broken)

    expect([code, stdout]).toEqual([1, 'Starting zookeeper ... FAILED TO START\n'])
    expect(stderr).toContain('port 1 is in use')
    expect(existsSync(join(folder.path, 'data/zookeeper_server.pid'))).toBe(false)
  })

  test('gives the server its log, its configuration, and the heap of upstream', async () => {
    await zk('start')

    const { args, execArgv, arenas } = startedWith()

    expect(args).toEqual([
      `-Dzookeeper.log.dir=${join(folder.path, 'my logs')}`,
      expect.stringMatching(/^-Dzookeeper\.log\.file=zookeeper-tester-server-.+\.log$/),
      join(folder.path, 'conf/zoo.cfg')
    ])
    expect(execArgv).toEqual(['--max-old-space-size=1000', '--max-semi-space-size=4'])
    expect(arenas).toBe('1')
  })

  test('hands on -D of SERVER_JVMFLAGS, then of JVMFLAGS, and takes -Xmx for the heap', async () => {
    const flags = { SERVER_JVMFLAGS: '-Xmx2g  -Da=1 -XX:+UseG1GC', JVMFLAGS: '-Db=*', ZOO_LOG4J_PROP: 'DEBUG,CONSOLE' }
    await zk('start', { ...standIn, ...flags, MALLOC_ARENA_MAX: '4' })

    const { args, execArgv, flags: seen, arenas } = startedWith()

    expect(args.slice(2, -1)).toEqual(['-Dzookeeper.root.logger=DEBUG,CONSOLE', '-Da=1', '-Db=*'])
    expect(execArgv).toEqual(['--max-old-space-size=2048', '--max-semi-space-size=4'])
    expect([seen, arenas]).toEqual([flags.SERVER_JVMFLAGS, '4'])
  })

  test.each([
    { env: { ZK_SERVER_HEAP: '300' }, megabytes: 300 },
    { env: { SERVER_JVMFLAGS: '-Xmx512m' }, megabytes: 512 },
    { env: { SERVER_JVMFLAGS: '-Xmx1048576k' }, megabytes: 1024 },
    { env: { SERVER_JVMFLAGS: '-Xmx134217728' }, megabytes: 128 }
  ])('runs with a heap of $megabytes MB for $env', async ({ env, megabytes }) => {
    const { stdout } = await zk('print-cmd', { ...standIn, ...env })

    expect(stdout).toContain(`"--max-old-space-size=${megabytes}"`)
  })

  test('reads zookeeper-env.sh and java.env beside the configuration', async () => {
    folder.write('conf/zookeeper-env.sh', 'ZK_SERVER_HEAP=77\n')
    folder.write('conf/java.env', 'SERVER_JVMFLAGS="-Dfrom.java.env=1"\n')

    const { stdout } = await zk('print-cmd')

    expect(stdout).toContain('"--max-old-space-size=77"')
    expect(stdout).toContain('"-Dfrom.java.env=1"')
  })

  test('prints the command that start would run', async () => {
    const { stdout, code } = await zk('print-cmd')

    expect(code).toBe(0)
    expect(stdout.trim().split('" "')[0]).toMatch(/^".*node$/)
    expect(stdout).toContain(
      `"${join(folder.path, 'conf/zoo.cfg')}" >>"${join(folder.path, 'my logs')}/zookeeper-tester-server-`
    )
  })

  test('becomes the server in the foreground', async () => {
    const once = folder.write('once.mjs', 'console.log(process.pid, process.ppid)')
    const { stdout, code } = await zk('start-foreground', { ...standIn, ZOONODE_MAIN: once })

    // execFile started bash, whose parent is this process; exec keeps bash's place.
    expect([code, Number(stdout.split(' ')[1])]).toEqual([0, process.pid])
  })

  test('ends in the foreground with the exit code of the server', async () => {
    const failing = folder.write('failing.mjs', 'process.exit(3)')

    expect(await zk('start-foreground', { ...standIn, ZOONODE_MAIN: failing })).toMatchObject({ code: 3 })
  })

  test('puts the PID file where ZOOPIDFILE says', async () => {
    const env = { ...standIn, ZOOPIDFILE: join(folder.path, 'run', 'here', 'zk.pid') }
    await zk('start', env)

    expect(readFileSync(env.ZOOPIDFILE, 'utf8')).toBe(String(startedWith().pid))
    expect(await zk('stop', env)).toMatchObject({ stdout: 'Stopping zookeeper ... STOPPED\n' })
  })

  test('does not make directories where that is turned off', async () => {
    const env = { ...standIn, ZOO_DATADIR_AUTOCREATE_DISABLE: '1' }
    const dataDir = join(folder.path, 'data')

    expect(await zk('start', env)).toMatchObject({
      code: 1,
      stdout: `ZooKeeper data directory is missing at ${dataDir} fix the path or run initialize\n`
    })
    folder.write('data/version-2/x', '')
    await zk('start', env)
    expect(startedWith().args).toContain('-Dzookeeper.datadir.autocreate=false')
  })

  test('keeps whole what several servers write whose logs are in one directory', async () => {
    const writer = STAND_IN.replace(
      'setInterval',
      "process.on('SIGUSR2', () => process.stdout.write('again\\n'))\nsetInterval"
    )
    const env = { ...standIn, ZOONODE_MAIN: folder.write('writer.mjs', writer) }
    const second = folder.write('conf/second.cfg', `dataDir=${join(folder.path, 'second')}\nclientPort=2182\n`)
    const output = join(folder.path, 'my logs', `zookeeper-tester-server-${hostname()}.out`)

    await zk('start', env)
    const first = startedWith()
    try {
      expect(await runScript('zkServer.sh', [...config, 'start', second], env)).toMatchObject({ code: 0 })
      const fromSecond = readFileSync(output, 'utf8')
      process.kill(first.pid, 'SIGUSR2')
      const endMs = performance.now() + 30_000
      while (!readFileSync(output, 'utf8').includes('again')) {
        if (performance.now() > endMs) throw new Error('the first server writes nowhere')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }

      expect(readFileSync(output, 'utf8')).toBe(`${fromSecond}again\n`)
    } finally {
      await runScript('zkServer.sh', [...config, 'stop', second], env)
    }
  })

  test('takes another configuration by name or by path', async () => {
    folder.write('conf/other.cfg', `dataDir=${join(folder.path, 'other')}\nclientPort=1\n`)
    const byName = await runScript('zkServer.sh', [...config, 'print-cmd', 'other.cfg'], standIn)
    const byPath = await runScript('zkServer.sh', ['print-cmd', join(folder.path, 'conf/other.cfg')], standIn)

    for (const { stdout } of [byName, byPath]) expect(stdout).toContain(`"${join(folder.path, 'conf/other.cfg')}"`)
  })
})

describe('zkServer.sh', () => {
  test('finds its program through symbolic links, from any directory', async () => {
    const inner = join(folder.path, 'inner link')
    symlinkSync(join(REPOSITORY, 'bin/zkServer.sh'), inner)
    symlinkSync('inner link', join(folder.path, 'outer'))
    const config = folder.writeConfig('clientPort=2181\n')

    const { stdout } = await runScript(join(folder.path, 'outer'), [...config, 'print-cmd'], {}, '/')

    expect(stdout).toContain(`"${join(REPOSITORY, 'dist/bin/zoonode.js')}"`)
  })

  test('tells its own version and the one it is compatible with', async () => {
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))

    expect(await runScript('zkServer.sh', ['version'])).toMatchObject({
      code: 0,
      stdout: `zoonode ${version}, compatible with Apache ZooKeeper, version 3.9.5\n`
    })
  })

  test.each([[[]], [['frobnicate']], [['--config', '/x']]])('with %j shows its usage', async (args) => {
    const { code, stderr } = await runScript('zkServer.sh', args)

    expect(code).toBe(1)
    expect(stderr).toMatch(/Usage: .*zkServer.sh \[--config <conf-dir>\] \{start\|start-foreground\|stop\|/)
  })

  test('says which configuration is missing', async () => {
    const { code, stderr } = await runScript('zkServer.sh', ['--config', folder.path, 'start'])

    expect([code, stderr]).toEqual([
      1,
      `Using config: ${folder.path}/zoo.cfg\nError: there is no configuration file ${folder.path}/zoo.cfg\n`
    ])
  })

  test('says which Node.js it needs where there is an older one', async () => {
    const config = folder.writeConfig('clientPort=1\n')
    const old = folder.write('old/bin/node', '#!/bin/sh\necho v20.18.1\n')
    chmodSync(old, 0o755)

    expect(
      await runScript('zkServer.sh', [...config, 'print-cmd'], { NODE_HOME: join(folder.path, 'old') })
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Error: ${old} is Node.js 20.18.1; 20.19 or newer is needed\n`)
    })
  })

  test('says what is missing where there is no Node.js', async () => {
    const config = folder.writeConfig('clientPort=1\n')
    folder.linkTools(['bash', 'dirname', 'readlink', 'sed', 'id', 'uname', 'cat'])

    expect(
      await runScript('zkServer.sh', [...config, 'print-cmd'], { PATH: join(folder.path, 'tools') })
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Error: NODE_HOME is not set and node could not be found in PATH')
    })
  })
})

describe('zkServer.sh status', () => {
  test('says that nothing answers', async () => {
    const port = await freePort()
    const config = folder.writeConfig(`clientPort: ${port}\nclientPortAddress=127.0.0.1\n`)

    expect(await runScript('zkServer.sh', [...config, 'status'])).toMatchObject({
      code: 1,
      stdout:
        `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\n` +
        'Error contacting service. It is probably not running.\n'
    })
  })

  test.each([
    { name: 'the server line', files: { 'conf/zoo.cfg': 'server.3=a:1:2;127.0.0.1:PORT\n' } },
    {
      name: 'the dynamic file',
      files: { 'conf/zoo.cfg': 'dynamicConfigFile=DIR/dyn\n', dyn: 'server.3=a:1:2:observer;127.0.0.1:PORT\n' }
    }
  ])('finds the client port in $name', async ({ files }) => {
    const port = await freePort()
    folder.writeConfig('')
    folder.write('data/myid', '3\n')
    for (const [name, content] of Object.entries(files)) {
      const text = content.replace('PORT', String(port)).replace('DIR', folder.path)
      folder.write(name, name === 'dyn' ? text : `dataDir=${folder.path}/data\n${text}`)
    }

    const { stdout } = await runScript('zkServer.sh', ['--config', join(folder.path, 'conf'), 'status'])

    expect(stdout).toContain(`Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\n`)
  })

  test('gives up where no port is to be found', async () => {
    const config = folder.writeConfig('tickTime=2000\n')

    expect(await runScript('zkServer.sh', [...config, 'status'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /Unable to find either secure or unsecure client port in any configs. Terminating.\n$/
      )
    })
  })
})

describe('zkServer.sh with the real server', () => {
  test('starts, answers status, stops, and leaves a directory that zkCleanup.sh can open', async () => {
    const port = await freePort()
    const config = folder.writeConfig(`clientPort=${port}\nclientPortAddress=127.0.0.1\ntickTime=2000\n`)
    const env = { ZOO_LOG_DIR: join(folder.path, 'logs'), ZOO_START_TIMEOUT: '60' }

    const started = await runScript('zkServer.sh', [...config, 'start'], env)
    const status = await runScript('zkServer.sh', [...config, 'status'], env)
    const whileRunning = await runScript('zkCleanup.sh', [...config, '-n', '3'], env)
    const stopped = await runScript('zkServer.sh', [...config, 'stop'], env)
    const afterwards = await runScript('zkCleanup.sh', [...config, '-n', '3'], env)

    expect(started).toMatchObject({ code: 0, stdout: 'Starting zookeeper ... STARTED\n' })
    expect(status).toMatchObject({
      code: 0,
      stdout: `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\nMode: standalone\n`
    })
    expect(whileRunning).toMatchObject({ code: 1, stderr: expect.stringContaining('autopurge.purgeInterval') })
    expect(stopped).toMatchObject({ code: 0, stdout: 'Stopping zookeeper ... STOPPED\n' })
    expect(afterwards).toMatchObject({ code: 0, stdout: '' })
  })

  test('passes on why the server does not start', async () => {
    const config = folder.writeConfig('clientPort=none\n')
    const { code, stdout, stderr } = await runScript('zkServer.sh', [...config, 'start'], {
      ZOO_LOG_DIR: join(folder.path, 'logs')
    })

    expect([code, stdout]).toEqual([1, 'Starting zookeeper ... FAILED TO START\n'])
    expect(stderr).toContain(
      'conf/zoo.cfg:2: clientPort: "none" is not allowed, it must be a whole number from 0 to 65535'
    )
    rmSync(join(folder.path, 'logs'), { recursive: true })
  })
})
