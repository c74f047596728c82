import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { connect, type ZooKeeper } from '../../../src/client/index.ts'
import { logTool } from '../../../src/tools/log/main.ts'
import { ServerProcess } from '../backup/server-process.ts'
import { PrintedText, refusalOf } from '../tool-support.ts'

jest.setTimeout(300_000)

/** Questions to the log of a server process that runs meanwhile. */

let folder: string
let server: ServerProcess
let one: ZooKeeper
let two: ZooKeeper
let auditFile: string
/** As the server told the clients. */
const zxids = { created: 0n, changed: 0n, again: 0n }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-log-test-'))
  server = new ServerProcess(join(folder, 'server'), {
    snapCount: '40',
    'audit.enable': 'true',
    'log.dir': folder
  })
  await server.start()
  one = await connect(server.address)
  two = await connect(server.address, { auth: [{ scheme: 'digest', auth: 'ann:secret' }] })
  await one.create('/app')
  await one.create('/app/x', 'four')
  zxids.created = (await statOf('/app/x')).czxid
  for (let index = 0; index < 150; index++)
    await two.create(`/bulk-${index % 3}${index < 3 ? '' : `/n-${index}`}`, 'x'.repeat(20))
  await two.setData('/app/x', 'other')
  zxids.changed = (await statOf('/app/x')).mzxid
  await one.transaction().create('/app/y').setData('/app/x', '').create('/app/e', '', { mode: 'ephemeral' }).commit()
  zxids.again = (await statOf('/app/x')).mzxid
  await one
    .transaction()
    .create('/app/never')
    .delete('/not-there')
    .commit()
    .catch(() => undefined)
  await one.delete('/app/x')
  await one.close()
  auditFile = join(folder, 'zookeeper_audit.log')
})

afterAll(async () => {
  await two.close()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function statOf(path: string): Promise<{ readonly czxid: bigint; readonly mzxid: bigint }> {
  const stat = await one.exists(path)
  if (stat === null) throw new Error(`${path} is not there`)
  return stat
}

async function ask(...args: readonly string[]): Promise<string> {
  const out = new PrintedText()
  await logTool([...args, '--from', server.dataDir], out)
  return out.text
}

async function askJson(...args: readonly string[]): Promise<Record<string, unknown>[]> {
  return JSON.parse(await ask(...args, '--json'))
}

function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`
}

function indexNames(): string[] {
  return readdirSync(join(server.dataDir, 'version-2')).filter((name) => name.endsWith('.index.db'))
}

test('tells who created, changed and deleted a znode, newest first', async () => {
  const events = await askJson('path', '/app/x', '--audit', auditFile)
  const [first, second] = [events.at(-1)?.session, events.at(-2)?.session]

  expect(events).toMatchObject([
    { operation: 'delete', session: first },
    { operation: 'setData', session: first, zxid: hex(zxids.again), version: 2, bytes: 0 },
    { operation: 'setData', session: second, zxid: hex(zxids.changed), version: 1, bytes: 5 },
    { operation: 'create', session: first, zxid: hex(zxids.created), bytes: 4, path: '/app/x' }
  ])
  expect(second).toBe(hex(two.session?.id ?? 0n))
  expect(events[2]).toMatchObject({ users: ['127.0.0.1,ann'], addresses: ['127.0.0.1'] })
})

test("knows users by the server's own audit log, where a configuration says that there is one", async () => {
  const out = new PrintedText()
  await logTool(['path', '/app/x', '--json', '--config', server.configFile], out)

  expect(JSON.parse(out.text)[2]).toMatchObject({ users: ['127.0.0.1,ann'], addresses: ['127.0.0.1'] })
})

test('of a subtree, of a part of the time, and as a table', async () => {
  const events = await askJson('path', '/app', '--recursive')
  const at = (path: string) => events.filter((event) => event.path === path).map(({ operation }) => operation)

  expect(at('/app/e')).toEqual(['delete (session closed)', 'create'])
  expect(at('/app/y')).toEqual(['create'])
  expect(at('/app')).toEqual(['create'])
  expect(at('/app/never')).toEqual([])
  const times = events.map(({ time }) => String(time))
  expect(times).toEqual([...times].sort().reverse())
  expect(await askJson('path', '/app', '--recursive', '--until', '2001-01-01T00:00:00Z')).toEqual([])
  expect(await askJson('path', '/app', '--recursive', '--since', times[0] ?? '', '--limit', '1')).toHaveLength(1)
  expect(await ask('path', '/app/y')).toMatch(
    /^TIME +ZXID +SESSION +USER +ADDRESS +OPERATION +VERSION +BYTES +PATH\n\d{4}-\S+Z +0x\S+ +0x\S+ +create +0 +\/app\/y\n$/
  )
  expect(await ask('path', '/nowhere')).toBe('the log has nothing about /nowhere\n')
})

test('tells who writes most, and where', async () => {
  const [most, next] = await askJson('writers')
  expect(most).toMatchObject({
    session: hex(two.session?.id ?? 0n),
    creates: 150,
    changes: 1,
    errors: 0,
    txnCount: 152
  })
  expect(most?.bytes).toBe(150 * 20 + 5)
  expect(next).toMatchObject({ creates: 4, changes: 1, deletes: 2, errors: 1, closed: expect.any(String) })

  const subtrees = await askJson('subtrees')
  expect(subtrees[0]).toEqual({ path: '/bulk-0', writes: 50, bytes: 1000, creates: 50, deletes: 0, growth: 50 })
  expect(subtrees.at(-1)).toEqual({ path: '/app', writes: 8, bytes: 9, creates: 4, deletes: 2, growth: 2 })
  expect(await ask('subtrees', '--under', '/bulk-0')).toBe('nothing was written below a path of this level\n')
})

test('the index of each closed segment is made once, and anew if it is not its own', async () => {
  await ask('writers')
  const names = indexNames()
  const segments = readdirSync(join(server.dataDir, 'version-2')).filter((name) => /^log\.[0-9a-f]+\.db$/.test(name))
  // All but the last one; how many there are depends on how soon each snapshot is done.
  expect(names.length).toBeGreaterThan(0)
  expect(names.length).toBe(segments.length - 1)
  const [name = ''] = names
  const path = join(server.dataDir, 'version-2', name)
  const { mtimeMs, ino } = statSync(path)
  const before = await ask('writers')
  expect(statSync(path)).toMatchObject({ mtimeMs, ino })

  writeFileSync(path, 'nothing that could be read')
  expect(await ask('writers')).toBe(before)
  expect(statSync(path).size).toBeGreaterThan(4096)
})

test('refuses what it does not understand', async () => {
  const says = (...args: string[]) => refusalOf(() => logTool(args, new PrintedText()))

  expect(await says()).toMatch(/^2: zkLog: what is asked\?\nusage: /)
  expect(await says('path')).toMatch(/^2: zkLog: path takes one path/)
  expect(await says('path', 'x')).toMatch(/^2: zkLog: a path begins with/)
  expect(await says('writers', '--since', '1')).toMatch(/^2: zkLog: --since is not for writers/)
  expect(await says('writers')).toMatch(/^2: zkLog: which data\?/)
})
