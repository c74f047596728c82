import { describe, expect, test } from '@jest/globals'
import { JuteReader } from 'jute-ts'
import type { ConnectionId, SaslAnswer, SaslPort } from '../../src/core/ports.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { OpCode } from '../../src/protocol/op-code.ts'
import { PeerHarness, type Sent } from './peer-harness.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
const BOB = { scheme: 'sasl', id: 'bob' }

/** Says to each token what `answers` has for it. */
function scripted(
  answers: Readonly<Record<string, SaslAnswer | { readonly kind: 'pending' }>>,
  allowsFailedClients = false
): SaslPort {
  return {
    allowsFailedClients,
    begin: () => ({
      evaluate: (token) => answers[Buffer.from(token).toString()] ?? { kind: 'failed', reason: 'unscripted' }
    })
  }
}

const EXCHANGE = {
  '': { kind: 'challenge', token: bytes('who?') },
  bob: { kind: 'complete', token: bytes('hello'), identities: [BOB] },
  root: { kind: 'complete', token: null, identities: [BOB, { scheme: 'super', id: '' }] },
  wrong: { kind: 'failed', reason: 'the password of "bob" is wrong' },
  slow: { kind: 'pending' }
} as const

function server(port: SaslPort | undefined, settings: ConstructorParameters<typeof PeerHarness>[0] = {}) {
  const harness = new PeerHarness(settings, port === undefined ? {} : { sasl: port })
  const id = harness.session()
  const say = (token: string | null, xid = 1): Reply[] =>
    repliesOf(
      harness.request(id, OpCode.sasl, xid, (writer) => writer.writeBuffer(token === null ? null : bytes(token)))
    )
  const whoAmI = () => {
    const [reply] = repliesOf(harness.request(id, OpCode.whoAmI, 9))
    const reader = new JuteReader().reset(reply?.body ?? Buffer.alloc(0))
    return Array.from({ length: reader.readVectorLength() }, () => `${reader.readString()}:${reader.readString()}`)
  }
  return { harness, id, say, whoAmI }
}

type Reply = Extract<Sent, { readonly kind: 'reply' }>
const repliesOf = (sent: readonly Sent[]): Reply[] => sent.filter((one): one is Reply => one.kind === 'reply')

const closeReason = (harness: PeerHarness, id: ConnectionId): string | null => {
  const last = harness.sent(id).at(-1)
  return last?.kind === 'closed' ? last.reason : null
}

const tokenOf = (reply: Reply | undefined): string | null => {
  const token = new JuteReader().reset(reply?.body ?? Buffer.alloc(0)).readBuffer()
  return token === null ? null : Buffer.from(token).toString()
}

describe('a SASL exchange', () => {
  test('goes token by token and adds who the client is', () => {
    const { say, whoAmI } = server(scripted(EXCHANGE))

    const [challenge] = say('', 7)
    const [proof] = say('bob', 8)

    expect(challenge).toMatchObject({ xid: 7, zxid: 0, err: 0 })
    expect(tokenOf(challenge)).toBe('who?')
    expect(proof).toMatchObject({ xid: 8, zxid: 0, err: 0 })
    expect(tokenOf(proof)).toBe('hello')
    expect(whoAmI()).toEqual(['ip:127.0.0.1', 'sasl:bob'])
  })

  test('that makes a super user lets it do everything', () => {
    const { harness, id, say } = server(scripted(EXCHANGE))
    const setConfig = () =>
      repliesOf(
        harness.request(id, OpCode.setData, 3, (writer) => {
          writer.writeString('/zookeeper/config')
          writer.writeBuffer(bytes('x'))
          writer.writeInt(-1)
        })
      )[0]?.err

    const before = setConfig()
    say('root')

    expect([before, setConfig()]).toEqual([ErrorCode.NOAUTH, ErrorCode.OK])
  })

  test('that fails is answered AUTHFAILED with a null token, then closed', () => {
    const { harness, id, say } = server(scripted(EXCHANGE))

    const [reply] = say('wrong', 5)

    expect(reply).toMatchObject({ xid: 5, zxid: 0, err: ErrorCode.AUTHFAILED })
    expect(tokenOf(reply)).toBeNull()
    expect(closeReason(harness, id)).toBe('AUTH_FAILED')
    expect(harness.logged).toContainEqual({
      level: 'warn',
      message: 'client 127.0.0.1 failed to authenticate by SASL: the password of "bob" is wrong'
    })
  })

  test('that fails where SASL is required is told so', () => {
    const settings = { enforceAuthEnabled: true, enforceAuthSchemes: ['digest', 'sasl'] }
    const { harness, id, say } = server(scripted(EXCHANGE, true), settings)

    const [reply] = say('wrong')

    expect(reply?.err).toBe(ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH)
    expect(tokenOf(reply)).toBeNull()
    expect(closeReason(harness, id)).toBe('AUTH_FAILED')
  })

  test('that fails leaves a client in that may, as nobody', () => {
    const { harness, id, say, whoAmI } = server(scripted(EXCHANGE, true))

    const [reply] = say('wrong')

    expect(reply?.err).toBe(ErrorCode.OK)
    expect(tokenOf(reply)).toBeNull()
    expect(closeReason(harness, id)).toBeNull()
    expect(whoAmI()).toEqual(['ip:127.0.0.1'])
  })

  test('makes way for requests where it is required', () => {
    const settings = { enforceAuthEnabled: true, enforceAuthSchemes: ['sasl'] }
    const { harness, id, say, whoAmI } = server(scripted(EXCHANGE), settings)

    say('bob')

    expect(whoAmI()).toEqual(['ip:127.0.0.1', 'sasl:bob'])
    expect(closeReason(harness, id)).toBeNull()
  })

  test('needs a configuration: without one there is nothing to say', () => {
    const { say } = server(undefined)

    const [reply] = say('')

    expect(reply?.err).toBe(ErrorCode.OK)
    expect(tokenOf(reply)).toBeNull()
  })

  test('is closed by a null token', () => {
    const { harness, id, say } = server(scripted(EXCHANGE))

    say(null)

    expect(closeReason(harness, id)).toBe('INVALID_REQUEST')
  })

  test('of many clients that fail has a line a second in the log, which counts the others', () => {
    const { harness } = server(scripted(EXCHANGE, true))
    const fail = (): void => {
      harness.request(harness.session(), OpCode.sasl, 1, (writer) => writer.writeBuffer(bytes('wrong')))
    }

    for (let count = 0; count < 50; count++) fail()
    harness.advance(1000)
    fail()

    const lines = harness.logged.filter(({ message }) => message.includes('SASL'))
    expect(lines).toHaveLength(2)
    expect(lines[1]?.message).toContain('; 49 more before it')
  })
})

describe('an answer that takes its time', () => {
  test('holds back what comes behind it, of this connection only', () => {
    const { harness, id, say, whoAmI } = server(scripted(EXCHANGE))
    const other = harness.session()

    const during = [say('slow', 4), harness.request(id, OpCode.whoAmI, 5)]
    const ofOther = harness.request(other, OpCode.whoAmI, 1)
    const before = harness.sent(id).length
    harness.answerSasl(id, { kind: 'complete', token: bytes('welcome'), identities: [BOB] })
    const [proof, who] = repliesOf(harness.sent(id).slice(before))

    expect(during).toEqual([[], []])
    expect(ofOther).toHaveLength(1)
    expect(proof).toMatchObject({ xid: 4, err: 0 })
    expect(tokenOf(proof)).toBe('welcome')
    expect(who).toMatchObject({ xid: 5, err: 0 })
    expect(whoAmI()).toEqual(['ip:127.0.0.1', 'sasl:bob'])
  })

  test('may be another question, whose answer waits behind nothing', () => {
    const { harness, id, say } = server(scripted(EXCHANGE))

    say('slow', 4)
    say('slow', 5)
    say('bob', 6)
    const before = harness.sent(id).length
    harness.answerSasl(id, { kind: 'challenge', token: bytes('more') })
    const first = repliesOf(harness.sent(id).slice(before))
    harness.answerSasl(id, { kind: 'challenge', token: bytes('still more') })

    expect(first.map(({ xid }) => xid)).toEqual([4])
    expect(repliesOf(harness.sent(id).slice(before)).map((reply) => [reply.xid, tokenOf(reply)])).toEqual([
      [4, 'more'],
      [5, 'still more'],
      [6, 'hello']
    ])
  })

  test('is waited for even while the output is drained', () => {
    const { harness, id, say } = server(scripted(EXCHANGE))

    say('slow', 4)
    const held = harness.request(id, OpCode.whoAmI, 5)
    harness.congest(id)
    harness.drain(id)

    expect(held).toEqual([])
    expect(repliesOf(harness.sent(id)).filter(({ xid }) => xid === 5)).toEqual([])
  })

  test('comes too late for a connection that is gone', () => {
    const { harness, id, say } = server(scripted(EXCHANGE))

    say('slow', 4)
    harness.disconnect(id)
    harness.answerSasl(id, { kind: 'failed', reason: 'late' })

    expect(repliesOf(harness.sent(id)).filter(({ xid }) => xid === 4)).toEqual([])
  })

  test('that is a refusal closes, and what waited is not looked at', () => {
    const { harness, id, say } = server(scripted(EXCHANGE))

    say('slow', 4)
    harness.request(id, OpCode.whoAmI, 5)
    harness.answerSasl(id, { kind: 'failed', reason: 'no' })

    expect(closeReason(harness, id)).toBe('AUTH_FAILED')
    expect(harness.sent(id).at(-2)).toMatchObject({ xid: 4, err: ErrorCode.AUTHFAILED })
  })
})
