import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { RawSession } from '../../interop/differential/hostile/healthy-client.ts'
import type { Request } from '../../interop/differential/requests.ts'
import type { RunningServer } from '../../interop/differential/servers.ts'
import { RawConnection } from '../../interop/differential/wire/raw-connection.ts'
import { startHostileTarget } from './hostile-server.ts'

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const CLOSE_TIMEOUT_MS = 25_000

let server: RunningServer

beforeAll(async () => {
  server = await startHostileTarget()
}, 300_000)

afterAll(async () => {
  await server?.stop()
})

describe('bytes that are no request close the connection without an answer', () => {
  const cases = [
    { what: 'a length of -1', hex: 'ffffffff' },
    { what: 'the most negative length', hex: '80000000' },
    { what: 'a length of one byte more than jute.maxbuffer', hex: '00100000' },
    { what: 'the greatest length', hex: '7fffffff' },
    { what: 'an empty frame', hex: '00000000' },
    { what: 'a frame of seven bytes', hex: '0000000700000001000000' },
    { what: 'an auth packet that ends in its scheme', hex: '00000010fffffffc00000064000000000000000a' }
  ]

  test.each(cases)('$what, after the handshake', async ({ hex }) => {
    const session = await RawSession.open(server.port)

    session.connection.send(Buffer.from(hex, 'hex'))

    expect(await session.connection.waitUntil((frames) => frames.length > 0, CLOSE_TIMEOUT_MS)).toBe('closed')
  })

  const first = [
    ...cases.filter(({ what }) => what.includes('length')),
    { what: 'a getData request instead of a ConnectRequest', hex: '0000000e0000000100000004000000012f00' },
    { what: 'a ConnectRequest that ends in its password', hex: `0000001c${'00'.repeat(24)}00000010` },
    { what: 'a ConnectRequest with a password of 2 GiB', hex: `0000001c${'00'.repeat(24)}7ffffff0` },
    { what: 'text of another protocol', hex: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n').toString('hex') }
  ]

  test.each(first)('$what, at once', async ({ hex }) => {
    const connection = await RawConnection.open(server.port)

    connection.send(Buffer.from(hex, 'hex'))

    expect(await connection.waitUntil((frames) => frames.length > 0, CLOSE_TIMEOUT_MS)).toBe('closed')
  })
})

describe('requests that make no sense get their error, and the connection stays', () => {
  const deep = `/${Array.from({ length: 20_000 }, () => 'd').join('/')}`
  const cases: { what: string; request: Request; err: number }[] = [
    {
      what: 'setWatches with 2,147,483,647 paths',
      request: { op: 101, body: '00000000000000007fffffff' },
      err: -5
    },
    { what: 'create with data of 2 GiB', request: { op: 1, body: '000000022f617ffffff0' }, err: -5 },
    {
      what: 'create with 2,147,483,647 ACL entries',
      request: { op: 1, body: '000000022f61000000007fffffff' },
      err: -5
    },
    { what: 'a path of -2 bytes', request: { op: 4, body: 'fffffffe00' }, err: -5 },
    { what: 'a multi without an end', request: { op: 14, fields: { ops: [] }, mangle: { cut: 9 } }, err: -5 },
    { what: 'an empty body', request: { op: 1, body: '' }, err: -5 },
    { what: 'getData of a path 20,000 levels deep', request: { op: 4, fields: { path: deep, watch: 0 } }, err: -101 },
    {
      what: 'create of such a path',
      request: { op: 1, fields: { path: deep, data: '', acl: OPEN, flags: 0 } },
      err: -101
    },
    {
      what: 'create of a path that is no UTF-8',
      request: { op: 1, fields: { path: { hex: '2fc0' }, data: '', acl: OPEN, flags: 0 } },
      err: -8
    },
    {
      what: 'getData of a path that is no UTF-8',
      request: { op: 4, fields: { path: { hex: '2fff' }, watch: 0 } },
      err: -101
    },
    {
      what: 'create of a path with a lone surrogate',
      request: { op: 1, fields: { path: { hex: '2feda080' }, data: '', acl: OPEN, flags: 0 } },
      err: -8
    },
    {
      what: 'create with a NUL in the path',
      request: { op: 1, fields: { path: '/a\0b', data: '', acl: OPEN, flags: 0 } },
      err: -8
    }
  ]

  test.each(cases)('$what', async ({ request, err }) => {
    const session = await RawSession.open(server.port)

    const answered = await session.errorOf(request)
    const afterwards = await session.errorOf({ op: 3, fields: { path: '/', watch: 0 } })

    session.drop()
    expect({ answered, afterwards }).toEqual({ answered: err, afterwards: 0 })
  })
})

describe('a request type that does not exist', () => {
  test.each([0, -1, 10, 13, 23, 99, 1000, 2_147_483_647, -2_147_483_648])(
    '%i is answered UNIMPLEMENTED, then closed',
    async (op) => {
      const session = await RawSession.open(server.port)

      const answered = await session.errorOf({ op, body: '00000000' })
      const end = await session.connection.waitUntil(() => false, CLOSE_TIMEOUT_MS)

      expect({ answered, end }).toEqual({ answered: -6, end: 'closed' })
    }
  )
})
