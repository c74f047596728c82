import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { DirectReads } from '../../../src/server/net/direct-reads.ts'
import { handOver } from '../../../src/server/quorum/first-bytes.ts'
import { pattern, type SocketPair, socketPair, until } from './socket-pair.ts'

const BUFFER_BYTES = 1024

let pair: SocketPair
let buffer: Buffer
let received: Buffer

function take(count: number): void {
  received = Buffer.concat([received, buffer.subarray(0, count)])
}

beforeEach(async () => {
  pair = await socketPair()
  buffer = Buffer.alloc(BUFFER_BYTES)
  received = Buffer.alloc(0)
})

afterEach(() => pair.close())

describe('reads into a shared buffer', () => {
  test('are made by this Node.js without data events', async () => {
    new DirectReads(buffer).begin(pair.accepted, take)
    pair.client.write('abc')
    await until(() => received.length === 3)
    expect(pair.accepted.listenerCount('data')).toBe(0)
    expect(received.toString()).toBe('abc')
  })

  test('bring every byte in order, whatever the sizes of writes', async () => {
    const sent = pattern(300_000)
    new DirectReads(buffer).begin(pair.accepted, take)
    for (let from = 0, size = 1; from < sent.length; from += size, size = (size * 7 + 3) % 5000) {
      pair.client.write(sent.subarray(from, from + size))
      if (size % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (size === 0) size = 1
    }
    await until(() => received.length >= sent.length)
    expect(received.equals(sent)).toBe(true)
  })

  test('of several sockets do not mix', async () => {
    const other = await socketPair()
    const reads = new DirectReads(buffer)
    let second = ''
    reads.begin(pair.accepted, take)
    reads.begin(other.accepted, (count) => {
      second += buffer.toString('latin1', 0, count)
    })
    for (let round = 0; round < 20; round++) {
      pair.client.write('first')
      other.client.write('second')
      await until(() => received.length === 5 * (round + 1) && second.length === 6 * (round + 1))
    }
    other.close()
    expect(received.toString()).toBe('first'.repeat(20))
    expect(second).toBe('second'.repeat(20))
  })

  test('stop with pause and go on with resume', async () => {
    new DirectReads(buffer).begin(pair.accepted, take)
    pair.client.write('before')
    await until(() => received.length === 6)
    pair.accepted.pause()
    pair.client.write(pattern(100_000))
    await new Promise((resolve) => pair.client.write('', resolve))
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(received.length).toBe(6)
    pair.accepted.resume()
    await until(() => received.length === 100_006)
    expect(received.subarray(6).equals(pattern(100_000))).toBe(true)
  })

  test('begin with what another reader has put back, and bring all that follows', async () => {
    const { accepted, client } = pair
    const sent = pattern(40_000)
    let first = Buffer.alloc(0)
    const reader = (chunk: Buffer): void => {
      first = Buffer.concat([first, chunk])
    }
    accepted.on('data', reader)
    client.write(sent.subarray(0, 5000))
    await until(() => first.length === 5000)

    accepted.removeListener('data', reader)
    handOver(accepted, first.subarray(10), () => new DirectReads(buffer).begin(accepted, take))
    client.write(sent.subarray(5000))

    await until(() => received.length >= sent.length - 10)
    expect(received.equals(sent.subarray(10))).toBe(true)
  })

  test('that end are told as of any socket, after what was sent before', async () => {
    const events: string[] = []
    new DirectReads(buffer).begin(pair.accepted, (count) => events.push(`read ${count}`))
    for (const name of ['end', 'close', 'error']) pair.accepted.on(name, () => events.push(name))
    pair.client.end('bye')
    pair.client.resume()
    await until(() => events.includes('close'))
    expect(events).toEqual(['read 3', 'end', 'close'])
  })

  test('of a connection that is reset end with an error', async () => {
    const events: string[] = []
    new DirectReads(buffer).begin(pair.accepted, take)
    for (const name of ['end', 'close', 'error']) pair.accepted.on(name, () => events.push(name))
    pair.client.write('x')
    await until(() => received.length === 1)
    pair.client.resetAndDestroy()
    await until(() => events.includes('close'))
    expect(events).toEqual(['error', 'close'])
  })
})

describe('where Node.js does not look as expected', () => {
  test('data events are read, and cut to the size of the buffer', async () => {
    const stream = new PassThrough({ highWaterMark: 64 * 1024 })
    new DirectReads(buffer).begin(stream as unknown as Socket, take)
    const sent = pattern(10_000)
    stream.write(sent)
    await until(() => received.length === sent.length)
    expect(received.equals(sent)).toBe(true)
  })

  test('a handle without the function is read by data events', async () => {
    const handle = Reflect.get(pair.accepted, '_handle') as object
    Object.defineProperty(handle, 'useUserBuffer', { value: undefined })
    new DirectReads(buffer).begin(pair.accepted, take)
    pair.client.write(pattern(5000))
    await until(() => received.length === 5000)
    expect(pair.accepted.listenerCount('data')).toBe(1)
    expect(received.equals(pattern(5000))).toBe(true)
  })
})
