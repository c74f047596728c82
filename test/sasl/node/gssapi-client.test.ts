import { describe, expect, test } from '@jest/globals'
import { createGssapiClient } from '../../../src/sasl/node/gssapi-client.ts'
import type { KerberosContext, KerberosLibrary } from '../../../src/sasl/node/kerberos-library.ts'

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64')
const NOTHING = new Uint8Array(0)

interface Asked {
  readonly service: string
  readonly options: unknown
}

/** A library whose server proves itself by `proof`, and wraps by putting `sealed:` in front. */
function library({ proof = 'proof', fails = '' } = {}) {
  const asked: Asked[] = []
  const context = {
    username: 'alice@R',
    contextComplete: false as boolean,
    async step(challenge: string): Promise<string | null> {
      if (challenge === '') return base64('ticket')
      if (challenge !== base64(proof)) throw new Error('the proof is wrong')
      context.contextComplete = true
      return null
    },
    async unwrap(text: string): Promise<string | null> {
      const plain = Buffer.from(text, 'base64').toString('latin1')
      if (!plain.startsWith('sealed:')) throw new Error('A token had an invalid MIC')
      return base64(Buffer.from(plain.slice(7), 'latin1'))
    },
    async wrap(text: string): Promise<string | null> {
      return base64(Buffer.concat([Buffer.from('sealed:'), Buffer.from(text, 'base64')]))
    }
  } satisfies KerberosContext
  const fake: KerberosLibrary = {
    async initializeClient(service, options) {
      asked.push({ service, options })
      if (fails !== '') throw new Error(fails)
      return context
    }
  }
  return { asked, fake }
}

const sealed = (...bytes: number[]): Buffer => Buffer.concat([Buffer.from('sealed:'), Buffer.from(bytes)])

function clientOf(fake: KerberosLibrary, principal: string | null = null) {
  return createGssapiClient({ library: fake, service: 'zookeeper', host: 'zk1', principal })
}

describe('a login by Kerberos', () => {
  test('shows a ticket, has the server prove itself, takes no layer, and says who it is', async () => {
    const { asked, fake } = library()
    const client = clientOf(fake, 'alice@R')

    expect(await client.initialResponse()).toEqual(Buffer.from('ticket'))
    expect(await client.evaluate(Buffer.from('proof'))).toEqual({ kind: 'response', token: NOTHING })
    const answer = Buffer.concat([sealed(1, 0, 0, 0), Buffer.from('alice@R')])
    expect(await client.evaluate(sealed(7, 1, 0, 0))).toEqual({ kind: 'response', token: answer, isLast: true })
    expect(await client.evaluate(NOTHING)).toEqual({ kind: 'complete' })
    // Mutual, in order, with integrity; Kerberos 5.
    expect(asked).toEqual([
      { service: 'zookeeper@zk1', options: { principal: 'alice@R', gssFlag: 2 | 8 | 32, mechOID: 9 } }
    ])
  })

  test('leaves it to the library whose tickets there are', async () => {
    const { asked, fake } = library()

    await clientOf(fake).initialResponse()

    expect(asked).toEqual([{ service: 'zookeeper@zk1', options: { gssFlag: 2 | 8 | 32, mechOID: 9 } }])
  })

  test('does not believe a server that cannot prove itself', async () => {
    const client = clientOf(library().fake)
    await client.initialResponse()

    await expect(client.evaluate(Buffer.from('guess'))).rejects.toThrow('Kerberos: the proof is wrong')
  })

  test.each([
    { what: 'that are not sealed', token: Buffer.of(1, 0, 0, 0), reason: /invalid MIC/ },
    { what: 'without the one that there is', token: sealed(4, 0, 0, 0), reason: /wants a layer/ },
    { what: 'that are cut off', token: sealed(1, 0), reason: /cut off/ }
  ])('refuses layers $what', async ({ token, reason }) => {
    const client = clientOf(library().fake)
    await client.initialResponse()
    await client.evaluate(Buffer.from('proof'))

    const outcome = Promise.resolve(client.evaluate(token)).then(
      (step) => (step.kind === 'failed' ? step.reason : step.kind),
      (error: Error) => error.message
    )
    expect(await outcome).toMatch(reason)
  })

  test('is not complete while the server goes on asking', async () => {
    const client = clientOf(library().fake)
    await client.initialResponse()
    await client.evaluate(Buffer.from('proof'))
    await client.evaluate(sealed(1, 0, 0, 0))

    expect((await client.evaluate(Buffer.from('more'))).kind).toBe('failed')
  })

  test('says in one line why there is no ticket', async () => {
    const fails =
      'Unspecified GSS failure.  Minor code may provide more information: No Kerberos\n credentials available'

    const outcome = clientOf(library({ fails }).fake).initialResponse()

    await expect(outcome).rejects.toThrow(/^Kerberos: No Kerberos credentials available$/)
  })
})
