import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { connect } from '../../../src/client/index.ts'
import { askWord, ServerProcess } from './server-process.ts'

jest.setTimeout(600_000)

/** Backups by their program, of server processes that are written to meanwhile. */

const TOOL = join(process.env.ZOONODE_HOME ?? join(__dirname, '..', '..', '..'), 'dist', 'bin', 'zkbackup.js')
const RESTORE_COUNT = 20

let folder: string
let backups: string
let server: ServerProcess

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-backup-'))
  backups = join(folder, 'backups')
  server = new ServerProcess(join(folder, 'server'), { snapCount: '3000', '4lw.commands.whitelist': '*' })
})

afterEach(async () => {
  await server.kill()
  rmSync(folder, { recursive: true, force: true })
})

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function tool(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [TOOL, ...args], { timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
  })
}

async function create(...options: readonly string[]): Promise<string> {
  const outcome = await tool('create', '--backups', backups, '--from', server.dataDir, ...options)
  expect([outcome.code, outcome.stderr.replaceAll(/^a full backup: .*\n/gm, '')]).toEqual([0, ''])
  return outcome.stdout
}

/** Zxids and the tree's digest after them, as the server that serves says. */
async function digestsOf(port: number): Promise<Map<bigint, bigint>> {
  const lines = (await askWord(port, 'hash')).split('\n')
  return new Map(
    lines.flatMap((line) => {
      const [, zxid, digest] = /^(?:0x)?([0-9a-f]+): (-?\d+)$/.exec(line) ?? []
      if (zxid === undefined || digest === undefined) return []
      return [[BigInt(`0x${zxid}`), BigInt.asUintN(64, BigInt(digest))] as const]
    })
  )
}

/** Znodes that come, change and go, until it is told to end. */
class Load {
  #isEnded = false
  readonly #done: Promise<void>
  writeCount = 0

  constructor(port: number) {
    this.#done = this.#run(port)
  }

  async end(): Promise<void> {
    this.#isEnded = true
    await this.#done
  }

  async #run(port: number): Promise<void> {
    const zk = await connect(`127.0.0.1:${port}`)
    await zk.create('/load').catch(() => undefined)
    const data = Buffer.alloc(300, 'x')
    for (let round = 0; !this.#isEnded; round++) {
      const paths = Array.from({ length: 50 }, (_, index) => `/load/${process.pid}-${port}-${round}-${index}`)
      await Promise.all(paths.map((path) => zk.create(path, data)))
      await Promise.all(paths.map((path, index) => zk.setData(path, `${round} ${index}`)))
      await Promise.all(paths.filter((_, index) => index % 3 === 0).map((path) => zk.delete(path)))
      this.writeCount += 117
    }
    await zk.close()
  }
}

test('20 restores at random zxids, from backups made under load, give the digest that the server had there', async () => {
  await server.start()
  const load = new Load(server.port)
  const recorded = new Map<bigint, bigint>()
  for (let round = 0; round < 6; round++) {
    const wanted = load.writeCount + 2000
    await until(() => load.writeCount >= wanted)
    await create()
    for (const [zxid, digest] of await digestsOf(server.port)) recorded.set(zxid, digest)
  }
  await load.end()
  await create()
  const first = firstZxidOf(backups)
  const candidates = [...recorded.keys()].filter((zxid) => zxid >= first)
  expect(candidates.length).toBeGreaterThan(RESTORE_COUNT)
  for (let count = 0; count < RESTORE_COUNT; count++) {
    const [zxid = 0n] = candidates.splice(Math.floor(Math.random() * candidates.length), 1)
    const target = join(folder, `restored-${count}`)
    const { code, stdout, stderr } = await tool('restore', '--backups', backups, '--to', target, '--zxid', String(zxid))
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`zxid 0x${zxid.toString(16)},`)
    expect(stdout).toContain(`tree digest 0x${recorded.get(zxid)?.toString(16)}: as recorded there`)
    rmSync(target, { recursive: true })
  }
})

test('a server goes on from what was restored, and one that was killed can be backed up as it lies there', async () => {
  await server.start()
  const zk = await connect(server.address)
  await zk.create('/kept', 'first')
  await create()
  // Whoever reads a server's files in its own process would give its lock away.
  const intruder = new ServerProcess(join(folder, 'intruder'), { dataDir: server.dataDir })
  await expect(intruder.start()).rejects.toThrow(/is in use by another server/)
  await zk.setData('/kept', 'second')
  const before = Date.now()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await zk.create('/later', 'x')
  await zk.close({ keepSession: true })
  await server.kill()
  expect(await create()).toMatch(/incremental, after 0x/)
  expect(await create()).toBe('there is nothing new to back up\n')

  const old = new ServerProcess(join(folder, 'old'), {})
  const restored = await tool(
    'restore',
    '--backups',
    backups,
    '--to',
    old.dataDir,
    '--time',
    new Date(before).toISOString()
  )
  expect([restored.code, restored.stderr]).toEqual([0, ''])
  await old.start()
  try {
    const other = await connect(old.address)
    expect(String((await other.getData('/kept')).data)).toBe('second')
    expect(await other.exists('/later')).toBeNull()
    await other.create('/goes-on', 'y')
    await other.close()
  } finally {
    await old.kill()
  }
})

test('a damaged backup is found, and nothing is restored from it', async () => {
  await server.start()
  const zk = await connect(server.address)
  for (let index = 0; index < 50; index++) await zk.create(`/n-${index}`, 'x'.repeat(100))
  await create()
  await zk.create('/more')
  await zk.close()
  await create()
  expect(await tool('verify', '--backups', backups)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('2 backups')
  })

  const [full = ''] = readdirSync(backups).filter((name) => name.includes('-full-'))
  const [log = ''] = readdirSync(join(backups, full)).filter((name) => name.startsWith('log.'))
  const path = join(backups, full, log)
  const bytes = readFileSync(path)
  const at = bytes.indexOf('xxxxxxxx')
  bytes[at] = 0x79
  copyFileSync(path, `${path}.right`)
  writeFileSync(path, bytes)

  expect(await tool('verify', '--backups', backups)).toMatchObject({
    code: 3,
    stdout: expect.stringContaining('its checksum is wrong')
  })
  const target = join(folder, 'restored')
  expect(await tool('restore', '--backups', backups, '--to', target)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not what was backed up')
  })
  expect(() => readdirSync(join(target, 'version-2'))).toThrow(/ENOENT/)
})

test('the server makes and prunes backups by itself', async () => {
  server = new ServerProcess(join(folder, 'scheduled'), {
    'backup.dir': backups,
    'backup.interval': '300ms',
    'backup.increments': '1',
    'backup.retainCount': '2'
  })
  await server.start()
  const load = new Load(server.port)
  const names = () => readdirSync(backups).filter((name) => /-(full|incr)-/.test(name))
  await until(() => server.output.includes('removed '), 60_000)
  await load.end()

  expect(server.output).toMatch(/backup: .*: incremental, after 0x/)
  expect(names().filter((name) => name.includes('-full-')).length).toBeLessThanOrEqual(3)
})

function firstZxidOf(directory: string): bigint {
  const [name = ''] = readdirSync(directory)
    .filter((entry) => entry.includes('-full-'))
    .sort()
  const manifest: unknown = JSON.parse(readFileSync(join(directory, name, 'manifest.json'), 'utf8'))
  return BigInt((manifest as { readonly fromZxid: string }).fromZxid)
}

async function until(condition: () => boolean, deadlineMs = 30_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error('it did not come so far in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
