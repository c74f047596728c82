import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { connect } from '../../../src/client/index.ts'
import type { ServerProcess } from '../backup/server-process.ts'
import { EnsembleProcesses, until } from '../ensemble-processes.ts'

jest.setTimeout(600_000)

/** An ensemble of three processes that loses two of them for good. */

const TOOL = join(process.env.ZOONODE_HOME ?? join(__dirname, '..', '..', '..'), 'dist', 'bin', 'zkrecoverquorum.js')

let ensemble: EnsembleProcesses

beforeEach(async () => {
  ensemble = await EnsembleProcesses.plan()
})

afterEach(() => ensemble.dispose())

function get(id: number): ServerProcess {
  return ensemble.get(id)
}

function recoverQuorum(id: number, ...options: readonly string[]) {
  const args = [TOOL, '--config', get(id).configFile, ...options]
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
  })
}

test('one command brings the last member back, with all that it has, and the others follow it', async () => {
  await ensemble.startAll()
  const zk = await connect(get(1).address)
  for (let index = 0; index < 40; index++) await zk.create(`/n-${index}`, `data ${index}`)
  await zk.close()
  await until('server 1 has all', async () => (await ensemble.zxidOf(1)) >= (await ensemble.zxidOf(2)))

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
  await ensemble.serving(1)
  expect(await ensemble.modeOf(1)).toBe('standalone')
  expect((await ensemble.zxidOf(1)) >> 32n).toBeGreaterThanOrEqual(1000n)
  const back = await connect(get(1).address)
  expect(String((await back.getData('/n-39')).data)).toBe('data 39')
  expect(await back.exists('/late')).toBeNull()
  expect(String((await back.getData('/zookeeper/config')).data)).toMatch(/^server\.1=.*\nversion=3[0-9a-f]{10}$/)
  await back.create('/after', 'recovery')
  await back.close()
  await get(1).stop()

  // Server 2 comes back with its old data, against the advice: it takes over server 1's history.
  const two = Object.fromEntries(Object.entries(ensemble.lines).filter(([key]) => key !== 'server.3'))
  ensemble.replace(1, two)
  ensemble.replace(2, two)
  await Promise.all([get(1).start(), get(2).start()])
  await ensemble.serving(1, 2)
  expect(await ensemble.modeOf(1)).toBe('leader')
  const follower = await connect(get(2).address)
  expect(String((await follower.getData('/after')).data)).toBe('recovery')
  expect(await follower.exists('/late')).toBeNull()
  await follower.create('/both')
  await follower.close()
})

test('a standalone server needs no recovery', async () => {
  ensemble.replace(1, {})
  await get(1).start()
  await get(1).stop()

  expect(await recoverQuorum(1)).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('is that of a standalone server')
  })
})
