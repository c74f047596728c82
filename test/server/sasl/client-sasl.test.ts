import { describe, expect, test } from '@jest/globals'
import type { ConnectionId, SaslAnswer } from '../../../src/core/ports.ts'
import { createDigestMd5Client } from '../../../src/sasl/digest-md5/client.ts'
import type { ClientExchange } from '../../../src/sasl/exchange.ts'
import { nodeSaslHashes as hashes, randomNonce } from '../../../src/sasl/node/hashes.ts'
import { createScramClient } from '../../../src/sasl/scram/client.ts'
import { formatVerifier, verifierOf } from '../../../src/sasl/scram/verifier.ts'
import { createClientSasl } from '../../../src/server/sasl/client-sasl.ts'
import { settingsWith } from './sasl-settings.ts'

const CONNECTION = 1 as ConnectionId
const USERS = {
  bob: 'bobsecret',
  super: 'root',
  verified: formatVerifier(verifierOf(hashes, 'vsecret', Buffer.alloc(16, 7), 5000))
}

const digestClient = (username: string, password: string): ClientExchange =>
  createDigestMd5Client({
    hashes,
    username,
    password,
    protocol: 'zookeeper',
    serverName: 'zk-sasl-md5',
    cnonce: randomNonce()
  })
const scramClient = (username: string, password: string): ClientExchange =>
  createScramClient({ hashes, username, password, nonce: randomNonce() })

/** How the server ends an exchange with a client, by the settings in `lines`. */
function login(client: ClientExchange, lines: readonly string[] = [], users: Readonly<Record<string, string>> = USERS) {
  const { acl } = settingsWith(...lines)
  const exchange = createClientSasl({ users: new Map(Object.entries(users)), kerberos: null }, acl, 'REALM').begin(
    CONNECTION
  )
  let answer: SaslAnswer | { readonly kind: 'pending' } = exchange.evaluate(client.initialResponse())
  while (answer.kind === 'challenge') {
    const step = client.evaluate(answer.token)
    if (step.kind !== 'response') return { answer, proof: step }
    answer = exchange.evaluate(step.token)
  }
  const token = answer.kind === 'complete' ? answer.token : null
  return { answer, proof: token === null ? null : client.evaluate(token) }
}

describe.each([
  { mechanism: 'DIGEST-MD5', client: digestClient },
  { mechanism: 'SCRAM-SHA-256', client: scramClient }
])('$mechanism', ({ mechanism, client }) => {
  test('is known by its first token and makes an id of scheme sasl', () => {
    expect(login(client('bob', 'bobsecret'))).toEqual({
      answer: { kind: 'complete', token: expect.anything(), identities: [{ scheme: 'sasl', id: 'bob' }] },
      proof: { kind: 'complete' }
    })
  })

  test('refuses a wrong password', () => {
    const { answer } = login(client('bob', 'x'))

    expect(answer).toEqual({ kind: 'failed', reason: 'the password of "bob" is wrong' })
  })

  test('makes a super user of who is named so', () => {
    const lines = ['superUser.2=bob', 'superUser=alice']

    expect(login(client('bob', 'bobsecret'), lines).answer).toMatchObject({
      identities: [
        { scheme: 'sasl', id: 'bob' },
        { scheme: 'super', id: '' }
      ]
    })
    expect(login(client('super', 'root'), lines).answer).toMatchObject({
      identities: [{ scheme: 'sasl', id: 'super' }]
    })
  })

  test('takes the password of the property for the user super, who must be in the file', () => {
    const lines = ['SASLAuthenticationProvider.superPassword=other']

    expect(login(client('super', 'other'), lines).answer.kind).toBe('complete')
    expect(login(client('super', 'root'), lines).answer.kind).toBe('failed')
    expect(login(client('super', 'other'), lines, { bob: 'b' }).answer.kind).toBe('failed')
  })

  test('takes host and realm from a Kerberos name where that is configured', () => {
    const users = { 'zk/host@REALM': 'pw' }
    const idWith = (...lines: string[]) => login(client('zk/host@REALM', 'pw'), lines, users).answer

    expect(idWith()).toMatchObject({ identities: [{ id: 'zk/host@REALM' }] })
    expect(idWith('kerberos.removeHostFromPrincipal=true', 'kerberos.removeRealmFromPrincipal=true')).toMatchObject({
      identities: [{ id: 'zk' }]
    })
  })

  test('can be switched off', () => {
    const other = mechanism === 'DIGEST-MD5' ? 'SCRAM-SHA-256' : 'DIGEST-MD5'

    expect(login(client('bob', 'bobsecret'), [`sasl.mechanisms=${other}`]).answer.kind).not.toBe('complete')
    expect(login(client('bob', 'bobsecret'), [`sasl.mechanisms=${mechanism.toLowerCase()}`]).answer.kind).toBe(
      'complete'
    )
  })
})

test('a verifier is good for SCRAM-SHA-256 only', () => {
  expect(login(scramClient('verified', 'vsecret')).answer.kind).toBe('complete')
  expect(login(scramClient('verified', 'x')).answer.kind).toBe('failed')
  expect(login(digestClient('verified', 'vsecret')).answer).toEqual({
    kind: 'failed',
    reason: 'there is no user "verified"'
  })
  expect(login(digestClient('verified', USERS.verified)).answer.kind).toBe('failed')
})

test('DIGEST-MD5 is off where fips-mode=true is given, and only there', () => {
  const answer = (...lines: string[]) => login(digestClient('bob', 'bobsecret'), lines).answer

  expect(answer('fips-mode=false').kind).toBe('complete')
  expect(answer('fips-mode=true')).toEqual({
    kind: 'failed',
    reason: 'its first token, an empty one, is of none of the mechanisms that are on: SCRAM-SHA-256'
  })
  expect(login(scramClient('bob', 'bobsecret'), ['fips-mode=true']).answer.kind).toBe('complete')
})
