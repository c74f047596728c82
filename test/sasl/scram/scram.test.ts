import { describe, expect, test } from '@jest/globals'
import { nodeSaslHashes as hashes } from '../../../src/sasl/node/hashes.ts'
import { createScramClient } from '../../../src/sasl/scram/client.ts'
import { createScramServer } from '../../../src/sasl/scram/server.ts'
import { formatVerifier, parseVerifier, verifierOf } from '../../../src/sasl/scram/verifier.ts'

const bytes = (value: string): Buffer => Buffer.from(value, 'utf8')
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const pencil = verifierOf(hashes, 'pencil', salt, 4096)

/** RFC 7677, section 3. */
const CLIENT_FIRST = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO'
const SERVER_FIRST = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'
const CLIENT_FINAL =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

const server = (nonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0') =>
  createScramServer({
    hashes,
    nonce,
    decoySecret: bytes('decoy'),
    decoyIterations: 4096,
    verifierOf: (user) => (user === 'user' || user === 'a=b,c' ? pencil : null)
  })

const client = (username = 'user', password = 'pencil') =>
  createScramClient({ hashes, username, password, nonce: 'rOprNGfwEbeRWgbNEkqO' })

describe('the exchange of RFC 7677, section 3', () => {
  test('the server says the same to the byte', () => {
    const ours = server()

    expect(ours.evaluate(bytes(CLIENT_FIRST))).toEqual({ kind: 'challenge', token: bytes(SERVER_FIRST) })
    expect(ours.evaluate(bytes(CLIENT_FINAL))).toEqual({
      kind: 'complete',
      token: bytes(SERVER_FINAL),
      authenticationId: 'user'
    })
  })

  test('the client says the same to the byte', () => {
    const ours = client()

    expect(Buffer.from(ours.initialResponse()).toString()).toBe(CLIENT_FIRST)
    expect(ours.evaluate(bytes(SERVER_FIRST))).toEqual({ kind: 'response', token: bytes(CLIENT_FINAL) })
    expect(ours.evaluate(bytes(SERVER_FINAL))).toEqual({ kind: 'complete' })
  })
})

describe('the server', () => {
  const outcome = (username: string, password: string) => {
    const ours = server()
    const theirs = client(username, password)
    const challenge = ours.evaluate(theirs.initialResponse())
    if (challenge.kind !== 'challenge') return challenge
    const response = theirs.evaluate(challenge.token)
    return response.kind === 'response' ? ours.evaluate(response.token) : response
  }

  test('knows names with commas and equals signs', () => {
    expect(outcome('a=b,c', 'pencil')).toMatchObject({ kind: 'complete', authenticationId: 'a=b,c' })
  })

  test('refuses a wrong password and an unknown user, and says which in its log only', () => {
    expect(outcome('user', 'pen')).toEqual({ kind: 'failed', reason: 'the password of "user" is wrong' })
    expect(outcome('eve', 'pencil')).toEqual({ kind: 'failed', reason: 'there is no user "eve"' })
  })

  test('shows an unknown user the same salt each time, and each one another', () => {
    const saltOf = (user: string) => {
      const step = server().evaluate(bytes(`n,,n=${user},r=abc`))
      return step.kind === 'challenge' ? /s=([^,]+),i=4096$/.exec(Buffer.from(step.token).toString())?.[1] : undefined
    }

    expect(saltOf('eve')).toBe(saltOf('eve'))
    expect(saltOf('eve')).not.toBe(saltOf('mallory'))
    expect(Buffer.from(saltOf('eve') ?? '', 'base64')).toHaveLength(salt.length)
  })

  test.each([
    { problem: 'channel binding', first: 'p=tls-unique,,n=user,r=abc' },
    { problem: 'an extension that must be known', first: 'n,,m=x,n=user,r=abc' },
    { problem: 'acting as another', first: 'n,a=root,n=user,r=abc' },
    { problem: 'a bad escape', first: 'n,,n=us=er,r=abc' },
    { problem: 'no nonce', first: 'n,,n=user,r=' },
    { problem: 'no name', first: 'n,,n=,r=abc' },
    { problem: 'no sense', first: 'hello' }
  ])('refuses $problem', ({ first }) => {
    expect(server().evaluate(bytes(first)).kind).toBe('failed')
  })

  test.each([
    { problem: 'another nonce', final: CLIENT_FINAL.replace('r=rOpr', 'r=xOpr') },
    { problem: 'another binding', final: CLIENT_FINAL.replace('c=biws', 'c=eSws') },
    { problem: 'no proof', final: CLIENT_FINAL.replace(/,p=.*/, '') },
    { problem: 'a short proof', final: CLIENT_FINAL.replace(/,p=.*/, ',p=AAAA') },
    { problem: 'a proof that is no base64', final: CLIENT_FINAL.replace(/,p=.*/, ',p=?') },
    { problem: 'a proof of another length of time', final: `${CLIENT_FINAL},x=1` }
  ])('refuses a last message with $problem', ({ final }) => {
    const ours = server()
    ours.evaluate(bytes(CLIENT_FIRST))

    expect(ours.evaluate(bytes(final)).kind).toBe('failed')
    expect(ours.evaluate(bytes(CLIENT_FINAL))).toEqual({ kind: 'failed', reason: 'the exchange was over' })
  })
})

describe('the client', () => {
  test.each([
    { problem: 'few iterations', challenge: SERVER_FIRST.replace('i=4096', 'i=1') },
    { problem: 'iterations for minutes', challenge: SERVER_FIRST.replace('i=4096', 'i=99999999') },
    { problem: 'a nonce of its own', challenge: SERVER_FIRST.replace('r=r', 'r=x') },
    { problem: 'no nonce of its own', challenge: SERVER_FIRST.replace(/%[^,]*/, '') }
  ])('refuses a challenge with $problem', ({ challenge }) => {
    expect(client().evaluate(bytes(challenge)).kind).toBe('failed')
  })

  test('refuses a server that does not know the verifier', () => {
    const ours = client()
    ours.evaluate(bytes(SERVER_FIRST))

    expect(ours.evaluate(bytes(`v=${Buffer.alloc(32).toString('base64')}`)).kind).toBe('failed')
  })
})

describe('a verifier', () => {
  test("is written as PostgreSQL's and read again", () => {
    const text = formatVerifier(pencil)

    expect(text).toBe(
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='
    )
    expect(parseVerifier(text)).toEqual(pencil)
  })

  test.each(['SCRAM-SHA-256$', 'SCRAM-SHA-256$1:AAAA$x:y', formatVerifier({ ...pencil, iterations: 1000 })])(
    'is refused as %s',
    (text) => {
      expect(parseVerifier(text)).toBeNull()
    }
  )
})
