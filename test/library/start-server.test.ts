import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { connect, ServerStartError, startServer } from 'zoonode'

const REPOSITORY = join(__dirname, '..', '..')
const DEADLINE_MS = 25_000

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS
  while (!condition()) {
    if (performance.now() > endMs) throw new Error('waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Runs a program of Node.js that uses the package, to its end or until `onLine` has seen enough and ends it. */
function runProgram(
  source: string,
  extension: 'mjs' | 'cjs',
  env: Readonly<Record<string, string>> = {},
  onLine?: (output: string, end: () => void) => void
) {
  const child = spawn(process.execPath, ['--input-type', extension === 'mjs' ? 'module' : 'commonjs', '-e', source], {
    cwd: REPOSITORY,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let output = ''
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
    onLine?.(output, () => child.kill('SIGKILL'))
  })
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }))
  })
}

describe('a server for tests', () => {
  test('serves on a free port, and nothing of it is left after its stop', async () => {
    await using server = await startServer()
    expect(server.port).toBeGreaterThan(0)
    const client = await connect(server.connectString)
    await client.create('/a', 'x')
    await client.close()
    const { pid = 0, dataDirectory } = server
    expect(existsSync(join(dataDirectory, 'version-2'))).toBe(true)
    await server.stop()
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(dirname(dataDirectory))).toBe(false)
    expect(server.isRunning).toBe(false)
    await server.stop()
  })

  test('goes on with its sessions and data on the same port after kill and start', async () => {
    await using server = await startServer()
    const client = await connect(server.connectString)
    await client.create('/mine', 'x', { mode: 'ephemeral' })
    const { port } = server
    await server.kill()
    expect(server.isRunning).toBe(false)
    await server.start()
    expect(server.port).toBe(port)
    expect(Buffer.from((await client.getData('/mine')).data ?? []).toString()).toBe('x')
    await server.restart()
    expect(await client.exists('/mine')).not.toBeNull()
    await client.close()
  })

  test('several run side by side', async () => {
    const servers = await Promise.all([startServer(), startServer()])
    expect(new Set(servers.map(({ port }) => port)).size).toBe(2)
    await Promise.all(servers.map((server) => server.stop()))
  })

  test('takes keys of zoo.cfg, tells its log, and keeps data whose place was given', async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'zoonode ö '))
    const lines: string[] = []
    const options = {
      dataDirectory,
      settings: { 'admin.enableServer': true, 'admin.serverPort': 0 },
      log: (line: string) => lines.push(line)
    }
    const server = await startServer(options)
    const answer = await fetch(`http://127.0.0.1:${server.adminPort}/commands/ruok`)
    expect(await answer.json()).toMatchObject({ command: 'ruok', error: null })
    await server.stop()
    expect(lines.some((line) => line.startsWith('zoonode is ready'))).toBe(true)
    expect(readdirSync(join(dataDirectory, 'version-2'))).toContain('state.db')
    rmSync(dataDirectory, { recursive: true })
  })

  test('that cannot start says why, and leaves nothing', async () => {
    await using server = await startServer()
    const failure = await startServer({ port: server.port }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ServerStartError)
    expect(String(failure)).toContain(`port ${server.port} of 127.0.0.1 is in use by another program`)
    await expect(startServer({ settings: { tickTime: 'often' } })).rejects.toThrow(/tickTime: "often" is not allowed/)

    // In a folder of its own, as other tests use that of the system meanwhile.
    const folder = mkdtempSync(join(tmpdir(), 'zoonode-leaves-'))
    const tries = `[{ port: ${server.port} }, { settings: { tickTime: 'often' } }]`
    const use = `for (const options of ${tries}) await startServer(options).then(() => process.exit(1), () => undefined)`
    const { code } = await runProgram(`import { startServer } from 'zoonode'; ${use}`, 'mjs', { TMPDIR: folder })
    const left = readdirSync(folder).filter((name) => name.startsWith('zoonode-test-'))
    rmSync(folder, { recursive: true })
    expect([code, left]).toEqual([0, []])
  })

  test.each([
    { extension: 'mjs' as const, load: "import { startServer } from 'zoonode'" },
    { extension: 'cjs' as const, load: "const { startServer } = require('zoonode')" }
  ])('does not keep its starter alive, and ends with it ($extension)', async ({ extension, load }) => {
    const use = 'startServer().then((server) => console.log(JSON.stringify([server.pid, server.dataDirectory])))'
    const { code, output } = await runProgram(`${load}; ${use}`, extension)
    expect(code).toBe(0)
    const [pid, directory] = JSON.parse(output) as [number, string]
    await until(() => !isAlive(pid) && !existsSync(directory))
  })

  test('ends, and removes its data, when its starter is killed', async () => {
    const source = `import { startServer } from 'zoonode'; setInterval(() => {}, 1000)
      const server = await startServer(); console.log(JSON.stringify([server.pid, server.dataDirectory]))`
    const { code, output } = await runProgram(source, 'mjs', {}, (text, end) => {
      if (text.includes('\n')) end()
    })
    expect(code).toBeNull()
    const [pid, directory] = JSON.parse(output) as [number, string]
    await until(() => !isAlive(pid) && !existsSync(directory))
  })
})
