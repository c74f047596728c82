import { describe, expect, test } from '@jest/globals'
import type { SaslOption } from '../../src/client/sasl-login.ts'
import { decodeGetSASLRequest } from '../../src/protocol/generated/proto.ts'
import { OpCode } from '../../src/protocol/op-code.ts'
import { createDigestMd5Client } from '../../src/sasl/digest-md5/client.ts'
import { createDigestMd5Server } from '../../src/sasl/digest-md5/server.ts'
import type { ServerExchange, ServerStep } from '../../src/sasl/exchange.ts'
import { nodeSaslHashes as hashes } from '../../src/sasl/node/hashes.ts'
import { createScramServer } from '../../src/sasl/scram/server.ts'
import { verifierOf } from '../../src/sasl/scram/verifier.ts'
import type { FakeConnection } from './fake-server.ts'
import { answerGetData, harness } from './harness.ts'
import { until } from './until.ts'

const { server, open } = harness()
const BOB = { username: 'bob', password: 'bobsecret' }

const digest = (): ServerExchange =>
  createDigestMd5Server({
    hashes,
    protocol: 'zookeeper',
    serverName: 'zk-sasl-md5',
    nonce: 'abc',
    passwordOf: (user) => (user === BOB.username ? BOB.password : null)
  })

const scram = (): ServerExchange =>
  createScramServer({
    hashes,
    nonce: 'abc',
    decoySecret: Buffer.from('x'),
    decoyIterations: 4096,
    verifierOf: (user) => (user === BOB.username ? verifierOf(hashes, BOB.password, Buffer.alloc(16), 4096) : null)
  })

async function nextToken(connection: FakeConnection): Promise<{ readonly xid: number; readonly token: Uint8Array }> {
  const { header, reader } = await connection.request()
  expect(header.type).toBe(OpCode.sasl)
  return { xid: header.xid, token: decodeGetSASLRequest(reader).token ?? Buffer.from('null') }
}

function answer(connection: FakeConnection, xid: number, step: ServerStep): void {
  const token = step.kind === 'failed' ? null : step.token
  connection.reply(xid, { err: step.kind === 'failed' ? -115 : 0, body: (writer) => writer.writeBuffer(token) })
}

/** Plays a server's part of a login. */
async function play(connection: FakeConnection, exchange: ServerExchange): Promise<ServerStep> {
  for (;;) {
    const { xid, token } = await nextToken(connection)
    const step = exchange.evaluate(token)
    answer(connection, xid, step)
    if (step.kind !== 'challenge') return step
  }
}

describe.each([
  { name: 'DIGEST-MD5, by default', sasl: BOB, exchange: digest },
  { name: 'SCRAM-SHA-256', sasl: { ...BOB, mechanism: 'SCRAM-SHA-256' as const }, exchange: scram },
  { name: 'an exchange of its own, in its own time', sasl: patient(BOB), exchange: digest }
])('a login by $name', ({ sasl, exchange }) => {
  test('comes before identities and requests, on every connection', async () => {
    const fake = await server()
    const { client, states } = open(fake.address, { sasl, auth: [{ scheme: 'digest', auth: 'a:b' }] })
    const data = client.getData('/a')
    const one = await fake.connection()
    await one.accept()

    expect(await play(one, exchange())).toMatchObject({ kind: 'complete', authenticationId: 'bob' })
    expect((await one.request()).header.type).toBe(OpCode.auth)
    expect(await answerGetData(one, 'x')).toBe('/a')
    await data
    expect(states).toEqual(['connected'])
    one.reset()
    const two = await fake.connection()
    await two.accept()

    expect((await play(two, exchange())).kind).toBe('complete')
    expect((await two.request()).header.type).toBe(OpCode.auth)
  })

  test('that is refused ends the client', async () => {
    const fake = await server()
    const { client } = open(fake.address, { sasl })
    const data = client.getData('/a')
    const outcome = expect(data).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    const connection = await fake.connection()
    await connection.accept()
    const { xid } = await nextToken(connection)
    answer(connection, xid, { kind: 'failed', reason: '' })

    await outcome
    expect(client.state).toBe('authFailed')
  })

  test('with a server that has no SASL ends the client', async () => {
    const fake = await server()
    const warnings: string[] = []
    const logger = { debug: () => undefined, info: () => undefined, warn: (text: string) => warnings.push(text) }
    const { client } = open(fake.address, { sasl, logger })
    const connection = await fake.connection()
    await connection.accept()
    const { xid } = await nextToken(connection)
    connection.reply(xid, { body: (writer) => writer.writeBuffer(null) })

    await until('the client has ended', () => client.state === 'authFailed')
    expect(warnings).toContainEqual(expect.stringContaining('the server has no SASL configuration'))
  })
})

describe('a mechanism in which the client has the last word', () => {
  /** Its tokens are `one` and `two`; the server has nothing to say to the second. */
  const twoWords: SaslOption = () => ({
    mechanism: 'GSSAPI',
    initialResponse: () => Buffer.from('one'),
    evaluate: (challenge) =>
      challenge.length === 0 ? { kind: 'complete' } : { kind: 'response', token: Buffer.from('two'), isLast: true }
  })

  async function afterTwoWords(reply: { readonly err?: number }) {
    const fake = await server()
    const { client } = open(fake.address, { sasl: twoWords })
    const connection = await fake.connection()
    await connection.accept()
    const first = await nextToken(connection)
    connection.reply(first.xid, { body: (writer) => writer.writeBuffer(Buffer.from('go on')) })
    const second = await nextToken(connection)
    connection.reply(second.xid, { ...reply, body: (writer) => writer.writeBuffer(null) })
    return client
  }

  test('is over when the server says that all is well, with no token', async () => {
    const client = await afterTwoWords({})

    await until('the client is connected', () => client.state === 'connected')
  })

  test('has failed when the server says so', async () => {
    const client = await afterTwoWords({ err: -115 })

    await until('the client has ended', () => client.state === 'authFailed')
  })
})

test('a server that does not know the password is not believed', async () => {
  const fake = await server()
  const { client } = open(fake.address, { sasl: BOB })
  const connection = await fake.connection()
  await connection.accept()
  const exchange = digest()
  const first = await nextToken(connection)
  answer(connection, first.xid, exchange.evaluate(first.token))
  const second = await nextToken(connection)
  const proof = Buffer.from(`rspauth=${'0'.repeat(32)}`)
  answer(connection, second.xid, { kind: 'complete', token: proof, authenticationId: 'bob' })

  await until('the client has ended', () => client.state === 'authFailed')
})

test('a connection that is lost during the login is followed by another', async () => {
  const fake = await server()
  const { client } = open(fake.address, { sasl: patient(BOB) })
  const one = await fake.connection()
  await one.accept()
  one.reset()
  const two = await fake.connection()
  await two.accept()
  await play(two, digest())

  await until('the client is connected', () => client.state === 'connected')
})

/** As Kerberos: what it says takes a turn or two. */
function patient(credentials: typeof BOB): SaslOption {
  return () => {
    const exchange = createDigestMd5Client({
      hashes,
      ...credentials,
      protocol: 'zookeeper',
      serverName: 'zk-sasl-md5',
      cnonce: 'c'
    })
    return {
      mechanism: 'DIGEST-MD5',
      initialResponse: async () => exchange.initialResponse(),
      evaluate: async (challenge) => exchange.evaluate(challenge)
    }
  }
}
