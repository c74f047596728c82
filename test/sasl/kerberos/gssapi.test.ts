import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { isKerberosToken } from '../../../src/sasl/kerberos/ap-req.ts'
import { element, integer, Tag } from '../../../src/sasl/kerberos/der.ts'
import {
  checksum,
  decrypt,
  type EncryptionKey,
  encrypt,
  encryptionKey,
  nFold
} from '../../../src/sasl/kerberos/encryption.ts'
import { type KeytabEntry, parseKeytab } from '../../../src/sasl/kerberos/keytab.ts'
import { ReplayCache } from '../../../src/sasl/kerberos/replay-cache.ts'
import { createGssapiServer } from '../../../src/sasl/kerberos/server.ts'
import { unwrapFromInitiator, wrapAsAcceptor } from '../../../src/sasl/kerberos/wrap-token.ts'
import { nodeKerberosCiphers as ciphers } from '../../../src/sasl/node/kerberos-ciphers.ts'

/** See its note. */
const recorded: Record<'keytab' | 'principal' | 'ticket' | 'layers' | 'answer', string> & { readonly nowMs: number } =
  JSON.parse(readFileSync(join(__dirname, 'java-exchange.json'), 'utf8'))

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
const NOTHING = new Uint8Array(0)

describe('a login of the Java client that was recorded beside Apache’s server', () => {
  const keys = parseKeytab(bytes(recorded.keytab))
  const server = (overrides: { nowMs?: number; keys?: readonly KeytabEntry[]; isNew?: boolean } = {}) =>
    createGssapiServer({
      ciphers,
      keys: overrides.keys ?? keys,
      nowMs: () => overrides.nowMs ?? recorded.nowMs,
      isNew: () => overrides.isNew ?? true
    })

  test('is answered as by that, to the byte', () => {
    const ours = server()

    expect(isKerberosToken(bytes(recorded.ticket))).toBe(true)
    expect(ours.evaluate(bytes(recorded.ticket))).toEqual({ kind: 'challenge', token: bytes(recorded.layers) })
    expect(ours.evaluate(bytes(recorded.answer))).toEqual({
      kind: 'complete',
      token: null,
      authenticationId: recorded.principal
    })
    expect(ours.evaluate(NOTHING).kind).toBe('failed')
  })

  test.each([
    {
      problem: 'five minutes later',
      options: { nowMs: recorded.nowMs + 310_000 },
      reason: /clock of alice@ZK\.TEST is -31\d s off/
    },
    { problem: 'before', options: { nowMs: recorded.nowMs - 310_000 }, reason: /clock|not valid yet/ },
    { problem: 'hours later', options: { nowMs: recorded.nowMs + 8 * 3_600_000 }, reason: /expired/ },
    { problem: 'a second time', options: { isNew: false }, reason: /has come before/ },
    { problem: 'without a key', options: { keys: [] }, reason: /^the ticket is for zookeeper\/localhost@ZK\.TEST$/ },
    {
      problem: 'with keys of another version',
      options: { keys: keys.map((entry) => ({ ...entry, version: 9 })) },
      reason: /no key of zookeeper\/localhost@ZK\.TEST of version 2/
    },
    {
      problem: 'with another key',
      options: {
        keys: keys.map((entry) => ({ ...entry, key: { ...entry.key, bytes: Buffer.alloc(entry.key.bytes.length) } }))
      },
      reason: /encrypted with another key/
    }
  ])('is refused $problem', ({ options, reason }) => {
    expect(server(options).evaluate(bytes(recorded.ticket))).toEqual({
      kind: 'failed',
      reason: expect.stringMatching(reason)
    })
  })

  test('is refused with any byte of the ticket or the answer changed', () => {
    const ticket = bytes(recorded.ticket)
    const answer = bytes(recorded.answer)
    const changed = (original: Buffer, at: number): Buffer => {
      const copy = Buffer.from(original)
      copy[at] = (copy[at] ?? 0) ^ 0x41
      return copy
    }
    const tickets = Array.from(ticket, (_, at) => server().evaluate(changed(ticket, at)))
    const answers = Array.from(answer, (_, at) => {
      const ours = server()
      ours.evaluate(ticket)
      return ours.evaluate(changed(answer, at))
    })

    // What may be changed is in the clear and says nothing, such as options and types of names: the answer is the same.
    const accepted = tickets.filter(({ kind }) => kind !== 'failed')
    const same = { kind: 'challenge', token: bytes(recorded.layers) }
    expect(accepted).toEqual(accepted.map(() => same))
    expect(accepted.length).toBeLessThan(30)
    expect(answers.filter(({ kind }) => kind !== 'failed')).toEqual([])
  })

  test('is refused cut off anywhere, with no other error', () => {
    const ticket = bytes(recorded.ticket)
    const kinds = Array.from(ticket, (_, end) => server().evaluate(ticket.subarray(0, end)).kind)

    expect(new Set(kinds)).toEqual(new Set(['failed']))
  })
})

describe('a client', () => {
  const SESSION = encryptionKey(17, Buffer.alloc(16, 1))
  const SERVICE: KeytabEntry = { principal: 'zk/h@R', version: 3, key: encryptionKey(18, Buffer.alloc(32, 2)) }
  const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
  const time = (ms: number): Buffer =>
    element(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')))
  const text = (value: string): Buffer => element(0x1b, Buffer.from(value))
  const field = (number: number, content: Buffer): Buffer => element(0xa0 + number, content)
  const name = (...parts: string[]): Buffer =>
    element(Tag.sequence, field(0, integer(1)), field(1, element(Tag.sequence, ...parts.map(text))))
  const key = ({ type, bytes: value }: EncryptionKey): Buffer =>
    element(Tag.sequence, field(0, integer(type)), field(1, element(Tag.octetString, value)))
  const sealed = (by: EncryptionKey, usage: number, content: Buffer, version: Buffer = Buffer.alloc(0)): Buffer =>
    element(
      Tag.sequence,
      field(0, integer(by.type)),
      version,
      field(2, element(Tag.octetString, encrypt(ciphers, by, usage, content)))
    )

  interface Shown {
    readonly flags?: number
    readonly subkey?: EncryptionKey
    readonly ticketOf?: string[]
    readonly claimed?: string[]
    readonly startMs?: number
    readonly endMs?: number
    readonly ticketFlags?: number
    readonly checksumType?: number
  }

  function apReq(shown: Shown = {}): Buffer {
    const { flags = 0, subkey, ticketOf = ['bob'], claimed = ticketOf, ticketFlags = 0 } = shown
    const gss = Buffer.alloc(24)
    gss.writeUInt32LE(16, 0)
    gss.writeUInt32LE(flags, 20)
    const part = element(
      0x63,
      element(
        Tag.sequence,
        field(0, element(0x03, Buffer.of(0, ticketFlags, 0, 0, 0))),
        field(1, key(SESSION)),
        field(2, text('R')),
        field(3, name(...ticketOf)),
        field(5, time(shown.startMs ?? NOW_MS)),
        field(7, time(shown.endMs ?? NOW_MS + 3_600_000))
      )
    )
    const authenticator = element(
      0x62,
      element(
        Tag.sequence,
        field(0, integer(5)),
        field(1, text('R')),
        field(2, name(...claimed)),
        field(
          3,
          element(
            Tag.sequence,
            field(0, integer(shown.checksumType ?? 0x8003)),
            field(1, element(Tag.octetString, gss))
          )
        ),
        field(4, integer(123)),
        field(5, time(NOW_MS)),
        ...(subkey === undefined ? [] : [field(6, key(subkey))]),
        field(7, integer(77))
      )
    )
    const ticket = element(
      0x61,
      element(
        Tag.sequence,
        field(0, integer(5)),
        field(1, text('R')),
        field(2, name('zk', 'h')),
        field(3, sealed(SERVICE.key, 2, part, field(1, integer(3))))
      )
    )
    const request = element(
      0x6e,
      element(
        Tag.sequence,
        field(0, integer(5)),
        field(1, integer(14)),
        field(2, element(0x03, Buffer.of(0, 0, 0, 0, 0))),
        field(3, ticket),
        field(4, sealed(SESSION, 11, authenticator))
      )
    )
    return element(0x60, bytes('06092a864886f712010202'), Buffer.of(1, 0), request)
  }

  const server = () => createGssapiServer({ ciphers, keys: [SERVICE], nowMs: () => NOW_MS, isNew: () => true })

  /** What a client says of layers: its token of GSS_Wrap. */
  function answerWith(by: EncryptionKey, content: Buffer, turn = 0): Buffer {
    const header = Buffer.from('050400ff0000000000000000000000 4d'.replace(' ', ''), 'hex')
    const sum = checksum(ciphers, by, 24, Buffer.concat([content, header]))
    const body = Buffer.concat([content, sum])
    header.writeUInt16BE(12, 4)
    header.writeUInt16BE(turn, 6)
    const cut = body.length - (turn % body.length)
    return Buffer.concat([header, body.subarray(cut), body.subarray(0, cut)])
  }

  test('has a key of its own, if it brings one, and may turn its message', () => {
    const subkey = encryptionKey(18, Buffer.alloc(32, 9))
    const ours = server()

    expect(ours.evaluate(apReq({ subkey })).kind).toBe('challenge')
    expect(ours.evaluate(answerWith(subkey, Buffer.of(1, 0, 0, 0), 12))).toMatchObject({ authenticationId: 'bob@R' })
  })

  test('that wants the server’s proof gets it, and then the layers', () => {
    const ours = server()
    const proof = ours.evaluate(apReq({ flags: 2 }))
    const layers = ours.evaluate(NOTHING)

    expect(proof.kind).toBe('challenge')
    const token = proof.kind === 'challenge' ? Buffer.from(proof.token) : Buffer.alloc(0)
    // The last of the reply is what is encrypted: an octet string.
    const sealedAt = token.lastIndexOf(Buffer.of(0xa2)) // field of the cipher
    expect(sealedAt).toBeGreaterThan(0)
    expect(layers.kind).toBe('challenge')
    expect(ours.evaluate(answerWith(SESSION, Buffer.of(1, 0, 0, 0))).kind).toBe('complete')
  })

  test.each<{ problem: string; shown: Shown; reason: RegExp }>([
    {
      problem: 'names another than its ticket',
      shown: { claimed: ['root'] },
      reason: /the ticket is bob@R's, not root@R's/
    },
    {
      problem: 'has a name with a slash in a part',
      shown: { ticketOf: ['zk/h'] },
      reason: /signs that have a meaning/
    },
    { problem: 'has a name with an at', shown: { ticketOf: ['bob@X'] }, reason: /signs that have a meaning/ },
    { problem: 'has no name', shown: { ticketOf: [] }, reason: /empty parts/ },
    { problem: 'has a ticket for later', shown: { startMs: NOW_MS + 400_000 }, reason: /not valid yet/ },
    { problem: 'has a ticket of before', shown: { endMs: NOW_MS - 400_000 }, reason: /expired/ },
    { problem: 'has an invalid ticket', shown: { ticketFlags: 1 }, reason: /invalid/ },
    { problem: 'does not speak GSS-API', shown: { checksumType: 7 }, reason: /not of GSS-API/ }
  ])('is refused that $problem', ({ shown, reason }) => {
    expect(server().evaluate(apReq(shown))).toEqual({ kind: 'failed', reason: expect.stringMatching(reason) })
  })

  test.each([
    { problem: 'wants a layer', answer: answerWith(SESSION, Buffer.of(2, 0, 0, 0)), reason: /wants a layer/ },
    { problem: 'says too little', answer: answerWith(SESSION, Buffer.of(1)), reason: /cut off/ },
    {
      problem: 'has another key',
      answer: answerWith(encryptionKey(17, Buffer.alloc(16, 7)), Buffer.of(1, 0, 0, 0)),
      reason: /checksum is wrong/
    },
    {
      problem: 'sends our own words back',
      answer: wrapAsAcceptor(ciphers, SESSION, 77, Buffer.of(1, 0, 0, 0)),
      reason: /our own message/
    },
    { problem: 'says nothing', answer: Buffer.alloc(0), reason: /no wrapped message/ }
  ])('is refused in the end that $problem', ({ answer, reason }) => {
    const ours = server()
    ours.evaluate(apReq())

    expect(ours.evaluate(answer)).toEqual({ kind: 'failed', reason: expect.stringMatching(reason) })
  })
})

describe('encryption', () => {
  test.each([
    { input: '012345', size: 8, folded: 'be072631276b1955' },
    { input: 'password', size: 7, folded: '78a07b6caf85fa' },
    { input: 'Rough Consensus, and Running Code', size: 8, folded: 'bb6ed30870b7f0e0' },
    { input: 'password', size: 21, folded: '59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e' },
    { input: 'kerberos', size: 16, folded: '6b65726265726f737b9b5b2b93132b93' }
  ])('folds "$input" as RFC 3961, A.1', ({ input, size, folded }) => {
    expect(nFold(Buffer.from(input), size).toString('hex')).toBe(folded)
  })

  test.each([0, 1, 15, 16, 17, 31, 32, 33, 100])('gives back %i bytes, and notices a change', (size) => {
    const key = encryptionKey(18, Buffer.alloc(32, 3))
    const plain = Buffer.alloc(size, 5)
    const cipher = encrypt(ciphers, key, 2, plain)
    const changed = Buffer.from(cipher)
    changed[3] = (changed[3] ?? 0) ^ 1

    expect(decrypt(ciphers, key, 2, cipher)).toEqual(plain)
    expect(() => decrypt(ciphers, key, 3, cipher)).toThrow('another key')
    expect(() => decrypt(ciphers, key, 2, changed)).toThrow('another key')
  })

  test('refuses types that are not known', () => {
    expect(() => encryptionKey(23, Buffer.alloc(16))).toThrow('encryption type 23 is not known')
    expect(() => encryptionKey(18, Buffer.alloc(16))).toThrow('has 16 bytes')
  })

  test('a message of the client is not taken for one of the server', () => {
    const key = encryptionKey(17, Buffer.alloc(16, 1))

    expect(() => unwrapFromInitiator(ciphers, key, wrapAsAcceptor(ciphers, key, 0, Buffer.of(1)))).toThrow('our own')
  })
})

describe('requests that have come before', () => {
  test('are known for a while', () => {
    const cache = new ReplayCache(1000, 10)

    expect([cache.isNew(Buffer.of(1), 0), cache.isNew(Buffer.of(1), 1000), cache.isNew(Buffer.of(1), 1001)]).toEqual([
      true,
      false,
      true
    ])
  })

  test('are not forgotten for others: at the limit nothing is new', () => {
    const cache = new ReplayCache(1000, 2)
    const outcomes = [1, 2, 3, 1].map((one) => cache.isNew(Buffer.of(one), 0))

    expect(outcomes).toEqual([true, true, false, false])
    expect(cache.isNew(Buffer.of(3), 1001)).toBe(true)
  })
})

test.each([
  { bytes: Buffer.alloc(0), problem: 'no key table' },
  { bytes: bytes('0501'), problem: 'no key table' },
  { bytes: bytes(`0502000000ff${'00'.repeat(20)}`), problem: 'cut off' },
  { bytes: bytes(`050200000004${'00ff00ff'}`), problem: 'an entry is cut off' }
])('a file that is no key table: $problem', ({ bytes: content, problem }) => {
  expect(() => parseKeytab(content)).toThrow(problem)
})
