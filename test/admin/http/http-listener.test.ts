import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { HttpListener } from '../../../src/admin/http/http-listener.ts'
import { openHttpTls } from '../../../src/server/http-tls.ts'
import { silentLogger } from '../../../src/server/logging/logger.ts'
import { NO_ENDPOINT, storeOf } from '../../tls/fixtures.ts'

/** As many as a port takes. */
const CONNECTION_COUNT_MAX = 256

let listener: HttpListener | undefined
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await listener?.close()
  listener = undefined
})

type Answer = ConstructorParameters<typeof HttpListener>[1]

async function listen(tls: 'plain' | 'secure' | 'both', answer: Answer, headTimeoutMs = 10_000): Promise<number> {
  const endpoint = { ...NO_ENDPOINT, keyStore: storeOf('rsa.pem') }
  const https = { endpoint, property: 'ssl.quorum', clientAuth: 'none', isPlainTaken: tls === 'both' } as const
  listener = new HttpListener(
    {
      host: '127.0.0.1',
      port: 0,
      idleTimeoutMs: 600_000,
      headTimeoutMs,
      tls: tls === 'plain' ? null : openHttpTls(https, silentLogger)
    },
    answer,
    (error) => {
      throw error
    }
  )
  await listener.listen()
  return listener.port
}

const greet: Answer = async (_request, response) => void response.end('hello')

function open(port: number, bytes = ''): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes)
      resolve(socket)
    })
    socket.on('error', reject)
    sockets.push(socket)
  })
}

/** What comes until the other side ends; its resets are an end, too. */
function untilClosed(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.removeAllListeners('error')
    socket.on('error', () => undefined)
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1')
    })
    socket.on('close', () => resolve(text))
  })
}

const ASK = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

describe('an HTTP port', () => {
  test('answers whoever asks, however many connections others hold without a word', async () => {
    const port = await listen('plain', greet)
    const first = untilClosed(await open(port))
    for (let count = 1; count < CONNECTION_COUNT_MAX; count++) await open(port)

    const asking = await open(port, ASK)

    expect(await untilClosed(asking)).toMatch(/hello$/)
    // The one that has waited longest made room.
    expect(await first).toBe('')
  })

  test('takes no more connections while all have a request under way', async () => {
    const held: (() => void)[] = []
    let allAsked: () => void = () => undefined
    const asked = new Promise<void>((resolve) => {
      allAsked = resolve
    })
    const port = await listen('plain', async (_request, response) => {
      held.push(() => response.end('hello'))
      if (held.length === CONNECTION_COUNT_MAX) allAsked()
    })
    const busy: Promise<string>[] = []
    for (let count = 0; count < CONNECTION_COUNT_MAX; count++) busy.push(untilClosed(await open(port, ASK)))
    await asked

    expect(await untilClosed(await open(port, ASK))).toBe('')

    for (const answer of held) answer()
    const answers = await Promise.all(busy)
    expect(answers.filter((text) => text.endsWith('hello'))).toHaveLength(CONNECTION_COUNT_MAX)
  })

  test.each([
    { what: 'says nothing', tls: 'secure', bytes: '' },
    { what: 'begins a handshake and stops', tls: 'secure', bytes: '\x16\x03\x01\x00\xc8\x01' },
    { what: 'says nothing where both are spoken', tls: 'both', bytes: '' },
    { what: 'begins a handshake where both are spoken', tls: 'both', bytes: '\x16\x03\x01\x00\xc8\x01' },
    { what: 'stops in the head of a request', tls: 'plain', bytes: 'GET / HTTP/1.1\r\nHost: loc' },
    { what: 'stops in the head where both are spoken', tls: 'both', bytes: 'GET / HTTP/1.1\r\nHost: loc' }
  ] as const)('closes a connection that $what, long before it is idle', async ({ tls, bytes }) => {
    const port = await listen(tls, greet, 100)
    const socket = await open(port)
    socket.write(bytes, 'latin1')

    expect(await untilClosed(socket)).not.toContain('hello')
  })
})
