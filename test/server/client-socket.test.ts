import { createHash } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ConnectionId } from '../../src/core/ports.ts'
import { ClientSocket, type SocketSurroundings, UNSENT_BYTES_PAUSE } from '../../src/server/client-socket.ts'
import type { BareSocket } from '../../src/server/net/bare-socket.ts'
import { DirectReads } from '../../src/server/net/direct-reads.ts'
import { DirectWrites, Written } from '../../src/server/net/direct-writes.ts'
import { StreamTransport } from '../../src/server/net/stream-transport.ts'
import type { Transport } from '../../src/server/net/transport.ts'
import { OutputPool } from '../../src/server/output-pool.ts'
import { bareAcceptor } from './net/bare-acceptor.ts'
import { socketPair } from './net/socket-pair.ts'

const WAIT_MS = 20_000
/** So much that a system does not take the most of it for a client that reads nothing, at whatever time. */
const CLOGGING_BYTES = 24 * 1024 * 1024

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS
  while (!condition() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 2))
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function isPaused(transport: Transport): boolean {
  return transport instanceof StreamTransport ? transport.stream.isPaused() : !(transport as BareSocket).isReading
}

/** Writes that are made directly from the first one on. */
async function learnedWrites(): Promise<DirectWrites> {
  const writes = new DirectWrites()
  const pair = await socketPair()
  writes.to(pair.accepted).write(Buffer.from('x'), () => undefined)
  pair.accepted.write(Buffer.from('x'))
  const next = writes.to(pair.accepted).write(Buffer.from('x'), () => undefined)
  pair.close()
  expect(next).toBe(Written.taken)
  return writes
}

describe.each(['ordinary writes', 'direct writes', 'a bare socket'])('with %s', (way) => {
  let learned: DirectWrites
  let server: Server
  let client: Socket
  let socket: ClientSocket
  let transport: Transport
  let told: string[]
  let gone: () => void
  let surroundings: SocketSurroundings

  beforeAll(async () => {
    learned = await learnedWrites()
  })

  beforeEach(async () => {
    told = []
    gone = () => undefined
    surroundings = {
      frameBytesMax: 1024 * 1024,
      pool: new OutputPool(),
      unsent: { bytes: 0 },
      congested: () => told.push('congested'),
      drained: () => told.push('drained'),
      received: () => undefined,
      ended: () => undefined,
      failed: () => undefined,
      gone: () => gone()
    }
    if (way === 'a bare socket') {
      const acceptor = await bareAcceptor()
      const accepted = await acceptor.accept()
      server = acceptor.server
      client = accepted.client
      transport = accepted.bare
    } else {
      server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
      client = connect((server.address() as AddressInfo).port, '127.0.0.1')
      const writes = way === 'direct writes' ? learned : new DirectWrites()
      transport = new StreamTransport(await accepted, new DirectReads(Buffer.alloc(1024)), writes)
    }
    client.pause()
    socket = new ClientSocket(1 as ConnectionId, transport, '127.0.0.1', false, surroundings)
    transport.begin(socket)
  })

  afterEach(() => {
    client.destroy()
    socket.destroy()
    server.close()
  })

  /** Writes `bytes` bytes to the output, a pattern that goes on from call to call; returns their hash so far. */
  function writer(): { write: (bytes: number) => void; digest: () => string; total: () => number } {
    const hash = createHash('sha1')
    let total = 0
    return {
      write(bytes) {
        const piece = Buffer.alloc(bytes)
        for (let at = 0; at < bytes; at++) piece[at] = ((total + at) * 31 + ((total + at) >>> 8)) & 0xff
        total += bytes
        hash.update(piece)
        socket.output.writeBytes(piece)
      },
      digest: () => hash.copy().digest('hex'),
      total: () => total
    }
  }

  describe('frames that many connections get', () => {
    test('go out in their place among other output, whether the client takes it or not', async () => {
      const received: Buffer[] = []
      client.on('data', (chunk) => received.push(chunk))
      const large = Buffer.alloc(8_000_000, 'L')
      const frames = ['a', 'b', 'c', 'd', 'e'].map((letter) => Buffer.alloc(10, letter))
      const [a, b, c, d, e] = frames as [Buffer, Buffer, Buffer, Buffer, Buffer]
      socket.writeShared(a)
      const waiting = socket.unsentBytes
      socket.flush()
      socket.writeShared(b)
      socket.output.writeBytes(large)
      socket.writeShared(c)
      socket.flush()
      socket.writeShared(d)
      socket.flush()

      client.resume()
      await until(() => socket.unsentBytes === 0)
      socket.writeShared(e)
      socket.closeWhenSent()
      await until(() => client.readableEnded)

      expect(waiting).toBe(10)
      expect(Buffer.concat(received).equals(Buffer.concat([a, b, large, c, d, e]))).toBe(true)
    })
  })

  describe('output to a client that reads by fits and starts', () => {
    test('arrives whole and in order, whatever the sizes', async () => {
      const { write, digest, total } = writer()
      const received = createHash('sha1')
      let count = 0
      client.on('data', (chunk) => {
        received.update(chunk)
        count += chunk.length
      })
      const sizes = [1, 100, 70_000, 3, 900_000, 20, 20, 5000, 300_000, 16_384, 2_500_000, 1]
      for (let round = 0; round < 40; round++) {
        write(sizes[round % sizes.length] ?? 1)
        socket.flush()
        if (round % 3 === 0) client.pause()
        else if (round % 5 === 0) client.resume()
        await turn()
      }
      client.resume()
      await until(() => count === total())

      expect(count).toBe(total())
      expect(received.digest('hex')).toBe(digest())
      expect(surroundings.unsent.bytes).toBe(0)
      expect(socket.unsentBytes).toBe(0)
    }, 300_000)

    test('is all sent before the connection is closed', async () => {
      const { write, digest, total } = writer()
      const received = createHash('sha1')
      let count = 0
      for (let round = 0; round < 20; round++) {
        write(200_000)
        socket.flush()
        await turn()
      }
      const ended = new Promise((resolve) => client.once('end', resolve))
      socket.closeWhenSent()
      client.on('data', (chunk) => {
        received.update(chunk)
        count += chunk.length
      })
      client.resume()
      await ended

      expect(count).toBe(total())
      expect(received.digest('hex')).toBe(digest())
    }, 300_000)
  })

  describe('a client that does not take its output', () => {
    test('is told of once when much is waiting, and not read from until it is gone', async () => {
      const { write } = writer()
      write(CLOGGING_BYTES)
      socket.flush()
      await until(() => told.length > 0)
      write(1000)
      socket.flush()
      const before = [...told, isPaused(transport), surroundings.unsent.bytes > UNSENT_BYTES_PAUSE]
      client.resume()
      await until(() => told.length === 2)

      expect(before).toEqual(['congested', true, true])
      expect(told).toEqual(['congested', 'drained'])
      expect(isPaused(transport)).toBe(false)
    }, 300_000)

    test('has its events counted while they wait, and its replies not', async () => {
      const { write } = writer()
      write(CLOGGING_BYTES)
      socket.flush()
      await until(() => told.length > 0)
      const before = socket.unsentEventBytes
      write(5000)
      socket.noteEvent(5000)
      const during = socket.unsentEventBytes
      client.resume()
      await until(() => told.includes('drained'))

      expect([before, during, socket.unsentEventBytes]).toEqual([0, 5000, 0])
    }, 300_000)
  })

  test('who asks to be told that output is sent is told at once where nothing is waiting', () => {
    const { write } = writer()
    write(100)
    socket.awaitDrained()
    socket.flush()

    expect(told).toEqual(['drained'])
  })

  test('a socket that is gone is not accounted for any more', async () => {
    const { write } = writer()
    write(CLOGGING_BYTES)
    socket.flush()
    await until(() => told.length > 0)
    const closed = new Promise<void>((resolve) => {
      gone = resolve
    })
    socket.destroy()
    await closed

    expect(surroundings.unsent.bytes).toBe(0)
  })
})
