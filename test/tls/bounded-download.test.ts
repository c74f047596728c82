import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { download } from '../../src/tls/bounded-download.ts'

const LIMITS = { timeoutMs: 60_000, sizeBytesMax: 1000 }

let http: Server
let url: string
let connectionCount: number
const seen: { method: string | undefined; type: string | undefined; body: string }[] = []

beforeEach(async () => {
  connectionCount = 0
  seen.length = 0
  http = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => {
      body += piece
    })
    request.on('end', () => {
      seen.push({ method: request.method, type: request.headers['content-type'], body })
      if (request.url === '/gone') response.statusCode = 404
      response.end(Buffer.alloc(request.url === '/long' ? 1001 : 1000, 'x'))
    })
  }).on('connection', () => connectionCount++)
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
})

afterEach(async () => {
  http.closeAllConnections()
  await new Promise((resolve) => http.close(resolve))
})

describe('a download', () => {
  test('gives what is answered to what was asked', async () => {
    const answer = await download(url, LIMITS, { method: 'POST', headers: { 'Content-Type': 'a/b' }, body: 'question' })

    expect(String(answer)).toBe('x'.repeat(1000))
    expect(seen).toEqual([{ method: 'POST', type: 'a/b', body: 'question' }])
  })

  test('has a connection of its own, which nobody closes before it', async () => {
    for (let count = 0; count < 3; count++) await download(url, LIMITS)

    expect(connectionCount).toBe(3)
  })

  test.each([
    { path: '/long', why: 'it is too long' },
    { path: '/gone', why: 'HTTP status 404' }
  ])('that fails says why: $why', async ({ path, why }) => {
    await expect(download(url + path, LIMITS)).rejects.toThrow(why)
  })
})
