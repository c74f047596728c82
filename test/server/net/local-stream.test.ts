import { once } from 'node:events'
import { expect, test } from '@jest/globals'
import { LocalStream } from '../../../src/server/net/local-stream.ts'

test('what is written to one end is read from the other, both ways', async () => {
  const [a, b] = LocalStream.pair()

  a.write('to b')
  b.write('to a')

  expect(String((await once(b, 'data'))[0])).toBe('to b')
  expect(String((await once(a, 'data'))[0])).toBe('to a')
  a.destroy()
  b.destroy()
})

test('a writer waits for a reader that takes nothing, and goes on when it does', async () => {
  const [a, b] = LocalStream.pair()
  const chunk = Buffer.alloc(64 * 1024, 7)

  let count = 0
  while (a.write(chunk)) count++
  const heldBytes = a.writableLength
  let readBytes = 0
  b.on('data', (piece: Buffer) => {
    readBytes += piece.length
  })
  await once(a, 'drain')

  expect(heldBytes).toBeGreaterThanOrEqual(256 * 1024)
  expect(count).toBeLessThan(20)
  a.destroySoon()
  await once(b, 'close')
  expect(readBytes).toBe((count + 1) * chunk.length)
})

test('a buffer may be used again as soon as its bytes are taken', async () => {
  const [a, b] = LocalStream.pair()
  const bytes = Buffer.from('first')

  a.write(bytes)
  bytes.fill('x')

  expect(String((await once(b, 'data'))[0])).toBe('first')
  a.destroy()
})

test('an end that closes takes the other one along, behind what it has written', async () => {
  const [a, b] = LocalStream.pair()
  const read: string[] = []
  b.on('data', (piece: Buffer) => read.push(String(piece)))

  a.write('last words')
  a.destroySoon()
  await once(b, 'close')

  expect(read).toEqual(['last words'])
  expect(a.destroyed).toBe(true)
})

test('an end that is cut off ends the other one too, also while that waits to write', async () => {
  const [a, b] = LocalStream.pair()
  const errors: string[] = []
  a.on('error', ({ message }) => errors.push(message))
  while (a.write(Buffer.alloc(64 * 1024)));

  b.destroy()
  await new Promise((resolve) => a.once('close', resolve))

  expect(a.destroyed).toBe(true)
  expect(errors).toEqual(['write EPIPE'])
})
