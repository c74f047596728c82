import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { BareSocket } from '../../../src/server/net/bare-socket.ts'
import { BareSockets } from '../../../src/server/net/bare-sockets.ts'
import { DirectReads } from '../../../src/server/net/direct-reads.ts'
import { DirectWrites } from '../../../src/server/net/direct-writes.ts'
import { type BareAcceptor, bareAcceptor } from './bare-acceptor.ts'
import { pattern, socketPair, until } from './socket-pair.ts'

const LARGE_BYTES = 16 * 1024 * 1024

let acceptor: BareAcceptor
let bare: BareSocket
let client: Socket
let received: string
let told: string[]
let answer: Buffer[]
let answerBytes: number

beforeEach(async () => {
  acceptor = await bareAcceptor()
  const accepted = await acceptor.accept()
  bare = accepted.bare
  client = accepted.client
  received = ''
  told = []
  answer = []
  answerBytes = 0
  client.on('data', (chunk: Buffer) => {
    answer.push(chunk)
    answerBytes += chunk.length
  })
  client.on('end', () => told.push('client ended'))
  client.on('error', () => undefined)
  client.pause()
})

afterEach(() => {
  bare.destroy()
  client.destroy()
  acceptor.server.close()
})

function begin(read: (count: number) => void = () => undefined): void {
  bare.begin({
    read: (count) => {
      received += acceptor.buffer.toString('latin1', 0, count)
      read(count)
    },
    sent: () => told.push('sent'),
    ended: () => told.push('ended'),
    failed: ({ message }) => told.push(message),
    closed: () => told.push('closed')
  })
}

describe('a bare socket', () => {
  test('is what a server makes of connections once it knows how, with the port of the client', () => {
    expect(bare.remotePort).toBe(client.localPort)
    expect(bare.destroyed).toBe(false)
  })

  test('reads what comes, and sends what is given to it', async () => {
    begin(() => expect(bare.send(Buffer.from('reply'))).toBe(true))
    client.resume()
    client.write('first')
    await until(() => answerBytes === 5)
    client.write('second')
    await until(() => answerBytes === 10)
    expect(received).toBe('firstsecond')
    expect(Buffer.concat(answer).toString()).toBe('replyreply')
  })

  test('is not read from while it is paused', async () => {
    begin()
    bare.pause()
    client.write('a')
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect([received, bare.isReading]).toEqual(['', false])
    bare.resume()
    await until(() => received === 'a')
    bare.resume()
    client.write('b')
    await until(() => received === 'ab')
  })

  test('that is closed delivers its last reply, and then the end', async () => {
    begin(() => {
      bare.send(Buffer.from('the last'))
      bare.closeWhenSent()
    })
    client.resume()
    client.write('a')
    await until(() => told.length === 2)
    expect(Buffer.concat(answer).toString()).toBe('the last')
    expect(told.toSorted()).toEqual(['client ended', 'closed'])
    expect(bare.destroyed).toBe(true)
  })

  test('that is closed while its client takes nothing sends everything first', async () => {
    begin()
    const large = pattern(LARGE_BYTES)
    expect(bare.send(large)).toBe(false)
    expect(bare.send(Buffer.from('behind'))).toBe(false)
    expect([bare.isStuck, bare.unsentBytes]).toEqual([true, LARGE_BYTES + 6])
    bare.closeWhenSent()
    expect(bare.send(Buffer.from('too late'))).toBe(true)
    client.resume()
    await until(() => told.length === 2)
    expect(Buffer.concat(answer).equals(Buffer.concat([large, Buffer.from('behind')]))).toBe(true)
    expect(told.toSorted()).toEqual(['client ended', 'closed'])
  })

  test('that was stuck says once that all is sent', async () => {
    begin()
    bare.send(pattern(LARGE_BYTES))
    bare.send(pattern(100))
    client.resume()
    await until(() => told.length === 1)
    expect(told).toEqual(['sent'])
    expect([bare.isStuck, bare.unsentBytes]).toEqual([false, 0])
    await until(() => answerBytes === LARGE_BYTES + 100)
  })

  test('whose client ends its side is closed, behind what waits to be sent', async () => {
    begin()
    bare.send(pattern(LARGE_BYTES))
    client.end('bye')
    await until(() => told.includes('ended'))
    expect([told, received]).toEqual([['ended'], 'bye'])
    client.resume()
    await until(() => told.includes('closed'))
    await until(() => answerBytes === LARGE_BYTES)
    expect(told.filter((event) => event !== 'client ended')).toEqual(['ended', 'closed'])
  })

  test.each(['that reads', 'that is paused'])('%s and is reset fails and is closed', async (which) => {
    begin()
    if (which === 'that is paused') bare.pause()
    client.resetAndDestroy()
    await until(() => {
      // Without a read, only a write can tell.
      if (which === 'that is paused') bare.send(pattern(100))
      return told.includes('closed')
    })
    expect(told[0]).toMatch(/^(read|write) E/)
    expect(told.slice(1)).toEqual(['closed'])
    expect(bare.send(Buffer.from('x'))).toBe(true)
  })

  test('that is destroyed with bytes unsent says nothing but that it is closed, once', async () => {
    begin()
    bare.send(pattern(LARGE_BYTES))
    bare.destroy()
    bare.destroy()
    expect(told).toEqual([])
    await until(() => told.length > 0)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect([told, bare.unsentBytes]).toEqual([['closed'], 0])
  })

  test.each([false, true])(
    'becomes a stream for what is long (client has ended its side: %s)',
    async (isHalfClosed) => {
      const text = pattern(LARGE_BYTES).toString('latin1')
      begin((count) => {
        if (count < 4) return
        const stream = bare.toStream()
        new DirectReads(acceptor.buffer).begin(stream, () => told.push('read'))
        stream.end(text, 'latin1')
      })
      client.write('stat')
      if (isHalfClosed) client.end()
      client.resume()
      await until(() => told.includes('closed') && told.includes('client ended'))
      expect(Buffer.concat(answer).toString('latin1') === text).toBe(true)
      expect(told.filter((event) => event === 'closed')).toHaveLength(1)
      expect(bare.destroyed).toBe(true)
    }
  )

  test('that has become a stream is closed by what closes it', async () => {
    begin(() => {
      bare.toStream().write('never ended')
      bare.destroy()
    })
    client.resume()
    client.write('stat')
    await until(() => told.includes('closed'))
    expect(told.filter((event) => event === 'closed')).toHaveLength(1)
  })
})

describe('how bare sockets are made', () => {
  test('is not known before a socket has been read from and written to', async () => {
    const writes = new DirectWrites()
    const buffer = Buffer.alloc(1024)
    const bareSockets = new BareSockets(buffer, writes, false)
    const pair = await socketPair()
    const handle = Reflect.get(pair.accepted, '_handle') as object
    const known = [bareSockets.knows(handle)]
    let reads = 0
    new DirectReads(buffer).begin(pair.accepted, (count) => {
      bareSockets.learnFrom(pair.accepted, count)
      reads++
    })
    pair.client.write('abc')
    await until(() => reads === 1)
    known.push(bareSockets.knows(handle))
    writes.to(pair.accepted).write(Buffer.from('a'), () => undefined)
    pair.accepted.write(Buffer.from('a'))
    known.push(bareSockets.knows(handle))
    pair.close()
    expect(known).toEqual([false, false, true])
  })

  test('is never learned where a trial brings something else', async () => {
    const writes = new DirectWrites()
    const buffer = Buffer.alloc(1024)
    const bareSockets = new BareSockets(buffer, writes, false)
    const pair = await socketPair()
    let reads = 0
    new DirectReads(buffer).begin(pair.accepted, (count) => {
      bareSockets.learnFrom(pair.accepted, reads === 0 ? count + 1 : count)
      reads++
    })
    for (let round = 1; round <= 2; round++) {
      pair.client.write('abc')
      await until(() => reads === round)
    }
    writes.to(pair.accepted).write(Buffer.from('a'), () => undefined)
    pair.accepted.write(Buffer.from('a'))
    const isKnown = bareSockets.knows(Reflect.get(pair.accepted, '_handle') as object)
    pair.close()
    expect([writes.isLearned, isKnown]).toEqual([true, false])
  })

  test('leaves a connection that is not admitted closed', async () => {
    const other = await bareAcceptor(false)
    const refused = await other.refused()
    let isClosed = false
    refused.on('close', () => {
      isClosed = true
    })
    refused.on('error', () => undefined)
    refused.resume()
    await until(() => isClosed)
    other.server.close()
  })
})
