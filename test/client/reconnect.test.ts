import { describe, expect, test } from '@jest/globals'
import type { WatchedEvent } from '../../src/client/watched-event.ts'
import { decodeAuthPacket, decodeSetWatches, decodeSetWatches2 } from '../../src/protocol/generated/proto.ts'
import { EventType, OpCode, Xid } from '../../src/protocol/op-code.ts'
import type { FakeConnection } from './fake-server.ts'
import { answerGetData, dataBody, getDataPath, harness } from './harness.ts'
import { until } from './until.ts'

const { server, open } = harness()

describe('a client that loses its server', () => {
  test('resumes its session at the next one, with id, password and the last zxid it saw', async () => {
    const [first, second] = [await server(), await server()]
    const { client, states } = open(`${first.address},${second.address}`)
    const one = await first.connection()
    const greeting = await one.accept({ sessionId: 0x100000000ffn })
    const reading = client.getData('/a')
    await answerGetData(one, 'x', 0x700000003n)
    await reading
    one.reset()

    const resumed = await (await second.connection()).accept({ sessionId: 0x100000000ffn })

    expect(greeting).toMatchObject({ sessionIdHi: 0, sessionIdLo: 0, lastZxidSeenHi: 0, lastZxidSeenLo: 0 })
    expect(resumed).toMatchObject({ sessionIdHi: 0x100, sessionIdLo: 0xff, lastZxidSeenHi: 7, lastZxidSeenLo: 3 })
    expect(resumed.passwd).toEqual(Buffer.alloc(16, 7))
    await until('the client is connected again', () => client.state === 'connected')
    expect(states).toEqual(['connected', 'disconnected', 'connecting', 'connected'])
  })

  test('gives its identities first, then its watches, then the requests that waited', async () => {
    const [first, second] = [await server(), await server()]
    const { client } = open(`${first.address},${second.address}`, { auth: [{ scheme: 'digest', auth: 'a:b' }] })
    const one = await first.connection()
    await one.accept()
    await takeAuth(one)
    const adding = client.addAuth('digest', 'c:d')
    await takeAuth(one)
    await adding
    const watching = client.getData('/watched', { watch: () => undefined })
    await answerGetData(one, 'x', 9n)
    await watching
    one.reset()
    await until('the connection is lost', () => client.state !== 'connected')
    const waiting = client.getData('/waiting')

    const two = await second.connection()
    await two.accept()

    const auths = [await two.request(), await two.request()]
    const setWatches = await two.request()
    const read = await two.request()
    expect(auths.map(({ header }) => header)).toEqual([
      { xid: Xid.auth, type: OpCode.auth },
      { xid: Xid.auth, type: OpCode.auth }
    ])
    expect(auths.map(({ reader }) => String(decodeAuthPacket(reader).auth))).toEqual(['a:b', 'c:d'])
    expect(setWatches.header).toEqual({ xid: Xid.setWatches, type: OpCode.setWatches })
    expect(decodeSetWatches(setWatches.reader)).toMatchObject({ relativeZxidLo: 9, dataWatches: ['/watched'] })
    expect(getDataPath(read)).toBe('/waiting')
    two.reply(read.header.xid, { zxid: 10n, body: dataBody('y') })
    expect((await waiting).data?.toString()).toBe('y')
  })

  test('sets every kind of watch again, and those that have fired no more', async () => {
    const fake = await server()
    const { client } = open(fake.address)
    const one = await fake.connection()
    await one.accept()
    const events: string[] = []
    const note = (event: WatchedEvent) => events.push(`${event.type} ${event.path}`)
    const settings = [
      client.exists('/missing', { watch: note }),
      client.addWatch('/p', 'persistent', note),
      client.addWatch('/r', 'persistentRecursive', note),
      client.exists('/fired', { watch: note })
    ]
    for (const err of [-101, 0, 0, -101]) {
      const { header } = await one.request()
      one.reply(header.xid, { err, zxid: 4n, body: (writer) => writer.writeInt(0) })
    }
    await Promise.all(settings)
    one.event(EventType.nodeCreated, '/fired', 5n)
    one.event(EventType.nodeDataChanged, '/r/below', 6n)
    await until('two events came', () => events.length === 2)
    one.reset()

    const two = await fake.connection()
    await two.accept()
    const { header, reader } = await two.request()

    expect(header).toEqual({ xid: Xid.setWatches, type: OpCode.setWatches2 })
    expect(decodeSetWatches2(reader)).toMatchObject({
      dataWatches: [],
      existWatches: ['/missing'],
      childWatches: [],
      persistentWatches: ['/p'],
      persistentRecursiveWatches: ['/r']
    })
    two.event(EventType.nodeCreated, '/missing')
    await until('the missed event came', () => events.length === 3)
    expect(events).toEqual(['nodeCreated /fired', 'nodeDataChanged /r/below', 'nodeCreated /missing'])
  })

  test('forgets its watches instead if it was told not to set them again', async () => {
    const fake = await server()
    const { client } = open(fake.address, { resetsWatches: false })
    const one = await fake.connection()
    await one.accept()
    const watching = client.getData('/a', { watch: () => undefined })
    await answerGetData(one, 'x')
    await watching
    one.reset()

    const two = await fake.connection()
    await two.accept()
    const next = client.getData('/b')

    expect(await answerGetData(two, 'y')).toBe('/b')
    await next
  })

  test('fails what was sent with ConnectionLoss, since nobody knows whether it was done', async () => {
    const [first, second] = [await server(), await server()]
    const { client } = open(`${first.address},${second.address}`)
    const one = await first.connection()
    await one.accept()
    const sent = [client.create('/a'), client.getData('/b')]
    const outcomes = Promise.allSettled(sent)
    await one.request()
    await one.request()
    one.reset()

    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'CONNECTION_LOSS', path: '/a' } },
      { status: 'rejected', reason: { code: 'CONNECTION_LOSS', path: '/b' } }
    ])
    const two = await second.connection()
    await two.accept()
    const next = client.getData('/c')
    expect(await answerGetData(two, 'z')).toBe('/c')
    await next
  })

  test('tries the next server when one closes instead of granting a session, and keeps what waits', async () => {
    const [first, second] = [await server(), await server()]
    const { client, states } = open(`${first.address},${second.address}`)
    const waiting = client.getData('/a')
    const refusing = await first.connection()
    await refusing.greeting()
    refusing.end()

    const two = await second.connection()
    await two.accept()
    await answerGetData(two, 'x')

    expect((await waiting).data?.toString()).toBe('x')
    expect(states).toEqual(['disconnected', 'connecting', 'connected'])
  })

  test('takes an answer that is no ConnectResponse for a refusal', async () => {
    const [first, second] = [await server(), await server()]
    const { client } = open(`${first.address},${second.address}`)
    const readOnly = await first.connection()
    await readOnly.greeting()
    readOnly.reply(0, { zxid: 5n, err: -119 }) // what a read-only server says to a global session

    await (await second.connection()).accept()

    await until('the client is connected', () => client.state === 'connected')
    expect(client.server).toBe(second.address)
  })

  test('fails what waits when it has tried every server in vain', async () => {
    const [first, second] = [await server(), await server()]
    const { client } = open(`${first.address},${second.address}`)
    const waiting = client.getData('/a')
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_LOSS', path: '/a' })
    for (const fake of [first, second]) (await fake.connection()).reset()

    await outcome
    await (await first.connection()).accept()
    await until('the client is connected', () => client.state === 'connected')
  })

  test('gives up a server that accepts the connection and then says nothing', async () => {
    const [first, second] = [await server(), await server()]
    const { client } = open(`${first.address},${second.address}`, { sessionTimeoutMs: 3_000 })
    await (await first.connection()).closed()

    await (await second.connection()).accept()

    await until('the client is connected', () => client.state === 'connected')
  })
})

async function takeAuth(connection: FakeConnection): Promise<void> {
  const { header } = await connection.request()
  connection.reply(header.xid)
}
