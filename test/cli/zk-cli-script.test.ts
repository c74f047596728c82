import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'

// The script may have to compile the program first.
jest.setTimeout(600_000)

const SCRIPT = join(__dirname, '..', '..', 'bin', 'zkCli.sh')
const VERSION =
  /^Connecting to localhost:2181\nZooKeeper CLI version: 3\.9\.5-zoonode-\S+, built on [-\d]+ [:\d]+ UTC\n$/

interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode zkcli '))
})

afterEach(() => rmSync(folder, { recursive: true }))

function run(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
  const { PATH = '' } = process.env
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH, HOME: folder, USER: 'tester', ...env }, encoding: 'utf8' as const }
    const child = execFile(script, [...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
    child.stdin?.end()
  })
}

describe('zkCli.sh', () => {
  test('runs from any folder', async () => {
    const result = await run(SCRIPT, ['version'])

    expect(result).toEqual({ code: 0, stdout: expect.stringMatching(VERSION), stderr: '' })
  })

  test('runs through symbolic links, also to one another and relative ones', async () => {
    symlinkSync(SCRIPT, join(folder, 'first'))
    mkdirSync(join(folder, 'bin'))
    symlinkSync('../first', join(folder, 'bin', 'zk'))

    expect(await run(join(folder, 'bin', 'zk'), ['version'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('hands on arguments as they are, and the exit code', async () => {
    const result = await run(SCRIPT, ['-server', '127.0.0.1:1', 'no such command', '*'])

    expect(result.code).toBe(127)
    expect(result.stdout).toBe('Connecting to 127.0.0.1:1\n')
    expect(result.stderr).toContain('Command not found: Command not found no such command\n')
  })

  test('takes settings from the environment, and names what means nothing', async () => {
    const result = await run(SCRIPT, ['version'], { CLIENT_JVMFLAGS: '-Xmx100m -Djute.maxbuffer=many -verbose' })

    expect(result).toMatchObject({
      code: 1,
      stderr:
        'zkCli: options of a Java machine have no effect here: -verbose\n' +
        'jute.maxbuffer must be a whole number, not "many"\n'
    })
  })

  test('reads java.env in the configuration folder that it is given', async () => {
    writeFileSync(join(folder, 'java.env'), 'CLIENT_JVMFLAGS=-Dzookeeper.request.timeout=soon\n')

    const result = await run(SCRIPT, ['--config', folder, 'version'])

    expect(result).toMatchObject({ code: 1, stdout: 'Connecting to localhost:2181\n' })
    expect(result.stderr).toContain('zookeeper.request.timeout')
  })

  test('runs with the Node.js that it is told to', async () => {
    const node = join(folder, 'my node')
    writeFileSync(node, '#!/bin/sh\necho "told: $*"\n', { mode: 0o755 })

    const result = await run(SCRIPT, ['ls', '/'], { NODE: node })

    expect(result.stdout).toMatch(/^told: --max-old-space-size=256 \S*dist\/bin\/zkcli\.js ls \/\n$/)
  })
})
