import { describe, expect, test } from '@jest/globals'
import type { WatchedEvent } from '../../src/client/watched-event.ts'
import {
  decodeGetDataRequest,
  decodeRemoveWatchesRequest,
  encodeGetChildrenResponse,
  encodeGetEphemeralsResponse
} from '../../src/protocol/generated/proto.ts'
import { EventType, OpCode } from '../../src/protocol/op-code.ts'
import { encodeReply, type FakeConnection, frame } from './fake-server.ts'
import { answerGetData, createBody, createPath, dataBody, getDataPath, harness } from './harness.ts'
import { until } from './until.ts'

const { server, open } = harness()

async function connected(options: Parameters<typeof open>[1] = {}, chroot = '') {
  const fake = await server()
  const { client } = open(fake.address + chroot, options)
  const connection = await fake.connection()
  await connection.accept()
  await until('the client is connected', () => client.state === 'connected')
  return { client, connection }
}

describe('requests', () => {
  test('are sent without waiting for answers, and answered in their order', async () => {
    const { client, connection } = await connected()
    const reading = Promise.all(['/a', '/b', '/c'].map((path) => client.getData(path)))
    const requests = [await connection.request(), await connection.request(), await connection.request()]

    for (const { header } of requests) connection.reply(header.xid, { body: dataBody(`answer ${header.xid}`) })

    expect(requests.map(getDataPath)).toEqual(['/a', '/b', '/c'])
    expect((await reading).map(({ data }) => String(data))).toEqual(['answer 1', 'answer 2', 'answer 3'])
  })

  test.each([
    { options: { mode: 'persistentSequentail' as 'persistent' }, problem: 'not persistentSequentail' },
    { options: { mode: 'toString' as 'persistent' }, problem: 'not toString' },
    { options: { ttlMs: 5 }, problem: 'a persistent node has no time to live' },
    { options: { mode: 'persistentWithTtl' as const }, problem: 'ttlMs must be a whole number' }
  ])('for nodes that there cannot be are not sent: $problem', async ({ options, problem }) => {
    const { client, connection } = await connected()

    await expect(client.create('/a', null, options)).rejects.toThrow(problem)
    await expect(client.create2('/a', null, options)).rejects.toMatchObject({ code: 'BAD_ARGUMENTS', path: '/a' })

    const reading = client.getData('/b')
    const request = await connection.request()
    connection.reply(request.header.xid, { body: dataBody('the first to come') })
    expect(getDataPath(request)).toBe('/b')
    expect(String((await reading).data)).toBe('the first to come')
  })

  test('are refused beyond the limit of those without an answer, and taken again below it', async () => {
    const { client, connection } = await connected({ outstandingCountMax: 2 })
    const reading = [client.getData('/a'), client.getData('/b')]

    await expect(client.getData('/c')).rejects.toMatchObject({ code: 'LIMIT_REACHED', path: '/c' })

    await answerGetData(connection, 'x')
    await reading[0]
    const next = client.getData('/d')
    await answerGetData(connection, 'y')
    await answerGetData(connection, 'z')
    expect(String((await next).data)).toBe('z')
  })

  test('are refused beyond the limit of bytes without an answer', async () => {
    const { client } = await connected({ outstandingSizeBytesMax: 100 })
    const writing = client.setData('/a', Buffer.alloc(200)).catch(() => undefined)

    await expect(client.getData('/b')).rejects.toMatchObject({ code: 'LIMIT_REACHED' })

    await client.close({ keepSession: true })
    await writing
  })

  test('longer than a frame may be are refused, and leave the connection well', async () => {
    const { client, connection } = await connected({ frameLengthMax: 500 })

    await expect(client.setData('/a', Buffer.alloc(500))).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })

    const next = client.getData('/b')
    expect(await answerGetData(connection, 'x')).toBe('/b')
    await next
  })

  test('fail when no answer comes in time, and a late answer disturbs nobody', async () => {
    const { client, connection } = await connected({ requestTimeoutMs: 2_000 })
    const late = client.getData('/late')
    const { header } = await connection.request()
    await expect(late).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', wire: -122, path: '/late' })
    const next = client.getData('/next')

    connection.reply(header.xid, { body: dataBody('late') })

    expect(await answerGetData(connection, 'in time')).toBe('/next')
    expect(String((await next).data)).toBe('in time')
  })

  test('with a path that no server accepts are not sent', async () => {
    const { client, connection } = await connected()

    await expect(client.getData('a')).rejects.toMatchObject({ code: 'INVALID_PATH' })
    await expect(client.create('/a//b')).rejects.toThrow('empty node name')
    await expect(client.create('/a', null, { acl: [] })).rejects.toMatchObject({ code: 'INVALID_ACL' })
    await expect(client.create('/a', null, { mode: 'persistentWithTtl' })).rejects.toMatchObject({
      code: 'BAD_ARGUMENTS'
    })

    const next = client.getData('/b')
    expect(await answerGetData(connection, 'x')).toBe('/b')
    await next
  })

  test('that fail have the stack of their caller', async () => {
    const { client, connection } = await connected()
    async function readSettings() {
      await client.getData('/settings')
    }
    const reading = readSettings().catch((error: Error) => error.stack)
    const { header } = await connection.request()

    connection.reply(header.xid, { err: -101 })

    expect(await reading).toContain('readSettings')
  })

  test('copy the data of an answer out of the network buffer', async () => {
    const { client, connection } = await connected()
    const reading = client.getData('/a')
    await answerGetData(connection, 'abc')

    const { data } = await reading

    expect(data?.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
    expect(String(data)).toBe('abc')
  })
})

describe('a chroot', () => {
  test('stands before the paths of requests and not in answers and events', async () => {
    const { client, connection } = await connected({}, '/app')
    const events: WatchedEvent[] = []
    const creating = client.create('/n', null, { mode: 'persistentSequential' })
    const created = await connection.request()
    connection.reply(created.header.xid, { body: createBody('/app/n0000000001') })
    const watching = client.getData('/', { watch: (event) => events.push(event) })
    const watched = await answerGetData(connection, 'x')
    await watching

    connection.event(EventType.nodeDataChanged, '/app', 5n)

    await until('the event came', () => events.length === 1)
    expect([createPath(created), await creating]).toEqual(['/app/n', '/n0000000001'])
    expect(watched).toBe('/app')
    expect(events).toEqual([{ type: 'nodeDataChanged', path: '/', zxid: 5n, connected: true }])
  })

  test('does not apply to the configuration of the ensemble', async () => {
    const { client, connection } = await connected({}, '/app')
    const reading = client.getConfig()

    expect(await answerGetData(connection, 'version=1')).toBe('/zookeeper/config')
    expect(String((await reading).data)).toBe('version=1')
  })

  test('leaves out ephemeral nodes whose paths only begin like it', async () => {
    const { client, connection } = await connected({}, '/app')
    const listing = client.getEphemerals()
    const { header } = await connection.request()

    const ephemerals = ['/app/a', '/apple', '/app']
    connection.reply(header.xid, { body: (writer) => encodeGetEphemeralsResponse(writer, { ephemerals }) })

    expect(await listing).toEqual(['/a', '/'])
  })
})

describe('events and answers', () => {
  test('are seen in the order of the server, whether they come in one piece or not', async () => {
    const { client, connection } = await connected()
    const seen: string[] = []
    const watch = (event: WatchedEvent) => seen.push(event.type)
    const reads = [
      client.getData('/a', { watch }).then(({ data }) => seen.push(String(data))),
      client.getData('/a', { watch }).then(({ data }) => seen.push(String(data))),
      client.getData('/a').then(({ data }) => seen.push(String(data)))
    ]
    const xids: number[] = []
    for (const _ of reads) xids.push((await connection.request()).header.xid)
    const [one = 0, two = 0, three = 0] = xids

    connection.sendBytes(
      Buffer.concat([
        frame((writer) => encodeReply(writer, one, { body: dataBody('first') })),
        event('/a', EventType.nodeDataChanged),
        frame((writer) => encodeReply(writer, two, { body: dataBody('second') })),
        event('/a', EventType.nodeDeleted),
        frame((writer) => encodeReply(writer, three, { body: dataBody('third') }))
      ])
    )

    await Promise.all(reads)
    expect(seen).toEqual(['first', 'nodeDataChanged', 'second', 'nodeDeleted', 'third'])
  })

  test('are all seen when the server closes right behind them', async () => {
    const { client, connection } = await connected()
    const seen: string[] = []
    const reading = client.getData('/a', { watch: ({ type }) => seen.push(type) }).then(() => seen.push('read'))
    const closing = client.close().then(() => seen.push('closed'))
    const read = await connection.request()
    const close = await connection.request()

    connection.sendBytes(
      Buffer.concat([
        frame((writer) => encodeReply(writer, read.header.xid, { body: dataBody('x') })),
        event('/a', EventType.nodeDeleted),
        frame((writer) => encodeReply(writer, close.header.xid))
      ])
    )
    connection.end()

    await Promise.all([reading, closing])
    expect(seen).toEqual(['read', 'nodeDeleted', 'closed'])
  })

  test('of a kind that this client does not know are passed over', async () => {
    const { client, connection } = await connected()
    connection.event(99, '/a')

    const next = client.getData('/b')
    await answerGetData(connection, 'x')

    expect(String((await next).data)).toBe('x')
  })

  test('without a callback are told by the client itself', async () => {
    const { client, connection } = await connected()
    const events: WatchedEvent[] = []
    client.on('watch', (event) => events.push(event))
    const listing = client.getChildren('/a', { watch: true })
    const { header } = await connection.request()
    connection.reply(header.xid, { body: (writer) => encodeGetChildrenResponse(writer, { children: ['x'] }) })
    expect(await listing).toEqual(['x'])

    connection.event(EventType.nodeChildrenChanged, '/a', 3n)

    await until('the event came', () => events.length === 1)
    expect(events[0]).toMatchObject({ type: 'nodeChildrenChanged', path: '/a' })
  })
})

describe('watches', () => {
  test('are not set by a read that fails, but by exists on a missing node', async () => {
    const { client, connection } = await connected()
    const events: string[] = []
    const watch = ({ type, path }: WatchedEvent) => events.push(`${type} ${path}`)
    const reading = client.getData('/a', { watch }).catch(() => undefined)
    const looking = client.exists('/b', { watch })
    for (let count = 0; count < 2; count++) connection.reply((await connection.request()).header.xid, { err: -101 })
    await reading
    expect(await looking).toBeNull()

    connection.event(EventType.nodeCreated, '/a')
    connection.event(EventType.nodeCreated, '/b')

    await until('an event came', () => events.length > 0)
    expect(events).toEqual(['nodeCreated /b'])
  })

  test('are refused beyond their limit before anything is sent', async () => {
    const { client } = await connected({ watchCountMax: 0 })

    await expect(client.getData('/a', { watch: true })).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    await expect(client.addWatch('/a', 'persistent')).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
  })

  test('of two callbacks on one path are removed one by one, the last at the server, too', async () => {
    const { client, connection } = await connected()
    const told: string[] = []
    const one = ({ type }: WatchedEvent) => told.push(`one ${type}`)
    const two = ({ type }: WatchedEvent) => told.push(`two ${type}`)
    await addWatches(client, connection, [one, two])

    await client.removeWatches('/p', { type: 'persistent', watcher: one })
    const removing = client.removeWatches('/p', { type: 'persistent', watcher: two })
    const { header, reader } = await connection.request()
    connection.reply(header.xid)
    await removing

    expect(header.type).toBe(OpCode.removeWatches)
    expect(decodeRemoveWatchesRequest(reader)).toEqual({ path: '/p', type: 4 })
    expect(told).toEqual(['one persistentWatchRemoved', 'two persistentWatchRemoved'])
    await expect(client.removeWatches('/p', { watcher: two })).rejects.toMatchObject({ code: 'NO_WATCHER', path: '/p' })
  })

  test('stay if the server has none to remove', async () => {
    const { client, connection } = await connected()
    const removing = client.removeWatches('/p')
    const outcome = expect(removing).rejects.toMatchObject({ code: 'NO_WATCHER' })

    connection.reply((await connection.request()).header.xid, { err: -121 })

    await outcome
  })

  test('can be removed here alone when the connection breaks', async () => {
    const { client, connection } = await connected()
    const told: WatchedEvent[] = []
    await addWatches(client, connection, [(event) => told.push(event)])
    const removing = client.removeWatches('/p', { local: true })
    await connection.request()

    connection.reset()

    await removing
    expect(told).toEqual([{ type: 'persistentWatchRemoved', path: '/p', zxid: -1n, connected: false }])
  })
})

test('a read asks for its watch in the request', async () => {
  const { client, connection } = await connected()
  const reads = [client.getData('/a', { watch: true }), client.getData('/a', { watch: false }), client.getData('/a')]

  const requests = [await connection.request(), await connection.request(), await connection.request()]

  expect(requests.map(({ reader }) => decodeGetDataRequest(reader).watch)).toEqual([true, false, false])
  for (const { header } of requests) connection.reply(header.xid, { body: dataBody('') })
  await Promise.all(reads)
})

function event(path: string, type: number): Buffer {
  return frame((writer) => {
    encodeReply(writer, -1, { zxid: 1n })
    writer.writeInt(type)
    writer.writeInt(3)
    writer.writeString(path)
  })
}

async function addWatches(
  client: Awaited<ReturnType<typeof connected>>['client'],
  connection: FakeConnection,
  watchers: ((event: WatchedEvent) => void)[]
): Promise<void> {
  const adding = watchers.map((watcher) => client.addWatch('/p', 'persistent', watcher))
  for (const _ of watchers)
    connection.reply((await connection.request()).header.xid, { body: (writer) => writer.writeInt(0) })
  await Promise.all(adding)
}
