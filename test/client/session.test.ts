import { describe, expect, test } from '@jest/globals'
import { connect } from '../../src/client/zookeeper.ts'
import { OpCode, Xid } from '../../src/protocol/op-code.ts'
import { frame } from './fake-server.ts'
import { answerGetData, dataBody, harness } from './harness.ts'
import { until } from './until.ts'

const { server, open } = harness()

describe('a session', () => {
  test('has the timeout that the server grants', async () => {
    const fake = await server()
    const { client } = open(fake.address, { sessionTimeoutMs: 1_000_000 })
    const connection = await fake.connection()
    const greeting = await connection.accept({ timeoutMs: 40_000, sessionId: 0x1000n })

    await until('the client is connected', () => client.state === 'connected')
    expect(greeting.timeOut).toBe(1_000_000)
    expect(client.sessionTimeoutMs).toBe(40_000)
    expect(client.session).toEqual({ id: 0x1000n, password: Buffer.alloc(16, 7) })
  })

  test('is granted by a server so old that it does not say whether it is read-only', async () => {
    const fake = await server()
    const { client } = open(fake.address)
    const connection = await fake.connection()
    await connection.greeting()
    connection.sendFrame((writer) => {
      writer.writeInt(0)
      writer.writeInt(6_000)
      writer.writeLong(5n)
      writer.writeBuffer(new Uint8Array(16))
    })

    await until('the client is connected', () => client.state === 'connected')
    expect(client.session?.id).toBe(5n)
  })

  test('of another process can be gone on with', async () => {
    const fake = await server()
    open(fake.address, { session: { id: 0x77n, password: Buffer.alloc(16, 3) } })

    const greeting = await (await fake.connection()).greeting()

    expect(greeting).toMatchObject({ sessionIdHi: 0, sessionIdLo: 0x77, passwd: Buffer.alloc(16, 3) })
  })

  test('that the server calls expired is over for good', async () => {
    const fake = await server()
    const { client, states } = open(fake.address)
    const one = await fake.connection()
    await one.accept()
    await until('the client is connected', () => client.state === 'connected')
    one.reset()
    const two = await fake.connection()
    await two.greeting()
    const waiting = client.getData('/a')
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'SESSION_EXPIRED', path: '/a' })
    two.expire()

    await outcome
    expect(states).toEqual(['connected', 'disconnected', 'connecting', 'expired'])
    await expect(client.getData('/b')).rejects.toMatchObject({ code: 'SESSION_EXPIRED', wire: -112 })
    await expect(client.addAuth('digest', 'a:b')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    await client.close()
    expect(client.state).toBe('expired')
  })

  test('is given up by the client itself when no server can be reached for 4/3 of its timeout', async () => {
    const fake = await server()
    const { client } = open(fake.address, { sessionTimeoutMs: 3_000 })
    await (await fake.connection()).accept({ timeoutMs: 3_000 })
    await until('the client is connected', () => client.state === 'connected')
    const startMs = performance.now()

    await fake.stop()

    await until('the session is expired', () => client.state === 'expired')
    expect(performance.now() - startMs).toBeGreaterThan(3_000)
  })

  test('is kept alive by pings, and a server that stays silent is left', async () => {
    const [first, second] = [await server(), await server()]
    const { client } = open(`${first.address},${second.address}`)
    const one = await first.connection()
    // A ping comes after a third of it, and has to be answered within the next one.
    await one.accept({ timeoutMs: 4_500 })

    for (let count = 0; count < 2; count++) {
      const { header } = await one.anyRequest()
      expect(header).toEqual({ xid: Xid.ping, type: OpCode.ping })
      one.reply(Xid.ping)
    }
    await one.closed() // no more answers

    await (await second.connection()).accept()
    await until('the client is connected', () => client.state === 'connected')
  })

  test('is ended by close once all requests before it are answered', async () => {
    const fake = await server()
    const { client, states } = open(fake.address)
    const connection = await fake.connection()
    await connection.accept()
    const reading = client.getData('/a')
    const closing = client.close()
    const late = client.getData('/b')

    await expect(late).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    await answerGetData(connection, 'x')
    expect((await reading).data?.toString()).toBe('x')
    const { header } = await connection.request()
    expect(header.type).toBe(OpCode.closeSession)
    connection.reply(header.xid, { zxid: 2n })
    await closing
    await connection.closed()
    expect(states).toEqual(['connected', 'closed'])
    await client.close()
  })

  test('is closed also when the connection breaks before the answer, without another attempt', async () => {
    const fake = await server()
    const { client, states } = open(fake.address)
    const connection = await fake.connection()
    await connection.accept()
    const closing = client.close()
    await connection.request()
    connection.reset()

    await closing
    expect(states.at(-1)).toBe('closed')
  })

  test('is closed when no server can be reached', async () => {
    const fake = await server()
    const { client } = open(fake.address)
    const closing = client.close()
    ;(await fake.connection()).reset()

    await closing
    expect(client.state).toBe('closed')
  })

  test('can be left alone: the connection goes, and no closeSession is sent', async () => {
    const fake = await server()
    const { client } = open(fake.address)
    const connection = await fake.connection()
    await connection.accept()
    await until('the client is connected', () => client.state === 'connected')

    await client.close({ keepSession: true })

    await connection.closed()
    expect(connection.waitingCount).toBe(0)
    await expect(client.getData('/a')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
  })

  test('ends in authFailed when the server refuses an identity', async () => {
    const fake = await server()
    const { client, states } = open(fake.address)
    const connection = await fake.connection()
    await connection.accept()
    const adding = client.addAuth('nonsense', 'x')
    const outcome = expect(adding).rejects.toMatchObject({ code: 'AUTH_FAILED', wire: -115 })
    await connection.request()
    connection.reply(Xid.auth, { err: -115 })
    connection.end()

    await outcome
    expect(states).toEqual(['connected', 'authFailed'])
    await expect(client.getData('/a')).rejects.toMatchObject({ code: 'AUTH_FAILED' })
  })

  test('takes an identity that is added before the connection', async () => {
    const fake = await server()
    const { client } = open(fake.address)
    const adding = client.addAuth('digest', 'a:b')
    const connection = await fake.connection()
    await connection.accept()
    const { header } = await connection.request()

    connection.reply(header.xid)

    await adding
  })
})

describe('read-only servers', () => {
  test('are used by a client that may, until one with a quorum is found', async () => {
    const [readOnly, full] = [await server(), await server()]
    const { client, states } = open(`${readOnly.address},${full.address}`, { readOnly: true })
    const one = await readOnly.connection()
    const greeting = await one.accept({ readOnly: true, sessionId: 9n })
    await until('the client is connected', () => client.state === 'connectedReadOnly')

    const probe = await full.connection()
    expect(await probe.word()).toBe('isro')
    probe.sendBytes(Buffer.from('rw'))
    probe.end()
    const resumed = await (await full.connection()).accept()

    expect(greeting.readOnly).toBe(true)
    expect(resumed).toMatchObject({ sessionIdHi: 0, sessionIdLo: 0 }) // that session was known to the other server only
    await until('the client is connected', () => client.state === 'connected')
    expect(states).toEqual(['connectedReadOnly', 'disconnected', 'connecting', 'connected'])
  })

  test('are left for none that is read-only, too', async () => {
    const [readOnly, other] = [await server(), await server()]
    const { client } = open(`${readOnly.address},${other.address}`, { readOnly: true })
    await (await readOnly.connection()).accept({ readOnly: true })
    const probe = await other.connection()
    await probe.word()
    probe.sendBytes(Buffer.from('ro'))
    probe.end()

    const next = await readOnly.connection() // the search goes on with the next server

    expect(await next.word()).toBe('isro')
    expect(client.state).toBe('connectedReadOnly')
  })
})

describe('connect', () => {
  test('resolves once the session is granted', async () => {
    const fake = await server()
    const connecting = connect(fake.address)
    const connection = await fake.connection()
    await connection.accept()

    const client = await connecting

    expect(client.state).toBe('connected')
    await client.close({ keepSession: true })
  })

  test('is rejected, and tries no more, when there is no session in time', async () => {
    const fake = await server()

    await expect(connect(fake.address, { connectTimeoutMs: 50 })).rejects.toMatchObject({ code: 'CONNECTION_LOSS' })

    await (await fake.connection()).closed()
  })

  test('is rejected when the session to go on with is over', async () => {
    const fake = await server()
    const connecting = connect(fake.address, { session: { id: 1n, password: new Uint8Array(16) } })
    const outcome = expect(connecting).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    const connection = await fake.connection()
    await connection.greeting()

    connection.expire()

    await outcome
  })
})

describe('what comes from the server', () => {
  test('longer than the limit ends the connection', async () => {
    const fake = await server()
    const { client } = open(fake.address, { frameLengthMax: 1_000 })
    const one = await fake.connection()
    await one.accept()
    const reading = client.getData('/a')
    const outcome = expect(reading).rejects.toMatchObject({ code: 'CONNECTION_LOSS' })
    const { header } = await one.request()

    one.reply(header.xid, { body: dataBody('x'.repeat(2_000)) })

    await outcome
    await (await fake.connection()).accept()
    await until('the client is connected again', () => client.state === 'connected')
  })

  test.each([
    { what: 'a reply to another request than the oldest', xid: 77 },
    { what: 'a reply when nothing was asked', xid: 1 }
  ])('$what ends the connection', async ({ xid }) => {
    const fake = await server()
    open(fake.address)
    const one = await fake.connection()
    await one.accept()

    one.reply(xid)

    await one.closed()
  })

  test('and cannot be read fails its request, and ends the connection', async () => {
    const fake = await server()
    const { client } = open(fake.address)
    const one = await fake.connection()
    await one.accept()
    const reading = client.getData('/a')
    const outcome = expect(reading).rejects.toMatchObject({ code: 'MARSHALLING_ERROR', path: '/a' })
    const { header } = await one.request()

    one.reply(header.xid, { body: (writer) => writer.writeInt(1_000) })

    await outcome
    await one.closed()
  })

  test('in single bytes is read all the same', async () => {
    const fake = await server()
    const { client } = open(fake.address)
    const one = await fake.connection()
    await one.accept()
    const reading = client.getData('/a')
    const { header } = await one.request()
    const bytes = frame((writer) => {
      writer.writeInt(header.xid)
      writer.writeLong(3n)
      writer.writeInt(0)
      dataBody('slow')(writer)
    })

    for (const byte of bytes) {
      one.sendBytes(Buffer.from([byte]))
      await new Promise(setImmediate)
    }

    expect((await reading).data?.toString()).toBe('slow')
  })
})
