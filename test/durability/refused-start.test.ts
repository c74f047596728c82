import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { ServerSettings } from './server-folder.ts'
import { ServerFolder } from './server-folder.ts'

jest.setTimeout(300_000)

/** As upstream's ExitCode: what it does not name is 1. */
const Exit = { unexpected: 1, badConfig: 2, dataDir: 3, electionPort: 14 } as const
/** A user without rights, where this runs as root; else whoever runs it has none. */
const isRoot = process.getuid?.() === 0
const plainUser: ServerSettings = isRoot ? { userId: 65_534 } : {}
const firstFreePort = firstUnprivilegedPort()
const lowPortTest = firstFreePort > 1 ? test : test.skip

let folder: ServerFolder
let taken: Server | null = null

beforeEach(() => {
  folder = new ServerFolder()
  chmodSync(folder.path, 0o755)
})

afterEach(async () => {
  taken?.close()
  taken = null
  await folder.dispose()
})

/** Linux only; everywhere else the ports below 1024 are taken for privileged. */
function firstUnprivilegedPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  } catch {
    return 1024
  }
}

/** Exit code and the one line that a server says that cannot start. */
async function refusal(settings: ServerSettings): Promise<{ code: number | null; line: string }> {
  const server = await folder.launch(settings)
  const { code } = await server.ended
  expect(server.output).toBe(server.errors)
  expect(server.errors).toMatch(/^zoonode: [^\n]+\n$/)
  return { code, line: server.errors.trim() }
}

async function takePort(): Promise<number> {
  const server = createServer()
  taken = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

describe('a server that cannot start says why in one line', () => {
  test('when its port is in use', async () => {
    const clientPort = await takePort()

    const { code, line } = await refusal({ config: { clientPort } })

    expect(line).toBe(`zoonode: port ${clientPort} of 127.0.0.1 is in use by another program`)
    expect(code).toBe(Exit.unexpected)
  })

  test.each([
    { host: '127.0.0.1', why: 'is in use by another program' },
    { host: '192.0.2.1', why: '192.0.2.1 is no address of this machine' }
  ])('when its election port at $host cannot be bound, with an exit code of its own', async ({ host, why }) => {
    const electionPort = await takePort()
    mkdirSync(folder.dataDir)
    writeFileSync(join(folder.dataDir, 'myid'), '1')
    const members = { 'server.1': `${host}:1:${electionPort}`, 'server.2': '127.0.0.1:1:2' }
    const limits = { initLimit: 10, syncLimit: 5, electionPortBindRetry: 1 }

    const server = await folder.launch({ config: { ...members, ...limits } })
    const { code } = await server.ended

    expect(server.errors).toMatch(/^zoonode: the election port cannot be opened: [^\n]+\n$/)
    expect(server.errors).toContain(why)
    expect(code).toBe(Exit.electionPort)
  })

  lowPortTest('when it has no permission to listen', async () => {
    const clientPort = firstFreePort - 1
    // The data directory is not the reason.
    mkdirSync(folder.dataDir)
    chmodSync(folder.dataDir, 0o777)

    const { code, line } = await refusal({ config: { clientPort }, ...plainUser })

    expect(line).toBe(`zoonode: no permission to listen on port ${clientPort} of 127.0.0.1`)
    expect(code).toBe(Exit.unexpected)
  })

  test('when its address is none of this machine', async () => {
    const { code, line } = await refusal({ config: { clientPortAddress: '192.0.2.1' } })

    expect(line).toBe('zoonode: 192.0.2.1 is no address of this machine')
    expect(code).toBe(Exit.unexpected)
  })

  test('when it may not write to the data directory', async () => {
    mkdirSync(folder.dataDir)
    chmodSync(folder.dataDir, 0o555)

    const { code, line } = await refusal(plainUser)

    expect(line).toContain(folder.dataDir)
    expect(line).toMatch(/EACCES.*check the path and its permissions/)
    expect(code).toBe(Exit.dataDir)
  })

  test('when it may not read the files of another user in it', async () => {
    const first = await folder.start()
    await first.stop()
    chmodSync(folder.dataDir, 0o777)
    chmodSync(join(folder.dataDir, 'version-2'), 0o777)
    chmodSync(join(folder.dataDir, 'version-2', 'state.db'), isRoot ? 0o600 : 0o000)

    const { code, line } = await refusal(plainUser)

    expect(line).toContain('state.db')
    expect(line).toMatch(/check the path and its permissions/)
    expect(code).toBe(Exit.dataDir)
  })

  test('when its data directory is a file', async () => {
    writeFileSync(folder.dataDir, '')

    const { code, line } = await refusal({})

    expect(line).toContain(folder.dataDir)
    expect(code).toBe(Exit.dataDir)
  })

  test.each([
    { key: 'tickTime', value: 'often' },
    { key: 'clientPort', value: '99999' },
    { key: 'autopurge.snapRetainCount', value: 'some' }
  ])('when $key is $value, with file and line', async ({ key, value }) => {
    const { code, line } = await refusal({ config: { [key]: value } })

    expect(line).toMatch(/zoo\.cfg:\d+/)
    expect(line).toContain(key)
    expect(line).toContain(value)
    expect(code).toBe(Exit.badConfig)
  })
})
