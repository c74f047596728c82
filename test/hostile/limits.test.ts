import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { RawSession } from '../../interop/differential/hostile/healthy-client.ts'
import { residentMiB, survive } from '../../interop/differential/hostile/watchdog.ts'
import { encodeRequest } from '../../interop/differential/requests.ts'
import type { RunningServer } from '../../interop/differential/servers.ts'
import { RawConnection } from '../../interop/differential/wire/raw-connection.ts'
import { frame } from '../../interop/differential/wire/wire-writer.ts'
import { isZoonode, startHostileTarget } from './hostile-server.ts'

/** CPU time that the server may take before it answers others: what is looked for is a server that stands still. */
const BUSY_MS_MAX = 3000
const WAIT_MS = 30_000
const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]

let server: RunningServer | undefined
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server?.stop()
  server = undefined
})

async function start(settings: Record<string, string> = {}): Promise<RunningServer> {
  server = await startHostileTarget(settings)
  return server
}

function request(op: number, fields: Record<string, string | number>, xid = 1): Buffer {
  return frame(encodeRequest({ op, fields }, xid, { lastZxid: 0n }))
}

/** How a connection that sends nothing ends; being refused or reset while it opens is an end, too. */
async function endOfConnection(port: number): Promise<string> {
  const connection = await RawConnection.open(port).catch(() => null)
  return connection === null ? 'closed' : await connection.waitUntil(() => false, WAIT_MS)
}

async function until(condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + WAIT_MS
  while (!condition() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  return condition()
}

test('a connection that never sends a ConnectRequest is closed after the sessionless timeout', async () => {
  const { port } = await start()
  const silent = await RawConnection.open(port)
  const slow = await RawConnection.open(port)
  slow.send(Buffer.from('0000002d00', 'hex'))

  const ends = await Promise.all([silent, slow].map((connection) => connection.waitUntil(() => false, WAIT_MS)))

  expect(ends).toEqual(['closed', 'closed'])
}, 300_000)

test('a handshake and a request that come a byte at a time are answered', async () => {
  const { port } = await start({ 'nio.sessionlessCnxnTimeout': '10000' })
  const connection = await RawConnection.open(port)
  const handshake = Buffer.concat([
    Buffer.from('0000002c', 'hex'),
    Buffer.alloc(14),
    Buffer.from('2710', 'hex'),
    Buffer.alloc(8),
    Buffer.from('00000010', 'hex'),
    Buffer.alloc(16)
  ])

  for (const byte of [...handshake, ...request(3, { path: '/', watch: 0 })]) {
    connection.send(Buffer.from([byte]))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }

  expect(await connection.waitUntil((frames) => frames.length === 2, WAIT_MS)).toBe('frames')
  connection.drop()
}, 300_000)

test('a client that closes its side in the middle of a frame leaves no connection behind', async () => {
  const { port } = await start()
  const session = await RawSession.open(port)
  const ended: boolean[] = []
  for (let count = 0; count < 20; count++) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    sockets.push(socket)
    socket.on('close', () => ended.push(true))
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.resume()
    socket.end(Buffer.from('0000002d00000000', 'hex'))
  }

  expect(await until(() => ended.length === 20)).toBe(true)
  expect(await session.errorOf({ op: 11, xid: -2 })).toBe(0)
  session.drop()
}, 300_000)

test('connections beyond maxClientCnxns are closed, those before go on', async () => {
  const { port } = await start({ maxClientCnxns: '5' })
  const sessions = await Promise.all(Array.from({ length: 4 }, () => RawSession.open(port)))
  const fifth = await RawSession.open(port)

  const ends = await Promise.all(Array.from({ length: 10 }, () => endOfConnection(port)))
  const errors = await Promise.all(
    [...sessions, fifth].map((session) => session.errorOf({ op: 3, fields: { path: '/', watch: 0 } }))
  )

  for (const session of [...sessions, fifth]) session.drop()
  expect(ends).toEqual(Array.from({ length: 10 }, () => 'closed'))
  expect(errors).toEqual([0, 0, 0, 0, 0])
}, 300_000)

test('writes far beyond globalOutstandingLimit are all answered, in order', async () => {
  const { port } = await start({ globalOutstandingLimit: '10' })
  const session = await RawSession.open(port)
  const count = 3000
  const create = { op: 1, fields: { path: '/flood-', data: '', acl: OPEN, flags: 2 } }

  session.connection.send(
    Buffer.concat(Array.from({ length: count }, (_, at) => frame(encodeRequest(create, at + 1, { lastZxid: 0n }))))
  )
  await session.connection.waitUntil((frames) => frames.length === count, WAIT_MS * 2)
  const frames = session.connection.takeFrames()

  session.drop()
  expect(frames.map((payload) => payload.readInt32BE(0))).toEqual(Array.from({ length: count }, (_, at) => at + 1))
  expect(new Set(frames.map((payload) => payload.readInt32BE(12)))).toEqual(new Set([0]))
  expect(frames.at(-1)?.toString('utf8', 20)).toBe('/flood-0000002999')
}, 300_000)

test('clients that ask for much and read nothing cost bounded memory, and others are served', async () => {
  const target = await start()
  const session = await RawSession.open(target.port)
  await session.errorOf({ op: 1, fields: { path: '/big', data: { fill: 500_000 }, acl: OPEN, flags: 0 } })
  const handshake = Buffer.concat([
    Buffer.from('0000002c', 'hex'),
    Buffer.alloc(12),
    Buffer.from('00002710', 'hex'),
    Buffer.alloc(8),
    Buffer.from('00000010', 'hex'),
    Buffer.alloc(16)
  ])
  const flood = Buffer.concat(Array.from({ length: 1000 }, (_, at) => request(4, { path: '/big', watch: 0 }, at + 1)))

  // 4 clients × 1,000 answers of 500 kB would be 2 GB if all were made at once.
  const survival = await survive(target, async () => {
    for (let client = 0; client < 4; client++) {
      const socket = connect({ port: target.port, host: '127.0.0.1' })
      sockets.push(socket)
      socket.on('error', () => socket.destroy())
      socket.pause()
      socket.write(handshake)
      socket.write(flood)
    }
    await new Promise((resolve) => setTimeout(resolve, 2000))
  })

  session.drop()
  expect(survival).toMatchObject({ ended: null, serves: true, health: { problem: null } })
  expect(survival.health.maxServerCpuMs).toBeLessThan(BUSY_MS_MAX)
  expect(isZoonode ? residentMiB(target.pid) : 0).toBeLessThan(500)
}, 300_000)
