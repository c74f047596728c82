import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import {
  type ClientOptions,
  connect,
  deleteSubtree,
  listSubtree,
  NoNodeError,
  Perm,
  READ_ACL_UNSAFE,
  visitSubtree,
  type WatchedEvent,
  type ZooKeeper
} from '../../src/client/index.ts'
import { OwnServer } from './own-server.ts'
import { until } from './until.ts'

jest.setTimeout(300_000)

/** Long: no session ends, and no connection is given up, because the machine is busy. */
const SESSION_TIMEOUT_MS = 60_000
const server = new OwnServer({ maxSessionTimeout: String(SESSION_TIMEOUT_MS) })
const clients: ZooKeeper[] = []
/** Those of single tests. */
const servers: OwnServer[] = []
let client: ZooKeeper

async function open(options: ClientOptions = {}, chroot = ''): Promise<ZooKeeper> {
  const opened = await connect(server.address + chroot, { sessionTimeoutMs: SESSION_TIMEOUT_MS, ...options })
  clients.push(opened)
  return opened
}

beforeAll(() => server.start())
afterAll(() => server.stop())

beforeEach(async () => {
  client = await open()
  for (const name of await client.getChildren('/')) if (name !== 'zookeeper') await deleteSubtree(client, `/${name}`)
})

afterEach(async () => {
  await Promise.all(clients.splice(0).map((one) => one.close()))
  await Promise.all(servers.splice(0).map((one) => one.stop()))
})

describe('nodes', () => {
  test('are created, read, changed and deleted', async () => {
    expect(await client.create('/a', 'one')).toBe('/a')
    const { data, stat } = await client.getData('/a')
    const changed = await client.setData('/a', Buffer.from('two'), stat.version)

    expect(String(data)).toBe('one')
    expect(stat).toMatchObject({ version: 0, dataLength: 3, numChildren: 0, ephemeralOwner: 0n })
    expect(stat.czxid).toBe(stat.mzxid)
    expect(changed).toMatchObject({ version: 1, czxid: stat.czxid, ctime: stat.ctime })
    expect(changed.mzxid).toBeGreaterThan(stat.mzxid)
    await expect(client.delete('/a', 0)).rejects.toMatchObject({ code: 'BAD_VERSION', path: '/a' })
    await client.delete('/a', 1)
    expect(await client.exists('/a')).toBeNull()
    await expect(client.getData('/a')).rejects.toBeInstanceOf(NoNodeError)
  })

  test('of every kind can be created', async () => {
    await client.create('/k')

    expect(await client.create('/k/s-', null, { mode: 'persistentSequential' })).toBe('/k/s-0000000000')
    expect(await client.create('/k/', null, { mode: 'persistentSequential' })).toBe('/k/0000000001')
    const ephemeral = await client.create2('/k/e', 'x', { mode: 'ephemeral' })
    expect(ephemeral).toMatchObject({ path: '/k/e', stat: { ephemeralOwner: client.session?.id, dataLength: 1 } })
    expect(await client.create('/k/es-', null, { mode: 'ephemeralSequential' })).toBe('/k/es-0000000003')
    expect(await client.create2('/k/c', null, { mode: 'container' })).toMatchObject({ path: '/k/c' })
    expect(await client.create('/k/t', null, { mode: 'persistentWithTtl', ttlMs: 60_000 })).toBe('/k/t')
    const sequential = await client.create2('/k/ts-', null, { mode: 'persistentSequentialWithTtl', ttlMs: 60_000 })
    expect(sequential.path).toBe('/k/ts-0000000006')
    expect((await client.getEphemerals()).sort()).toEqual(['/k/e', '/k/es-0000000003'])
    expect(await client.getEphemerals('/k/es')).toEqual(['/k/es-0000000003'])
    await expect(client.create('/k/e/x')).rejects.toMatchObject({ code: 'NO_CHILDREN_FOR_EPHEMERALS' })
  })

  test('keep no data apart from empty data', async () => {
    await client.create('/null')
    await client.create('/empty', '')

    expect((await client.getData('/null')).data).toBeNull()
    expect((await client.getData('/empty')).data).toEqual(Buffer.alloc(0))
  })

  test('are listed and counted', async () => {
    for (const path of ['/l', '/l/a', '/l/b', '/l/b/c']) await client.create(path)

    const { children, stat } = await client.getChildren2('/l')

    expect(children.sort()).toEqual(['a', 'b'])
    expect(stat).toMatchObject({ numChildren: 2, cversion: 2 })
    expect((await client.getChildren('/l')).sort()).toEqual(['a', 'b'])
    expect(await client.getAllChildrenNumber('/l')).toBe(3)
    expect(await client.sync('/l')).toBe('/l')
  })

  test('have access control lists', async () => {
    const reader = await open()
    await client.addAuth('digest', 'user:secret')
    await client.create('/acl', 'x', { acl: [{ perms: Perm.all, scheme: 'auth', id: '' }] })
    await expect(reader.getData('/acl')).rejects.toMatchObject({ code: 'NO_AUTH', path: '/acl' })

    const { acl, stat } = await client.getAcl('/acl')
    const changed = await client.setAcl('/acl', [...acl, ...READ_ACL_UNSAFE], stat.aversion)

    const hash = createHash('sha1').update('user:secret').digest('base64')
    expect(acl).toEqual([{ perms: Perm.all, scheme: 'digest', id: `user:${hash}` }])
    expect(changed.aversion).toBe(1)
    expect(String((await reader.getData('/acl')).data)).toBe('x')
    await expect(reader.setData('/acl', 'y')).rejects.toMatchObject({ code: 'NO_AUTH' })
    expect(await client.whoAmI()).toEqual(
      expect.arrayContaining([
        { scheme: 'ip', user: '127.0.0.1' },
        { scheme: 'digest', user: 'user' }
      ])
    )
  })
})

describe('transactions', () => {
  test('do all of their operations, and answer each', async () => {
    await client.create('/t', 'old')

    const results = await client
      .transaction()
      .check('/t', 0)
      .create('/t/a', 'x')
      .create('/t/s-', null, { mode: 'persistentSequential' })
      .create('/t/c', null, { mode: 'container' })
      .setData('/t', 'new')
      .delete('/t/a')
      .commit()

    expect(results).toMatchObject([
      { kind: 'check' },
      { kind: 'create', path: '/t/a', stat: { dataLength: 1 } },
      { kind: 'create', path: '/t/s-0000000001' },
      { kind: 'create', path: '/t/c' },
      { kind: 'setData', stat: { version: 1 } },
      { kind: 'delete' }
    ])
    expect(await client.getChildren('/t')).toHaveLength(2)
  })

  test('do nothing if one operation fails, and say which', async () => {
    const failing = client.transaction().create('/t').delete('/missing').create('/t/x').commit()

    await expect(failing).rejects.toMatchObject({
      code: 'NO_NODE',
      path: '/missing',
      transaction: { index: 1, errors: [0, -101, -2] }
    })
    expect(await client.exists('/t')).toBeNull()
  })

  test('are sent once', async () => {
    const transaction = client.transaction().create('/t')
    await transaction.commit()

    expect(() => transaction.commit()).toThrow('sent already')
  })

  test('may be empty', async () => {
    expect(await client.transaction().commit()).toEqual([])
  })
})

test('several reads go in one request, and fail one by one', async () => {
  await client.create('/r', 'x')
  await client.create('/r/c')

  const results = await client.multiRead([
    { kind: 'getData', path: '/r' },
    { kind: 'getData', path: '/missing' },
    { kind: 'getChildren', path: '/r' }
  ])

  expect(results).toMatchObject([
    { kind: 'getData', data: Buffer.from('x'), stat: { numChildren: 1 } },
    { kind: 'error', error: { code: 'NO_NODE', path: '/missing' } },
    { kind: 'getChildren', children: ['c'] }
  ])
})

describe('watches', () => {
  test('tell of the next change, once', async () => {
    const events: string[] = []
    const watch = ({ type, path }: WatchedEvent) => events.push(`${type} ${path}`)
    await client.exists('/w', { watch })
    await client.create('/w')
    await client.getData('/w', { watch })
    await client.getChildren('/w', { watch })
    await client.create('/w/c')
    await client.setData('/w', 'x')
    await client.setData('/w', 'y')

    expect(events).toEqual(['nodeCreated /w', 'nodeChildrenChanged /w', 'nodeDataChanged /w'])
  })

  test('that are persistent tell of every change, until they are removed', async () => {
    const events: string[] = []
    const note = (name: string) => (event: WatchedEvent) => events.push(`${name} ${event.type} ${event.path}`)
    await client.create('/w')
    await client.addWatch('/w', 'persistent', note('P'))
    await client.addWatch('/w', 'persistentRecursive', note('R'))
    await client.create('/w/c')
    await client.setData('/w/c', 'x')
    await client.removeWatches('/w', { type: 'persistent' })
    await client.delete('/w/c')
    await client.removeWatches('/w')
    await client.delete('/w')

    expect(events).toEqual([
      'R nodeCreated /w/c',
      'P nodeChildrenChanged /w',
      'R nodeDataChanged /w/c',
      'P persistentWatchRemoved /w',
      'R nodeDeleted /w/c',
      'R persistentWatchRemoved /w'
    ])
    await expect(client.removeWatches('/w')).rejects.toMatchObject({ code: 'NO_WATCHER' })
  })

  test('tell by their zxid which transaction it was', async () => {
    const events: WatchedEvent[] = []
    await client.exists('/w', { watch: (event) => events.push(event) })

    const { stat } = await client.create2('/w')

    expect(events).toEqual([{ type: 'nodeCreated', path: '/w', zxid: stat.czxid, connected: true }])
  })
})

describe('a session', () => {
  test('and its watches and identities outlive the server', async () => {
    const own = new OwnServer()
    servers.push(own)
    await own.start()
    const survivor = await connect(own.address, { sessionTimeoutMs: 10_000, reconnectDelayMsMax: 20 })
    clients.push(survivor)
    const events: string[] = []
    await survivor.addAuth('digest', 'user:secret')
    await survivor.create('/e', 'x', { mode: 'ephemeral', acl: [{ perms: Perm.all, scheme: 'auth', id: '' }] })
    await survivor.getData('/e', { watch: ({ type }) => events.push(type) })
    const id = survivor.session?.id
    await own.kill()
    await until('the loss is noticed', () => survivor.state !== 'connected')

    await own.start()
    await survivor.connected(10_000)
    await survivor.setData('/e', 'y')

    expect(survivor.session?.id).toBe(id)
    expect((await survivor.getData('/e')).stat.ephemeralOwner).toBe(id)
    expect(events).toEqual(['nodeDataChanged'])
  })

  test('ends with close, and its ephemeral nodes with it', async () => {
    const other = await open()
    await other.create('/e', null, { mode: 'ephemeral' })

    await other.close()

    expect(await client.exists('/e')).toBeNull()
  })

  test('can be handed to another client', async () => {
    const first = await open()
    await first.create('/e', null, { mode: 'ephemeral' })
    const session = first.session
    await first.close({ keepSession: true })
    expect(await client.exists('/e')).not.toBeNull()

    const second = await open(session === null ? {} : { session })

    expect(second.session?.id).toBe(session?.id)
    expect(await second.getEphemerals()).toEqual(['/e'])
  })

  test('that expires takes its ephemeral nodes with it', async () => {
    const short = await open({ sessionTimeoutMs: 400 })
    await short.create('/e', null, { mode: 'ephemeral' })
    const gone = new Promise<string>((resolve, reject) => {
      client.exists('/e', { watch: ({ type }) => resolve(type) }).catch(reject)
    })

    await short.close({ keepSession: true })

    expect(await gone).toBe('nodeDeleted')
  })
})

describe('a chroot', () => {
  test('is the root of what the client sees', async () => {
    await client.create('/app')
    const inside = await open({}, '/app')
    const events: WatchedEvent[] = []
    await inside.addWatch('/', 'persistentRecursive', (event) => events.push(event))

    await inside.create('/n', 'x')
    const results = await inside.transaction().create('/m').setData('/n', 'y').commit()

    expect((await inside.getChildren('/')).sort()).toEqual(['m', 'n'])
    expect(results).toMatchObject([{ path: '/m' }, { kind: 'setData' }])
    expect(await client.exists('/app/n')).not.toBeNull()
    expect(events.map(({ type, path }) => `${type} ${path}`)).toEqual([
      'nodeCreated /n',
      'nodeCreated /m',
      'nodeDataChanged /n'
    ])
    expect(String((await inside.getConfig()).data)).toBe(String((await client.getConfig()).data))
  })
})

describe('a subtree', () => {
  const paths = ['/s', '/s/a', '/s/b', '/s/a/x', '/s/a/y', '/s/b/z']

  beforeEach(async () => {
    for (const path of paths) await client.create(path)
  })

  test('is listed parents first', async () => {
    const found = await listSubtree(client, '/s')

    expect([...found].sort()).toEqual([...paths].sort())
    for (const [index, path] of found.entries()) {
      expect(found.slice(0, index + 1)).toContain(path.slice(0, path.lastIndexOf('/')) || '/s')
    }
  })

  test('is visited in the order of upstream: all children, then what is below each', async () => {
    const visited: string[] = []

    await visitSubtree(client, '/s', (path) => {
      visited.push(path)
    })

    expect(visited).toEqual(['/s', '/s/a', '/s/b', '/s/a/x', '/s/a/y', '/s/b/z'])
  })

  test.each([1, 4, 1000, 0])('is deleted, %i nodes in a transaction', async (batchCount) => {
    expect(await deleteSubtree(client, '/s', batchCount)).toBe(true)
    expect(await client.exists('/s')).toBeNull()
  })

  test('that is not there cannot be deleted', async () => {
    await expect(deleteSubtree(client, '/none')).rejects.toMatchObject({ code: 'NO_NODE', path: '/none' })
  })
})

test('thousands of requests at once are answered, each with its own answer', async () => {
  await client.create('/many')
  const names = Array.from({ length: 2_000 }, (_, index) => `n${index}`)
  await Promise.all(names.map((name) => client.create(`/many/${name}`, name)))

  const found = await Promise.all(names.map((name) => client.getData(`/many/${name}`)))

  expect(found.map(({ data }) => String(data))).toEqual(names)
  expect(await deleteSubtree(client, '/many', 300)).toBe(true)
})

test('reconfig is refused by a standalone server', async () => {
  await expect(client.reconfig({ leaving: '2' })).rejects.toMatchObject({ code: 'RECONFIG_DISABLED' })
})
