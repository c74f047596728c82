import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { connect } from '../../../src/client/index.ts'
import { freePort } from '../../bin/script-runner.ts'
import { askWord, ServerProcess } from '../backup/server-process.ts'

jest.setTimeout(240_000)

/** An ensemble of three processes that loses two of them for good. */

const TOOL = join(process.env.ZOONODE_HOME ?? join(__dirname, '..', '..', '..'), 'dist', 'bin', 'zkrecoverquorum.js')
const MEMBERS = [1, 2, 3] as const

let folder: string
let servers: Map<number, ServerProcess>
let lines: Readonly<Record<string, string>>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-quorum-'))
  const ports: number[] = []
  while (ports.length < 6) {
    const port = await freePort()
    if (!ports.includes(port)) ports.push(port)
  }
  lines = Object.fromEntries(
    MEMBERS.map((id) => [`server.${id}`, `127.0.0.1:${ports[2 * id - 2]}:${ports[2 * id - 1]}:participant`])
  )
  servers = new Map(MEMBERS.map((id) => [id, member(id, lines)]))
})

afterEach(async () => {
  await Promise.all([...servers.values()].map((server) => server.kill()))
  rmSync(folder, { recursive: true, force: true })
})

function member(id: number, serverLines: Readonly<Record<string, string>>): ServerProcess {
  const settings = { initLimit: '20', syncLimit: '10', '4lw.commands.whitelist': '*', ...serverLines }
  const server = new ServerProcess(join(folder, `server-${id}`), settings)
  mkdirSync(server.dataDir, { recursive: true })
  writeFileSync(join(server.dataDir, 'myid'), `${id}\n`)
  return server
}

function get(id: number): ServerProcess {
  const server = servers.get(id)
  if (server === undefined) throw new Error(`there is no server ${id}`)
  return server
}

function recoverQuorum(id: number, ...options: readonly string[]) {
  const args = [TOOL, '--config', get(id).configFile, ...options]
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
  })
}

async function modeOf(id: number): Promise<string | null> {
  const answer = await askWord(get(id).port, 'srvr').catch(() => '')
  return /^Mode: (\w+)$/m.exec(answer)?.[1] ?? null
}

async function zxidOf(id: number): Promise<bigint> {
  return BigInt(/^Zxid: (0x[0-9a-f]+)$/m.exec(await askWord(get(id).port, 'srvr'))?.[1] ?? '0')
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 60_000
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function serving(...ids: readonly number[]): Promise<void> {
  await until(`servers ${ids.join(' ')} serve`, async () => {
    const modes = await Promise.all(ids.map(modeOf))
    return modes.every((mode) => mode !== null)
  })
}

test('one command brings the last member back, with all that it has, and the others follow it', async () => {
  await Promise.all(MEMBERS.map((id) => get(id).start()))
  await serving(...MEMBERS)
  const zk = await connect(get(1).address)
  for (let index = 0; index < 40; index++) await zk.create(`/n-${index}`, `data ${index}`)
  await zk.close()
  await until('server 1 has all', async () => (await zxidOf(1)) >= (await zxidOf(2)))

  expect(await recoverQuorum(1, '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is in use by another server')
  })
  await get(1).kill()
  expect(await recoverQuorum(1, '--yes')).toMatchObject({
    code: 4,
    stderr: 'server 2, server 3 can be reached, and they are a quorum without this server: start it, and it follows\n'
  })
  // What server 1 never heard of, and is lost with the others.
  const late = await connect(get(2).address)
  await late.create('/late', 'x')
  await late.close()
  await get(3).kill()
  expect(await recoverQuorum(1, '--yes')).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/^server 2 can be reached, and with/)
  })
  await get(2).kill()

  const dry = await recoverQuorum(1, '--dry-run')
  expect(dry.code).toBe(0)
  expect(dry.stdout).toMatch(/^server 1 has: last zxid 0x\d+[0-9a-f]{8}, 44 znodes \(0 ephemeral\)/)
  expect(dry.stdout).toContain('server 2 (participant, 127.0.0.1): cannot be reached\n')
  expect(dry.stdout).toMatch(/every write behind 0x[0-9a-f]+ that the others acknowledged/)
  expect(existsSync(join(get(1).dataDir, 'version-2/state.db'))).toBe(true)
  expect(await recoverQuorum(1)).toMatchObject({ code: 4, stderr: expect.stringContaining('nothing was changed') })

  const done = await recoverQuorum(1, '--yes')
  expect([done.code, done.stderr]).toEqual([0, ''])
  expect(readdirSync(get(1).dataDir).filter((name) => name.startsWith('version-2.before-recovery.'))).toHaveLength(1)
  expect(readFileSync(get(1).configFile, 'utf8')).not.toMatch(/^server\./m)

  await get(1).restart()
  await serving(1)
  expect(await modeOf(1)).toBe('standalone')
  expect((await zxidOf(1)) >> 32n).toBeGreaterThanOrEqual(1000n)
  const back = await connect(get(1).address)
  expect(String((await back.getData('/n-39')).data)).toBe('data 39')
  expect(await back.exists('/late')).toBeNull()
  expect(String((await back.getData('/zookeeper/config')).data)).toMatch(/^server\.1=.*\nversion=3[0-9a-f]{10}$/)
  await back.create('/after', 'recovery')
  await back.close()
  await get(1).stop()

  // Server 2 comes back with its old data, against the advice: it takes over server 1's history.
  const two = Object.fromEntries(Object.entries(lines).filter(([key]) => key !== 'server.3'))
  servers.set(1, member(1, two))
  servers.set(2, member(2, two))
  cpSync(join(get(2).dataDir), join(folder, 'old-2'), { recursive: true })
  await Promise.all([get(1).start(), get(2).start()])
  await serving(1, 2)
  expect(await modeOf(1)).toBe('leader')
  const follower = await connect(get(2).address)
  expect(String((await follower.getData('/after')).data)).toBe('recovery')
  expect(await follower.exists('/late')).toBeNull()
  await follower.create('/both')
  await follower.close()
})

test('a standalone server needs no recovery', async () => {
  servers.set(1, new ServerProcess(join(folder, 'alone'), {}))
  await get(1).start()
  await get(1).stop()

  expect(await recoverQuorum(1)).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('is that of a standalone server')
  })
})
