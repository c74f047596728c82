import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { type RunningServer, startServer } from '../../interop/differential/servers.ts'
import { freePort } from '../../interop/harness/free-port.ts'
import { connect, type ZooKeeper } from '../../src/client/index.ts'

const AS_ANYBODY = { Authorization: 'digest any:body' }

let server: RunningServer | undefined
const clients: ZooKeeper[] = []

afterEach(async () => {
  await Promise.allSettled(clients.splice(0).map((client) => client.close()))
  await server?.stop()
  server = undefined
})

async function start(): Promise<{ target: RunningServer; url: string }> {
  const adminPort = await freePort()
  const settings = {
    'admin.enableServer': 'true',
    'admin.serverPort': String(adminPort),
    'admin.rateLimiterIntervalInMS': '0'
  }
  const target = await startServer('zoonode', {
    projectRoot: join(__dirname, '../..'),
    settings,
    parentFolder: tmpdir()
  })
  server = target
  return { target, url: `http://127.0.0.1:${adminPort}/commands` }
}

async function clientOf({ port }: RunningServer): Promise<ZooKeeper> {
  const client = await connect(`127.0.0.1:${port}`, { sessionTimeoutMs: 20_000 })
  clients.push(client)
  return client
}

async function snapshotOf(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${url}/snapshot`, { headers: AS_ANYBODY })
  expect(response.status).toBe(200)
  return new Uint8Array(await response.arrayBuffer())
}

async function restore(url: string, body: Uint8Array<ArrayBuffer>): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${url}/restore`, { method: 'POST', headers: AS_ANYBODY, body })
  return { status: response.status, answer: await response.json() }
}

test('a restore brings everything back as it was, for clients that go on and after a crash', async () => {
  const { target, url } = await start()
  const owner = await clientOf(target)
  await owner.create('/kept', 'before')
  await owner.create('/ephemeral', null, { mode: 'ephemeral' })
  const { stat } = await owner.getData('/kept')
  const snapshot = await snapshotOf(url)
  await owner.setData('/kept', 'after')
  await owner.create('/later')

  const { status, answer } = await restore(url, snapshot)

  expect(status).toBe(200)
  expect(answer).toMatchObject({ command: 'restore', error: null, last_zxid: expect.any(Number) })
  // The session is in the snapshot: its client comes back to it, with what it owned, and has seen nothing newer.
  expect(String((await owner.getData('/kept')).data)).toBe('before')
  expect((await owner.getData('/kept')).stat).toEqual(stat)
  expect(await owner.getEphemerals('/')).toEqual(['/ephemeral'])
  expect(await owner.exists('/later')).toBeNull()
  await owner.create('/new')

  await target.restart()

  const other = await clientOf(target)
  expect((await other.getChildren('/')).sort()).toEqual(['ephemeral', 'kept', 'new', 'zookeeper'])
  expect((await other.getData('/kept')).stat).toEqual(stat)
}, 300_000)

test('what is no snapshot, or not a whole one, changes nothing', async () => {
  const { target, url } = await start()
  const client = await clientOf(target)
  await client.create('/kept', 'x')
  const snapshot = await snapshotOf(url)
  const flipped = snapshot.slice()
  flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1

  const tries = [new Uint8Array(0), new TextEncoder().encode('no snapshot'), snapshot.slice(0, -7), flipped]
  const statuses: number[] = []
  for (const bytes of tries) statuses.push((await restore(url, bytes)).status)

  expect(statuses).toEqual([500, 500, 500, 500])
  expect(String((await client.getData('/kept')).data)).toBe('x')
  await client.create('/goes-on')
}, 300_000)
