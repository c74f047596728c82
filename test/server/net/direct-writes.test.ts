import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { DirectWrites, Written } from '../../../src/server/net/direct-writes.ts'
import { pattern, type SocketPair, socketPair, until } from './socket-pair.ts'

const LARGE_BYTES = 16 * 1024 * 1024

let pair: SocketPair
let writes: DirectWrites
let received: Buffer[]
let receivedBytes: number
let sentCount: number
const sent = (): void => {
  sentCount++
}

beforeEach(async () => {
  pair = await socketPair()
  writes = new DirectWrites()
  received = []
  receivedBytes = 0
  sentCount = 0
  pair.client.on('data', (chunk: Buffer) => {
    received.push(chunk)
    receivedBytes += chunk.length
  })
  pair.client.pause()
})

afterEach(() => pair.close())

/** The first write is refused, and made the ordinary way. */
function learn(): void {
  expect(writes.to(pair.accepted).write(Buffer.from('a'), sent)).toBe(Written.refused)
  pair.accepted.write(Buffer.from('a'))
}

async function receive(bytes: number): Promise<Buffer> {
  pair.client.resume()
  await until(() => receivedBytes >= bytes)
  return Buffer.concat(received)
}

describe('direct writes', () => {
  test('are taken from the second one on', async () => {
    learn()
    expect(writes.to(pair.accepted).write(Buffer.from('bc'), sent)).toBe(Written.taken)
    expect(writes.to(pair.accepted).write(Buffer.from('d'), sent)).toBe(Written.taken)
    expect((await receive(4)).toString()).toBe('abcd')
    expect(sentCount).toBe(0)
  })

  test('leave the socket as it was but for the one that was watched', () => {
    const handle = Reflect.get(pair.accepted, '_handle') as object
    writes.to(pair.accepted).write(Buffer.from('a'), sent)
    writes.to(pair.accepted).write(Buffer.from('a'), sent)
    pair.accepted.write(Buffer.from('a'))
    expect(Object.hasOwn(handle, 'writeBuffer')).toBe(false)
    expect(pair.accepted.writableLength).toBe(0)
  })

  test('may be used again at once when they are taken', async () => {
    learn()
    const bytes = Buffer.from('one')
    writes.to(pair.accepted).write(bytes, sent)
    bytes.write('two')
    writes.to(pair.accepted).write(bytes, sent)
    bytes.fill('-')
    expect((await receive(7)).toString()).toBe('aonetwo')
  })

  test('that the client does not take are queued, and told when they are sent', async () => {
    learn()
    const large = pattern(LARGE_BYTES)
    expect(writes.to(pair.accepted).write(large, sent)).toBe(Written.queued)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(sentCount).toBe(0)
    const all = await receive(1 + LARGE_BYTES)
    await until(() => sentCount === 1)
    expect(all.subarray(1).equals(large)).toBe(true)
    expect(writes.to(pair.accepted).write(Buffer.from('z'), sent)).toBe(Written.taken)
    expect((await receive(2 + LARGE_BYTES)).at(-1)).toBe('z'.charCodeAt(0))
    expect(sentCount).toBe(1)
  })

  test('that are queued on several sockets have a request each', async () => {
    const other = await socketPair()
    learn()
    const first = pattern(LARGE_BYTES)
    const second = pattern(LARGE_BYTES, 77)
    expect(writes.to(pair.accepted).write(first, sent)).toBe(Written.queued)
    expect(writes.to(other.accepted).write(second, sent)).toBe(Written.queued)
    const parts: Buffer[] = []
    other.client.on('data', (chunk: Buffer) => parts.push(chunk)).resume()
    expect((await receive(1 + LARGE_BYTES)).subarray(1).equals(first)).toBe(true)
    await until(() => sentCount === 2)
    await until(() => parts.reduce((sum, { length }) => sum + length, 0) === LARGE_BYTES)
    other.close()
    expect(Buffer.concat(parts).equals(second)).toBe(true)
  })

  test('keep their place before what the socket writes itself, and before its end', async () => {
    learn()
    let ended = false
    pair.client.on('end', () => {
      ended = true
    })
    expect(writes.to(pair.accepted).write(pattern(LARGE_BYTES), sent)).toBe(Written.queued)
    pair.accepted.write('behind')
    pair.accepted.destroySoon()
    const all = await receive(1 + LARGE_BYTES + 6)
    await until(() => ended)
    expect(all.subarray(1, -6).equals(pattern(LARGE_BYTES))).toBe(true)
    expect(all.subarray(-6).toString()).toBe('behind')
    expect(sentCount).toBe(1)
  })

  test('that are queued when the socket is destroyed are told once, without an error', async () => {
    learn()
    const events: string[] = []
    for (const name of ['close', 'error']) pair.accepted.on(name, () => events.push(name))
    expect(writes.to(pair.accepted).write(pattern(LARGE_BYTES), sent)).toBe(Written.queued)
    pair.accepted.destroy()
    await until(() => sentCount === 1 && events.length > 0)
    expect(events).toEqual(['close'])
  })

  test.each([
    ['taken by nobody', LARGE_BYTES],
    ['small', 10]
  ])('to a connection that is reset end it with an error (%s)', async (_name, bytes) => {
    learn()
    const events: string[] = []
    pair.accepted.on('error', (error) => events.push(error.message.split(' ')[0] ?? ''))
    pair.accepted.on('close', () => events.push('close'))
    // Not read from, so that only a write can tell.
    pair.accepted.pause()
    pair.client.resetAndDestroy()
    await until(() => {
      if (events.length === 0 && sentCount === 0) writes.to(pair.accepted).write(pattern(bytes), sent)
      return events.includes('close')
    })
    expect(['write', 'read']).toContain(events[0])
    expect(events.slice(1)).toEqual(['close'])
  })

  test('are refused once the socket has ended or is destroyed', async () => {
    learn()
    pair.accepted.end()
    expect(writes.to(pair.accepted).write(Buffer.from('x'), sent)).toBe(Written.refused)
    const other = await socketPair()
    other.accepted.destroy()
    expect(writes.to(other.accepted).write(Buffer.from('x'), sent)).toBe(Written.refused)
    other.close()
  })

  test('are refused where Node.js does not look as expected', () => {
    const stream = new PassThrough()
    for (let time = 0; time < 3; time++) {
      expect(writes.to(stream as unknown as Socket).write(Buffer.from('x'), sent)).toBe(Written.refused)
      stream.write('x')
    }
  })
})
