import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { createDigestMd5Client, type DigestClientOptions } from '../../../src/sasl/digest-md5/client.ts'
import { digestResponse, hashedBytes } from '../../../src/sasl/digest-md5/digest-response.ts'
import { createDigestMd5Server } from '../../../src/sasl/digest-md5/server.ts'
import type { ClientStep, ServerStep } from '../../../src/sasl/exchange.ts'
import { nodeSaslHashes as hashes } from '../../../src/sasl/node/hashes.ts'

const server = (users: Readonly<Record<string, string>> = { bob: 'bobsecret' }, nonce = 'server-nonce') =>
  createDigestMd5Server({
    hashes,
    protocol: 'zookeeper',
    serverName: 'zk-sasl-md5',
    nonce,
    passwordOf: (user) => users[user] ?? null
  })

const client = (options: Partial<DigestClientOptions> = {}) =>
  createDigestMd5Client({
    hashes,
    username: 'bob',
    password: 'bobsecret',
    protocol: 'zookeeper',
    serverName: 'zk-sasl-md5',
    cnonce: 'client-nonce',
    ...options
  })

const text = (step: ServerStep | ClientStep): string =>
  'token' in step && step.token !== null ? Buffer.from(step.token).toString('utf8') : ''

const bytes = (value: string): Buffer => Buffer.from(value, 'utf8')

/** What the server says in the end, and what a client made of the proof. */
function run(ours: ReturnType<typeof server>, theirs: ReturnType<typeof client>) {
  const challenge = ours.evaluate(theirs.initialResponse())
  const response = theirs.evaluate(bytes(text(challenge)))
  if (response.kind !== 'response') return { outcome: challenge, client: response }
  const outcome = ours.evaluate(response.token)
  const proof = outcome.kind === 'complete' && outcome.token !== null ? theirs.evaluate(outcome.token) : null
  return { outcome, client: proof }
}

describe('the digest is that of RFC 2831, section 4', () => {
  const chris = {
    username: hashedBytes('chris'),
    password: hashedBytes('secret'),
    realm: hashedBytes('elwood.innosoft.com')
  }
  const common = { ...chris, nonceCount: '00000001', qop: 'auth', authorizationId: null }

  test.each([
    {
      nonce: 'OA6MG9tEQGm2hh',
      cnonce: 'OA6MHXh6VqTrRk',
      digestUri: 'imap/elwood.innosoft.com',
      response: 'd388dad90d4bbd760a152321f2143af7',
      rspauth: 'ea40f60335c427b5527b84dbabcdfffd'
    },
    {
      nonce: 'OA9BSXrbuRhWay',
      cnonce: 'OA9BSuZWMSpW8m',
      digestUri: 'acap/elwood.innosoft.com',
      response: '6084c6db3fede7352c551284490fd0fc',
      rspauth: '2f0b3d7c3c2e486600ef710726aa2eae'
    }
  ])('$digestUri', ({ nonce, cnonce, digestUri, response, rspauth }) => {
    const inputs = { ...common, nonce, cnonce, digestUri }

    expect(digestResponse(hashes, inputs, 'client')).toBe(response)
    expect(digestResponse(hashes, inputs, 'server')).toBe(rspauth)
  })
})

describe("an exchange recorded between Apache's server and the Java client", () => {
  // The tokens of test/golden/client's recording java-sasl; bob's password is bobsecret.
  const challenge =
    'realm="zk-sasl-md5",nonce="q6eLxRziPUPMzvHv30Ewj+mqao/dczaZhEqefgfW",charset=utf-8,algorithm=md5-sess'
  const response =
    'charset=utf-8,username="bob",realm="zk-sasl-md5",nonce="q6eLxRziPUPMzvHv30Ewj+mqao/dczaZhEqefgfW",nc=00000001,' +
    'cnonce="Kw5/uuGJB4ipU3ALMbaOqsp8Gwabl1/sPDbvE2t1",digest-uri="zookeeper/zk-sasl-md5",maxbuf=65536,' +
    'response=bc444555b3964f87c44ed84c865cb867,qop=auth,authzid="bob"'
  const proof = 'rspauth=b69f6ec49afbb23dd2f9d72cfb463dce'

  test('the server says the same to the byte', () => {
    const ours = server(undefined, 'q6eLxRziPUPMzvHv30Ewj+mqao/dczaZhEqefgfW')

    expect(text(ours.evaluate(new Uint8Array(0)))).toBe(challenge)
    expect(ours.evaluate(bytes(response))).toEqual({
      kind: 'complete',
      token: bytes(proof),
      authenticationId: 'bob'
    })
  })

  test('the client says the same to the byte', () => {
    const ours = client({ cnonce: 'Kw5/uuGJB4ipU3ALMbaOqsp8Gwabl1/sPDbvE2t1', authorizationId: 'bob' })

    expect(ours.initialResponse()).toHaveLength(0)
    expect(text(ours.evaluate(bytes(challenge)))).toBe(response)
    expect(ours.evaluate(bytes(proof))).toEqual({ kind: 'complete' })
  })

  test('is the one of the golden file', () => {
    const golden = readFileSync('test/golden/client/java-sasl.jsonl', 'utf8')

    for (const token of [challenge, response, proof]) expect(golden).toContain(bytes(token).toString('hex'))
  })
})

describe('both sides together', () => {
  test.each([
    { name: 'plain letters', user: 'bob', password: 'bobsecret' },
    { name: 'quotes and backslashes', user: 'a"b\\c', password: 'p"\\w' },
    { name: 'letters of ISO 8859-1', user: 'jürgen', password: 'pässwort' },
    { name: 'letters beyond it', user: 'Юра', password: '密码' },
    { name: 'commas and equals signs', user: 'a,b=c', password: 'x,y=z' },
    { name: 'an empty password', user: 'bob', password: '' }
  ])('agree on $name', ({ user, password }) => {
    const { outcome, client: proof } = run(server({ [user]: password }), client({ username: user, password }))

    expect(outcome).toMatchObject({ kind: 'complete', authenticationId: user })
    expect(proof).toEqual({ kind: 'complete' })
  })

  test.each([
    { problem: 'a wrong password', options: { password: 'wrong' }, reason: 'the password of "bob" is wrong' },
    { problem: 'an unknown user', options: { username: 'eve' }, reason: 'there is no user "eve"' },
    {
      problem: 'an unknown user without password',
      options: { username: 'eve', password: '' },
      reason: 'there is no user "eve"'
    },
    { problem: 'an empty name', options: { username: '' }, reason: 'the name of the user is empty' },
    { problem: 'another service', options: { protocol: 'zookeeper-quorum' }, reason: "another service's" },
    { problem: 'another host', options: { serverName: 'elsewhere' }, reason: "another service's" }
  ])('the server refuses $problem', ({ options, reason }) => {
    const { outcome } = run(server(), client(options))

    expect(outcome).toEqual({ kind: 'failed', reason: expect.stringContaining(reason) })
  })

  test('a user may ask to act as another, and stays who it is', () => {
    const { outcome } = run(server(), client({ authorizationId: 'super' }))

    expect(outcome).toMatchObject({ kind: 'complete', authenticationId: 'bob' })
  })
})

describe('the server', () => {
  const answered = (change: (response: string) => string): ServerStep => {
    const ours = server()
    const response = client().evaluate(bytes(text(ours.evaluate(new Uint8Array(0)))))
    return ours.evaluate(bytes(change(text(response))))
  }

  test.each([
    { problem: 'no nonce', change: (r: string) => r.replace(/nonce="server-nonce",/, ''), reason: 'no nonce' },
    { problem: 'another nonce', change: (r: string) => r.replace('server-nonce', 'other'), reason: 'not the one' },
    { problem: 'integrity', change: (r: string) => r.replace('qop=auth', 'qop=auth-int'), reason: 'quality' },
    {
      problem: 'another realm',
      change: (r: string) => r.replace('realm="zk-sasl-md5"', 'realm="x"'),
      reason: 'no realm "x"'
    },
    { problem: 'no realm', change: (r: string) => r.replace('realm="zk-sasl-md5",', ''), reason: 'no realm ""' },
    { problem: 'a repetition', change: (r: string) => `${r},qop=auth`, reason: 'qop is there twice' },
    {
      problem: 'another charset',
      change: (r: string) => r.replace('charset=utf-8', 'charset=koi8'),
      reason: 'charset'
    },
    { problem: 'no response', change: (r: string) => r.replace(/response=\w+,/, ''), reason: 'no response' },
    {
      problem: 'a shortened response',
      change: (r: string) => r.replace(/(response=\w+)\w,/, '$1,'),
      reason: 'is wrong'
    },
    { problem: 'a quote that does not end', change: (r: string) => `${r},x="`, reason: 'no value of x' },
    { problem: 'four kilobytes', change: (r: string) => r + ' '.repeat(4096), reason: 'too long' },
    { problem: 'nothing', change: () => '', reason: 'no username' }
  ])('refuses a response with $problem', ({ change, reason }) => {
    expect(answered(change)).toEqual({ kind: 'failed', reason: expect.stringContaining(reason) })
  })

  test('takes white space, empty elements and quotes where they may be', () => {
    const step = answered((response) => response.replaceAll(',', ' ,,\r\n ').replace('qop=auth', 'qop = "auth"'))

    expect(step.kind).toBe('complete')
  })

  test('takes what Java takes: no nc or another one, a name without value at the end, text before the challenge', () => {
    expect(answered((response) => response.replace('nc=00000001,', '')).kind).toBe('complete')
    expect(answered((response) => response.replace('nc=00000001', 'nc=2')).kind).toBe('complete')
    expect(answered((response) => `${response},x`).kind).toBe('complete')
    expect(server().evaluate(bytes('hello')).kind).toBe('challenge')
  })

  test('is for one exchange, whether it failed or not', () => {
    const used = server()
    const failedOne = server()
    run(used, client())
    run(failedOne, client({ password: 'wrong' }))

    expect(used.evaluate(new Uint8Array(0))).toEqual({ kind: 'failed', reason: 'the exchange was over' })
    expect(failedOne.evaluate(new Uint8Array(0))).toEqual({ kind: 'failed', reason: 'the exchange was over' })
  })
})

describe('the client', () => {
  test.each([
    { problem: 'no nonce', challenge: 'realm="r",algorithm=md5-sess', reason: 'no nonce' },
    { problem: 'another algorithm', challenge: 'nonce="n",algorithm=md5', reason: 'md5-sess' },
    { problem: 'encryption only', challenge: 'nonce="n",qop="auth-conf",algorithm=md5-sess', reason: 'qop auth-conf' },
    { problem: 'no sense', challenge: '=', reason: 'no name' }
  ])('refuses a challenge with $problem', ({ challenge, reason }) => {
    expect(client().evaluate(bytes(challenge))).toEqual({ kind: 'failed', reason: expect.stringContaining(reason) })
  })

  test('refuses a server that does not know the password', () => {
    const ours = client()
    ours.evaluate(bytes('realm="zk-sasl-md5",nonce="n",charset=utf-8,algorithm=md5-sess'))

    expect(ours.evaluate(bytes(`rspauth=${'0'.repeat(32)}`)).kind).toBe('failed')
  })
})
