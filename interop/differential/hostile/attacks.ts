import { connect, type Socket } from 'node:net'
import { Belief } from '../generator/belief.ts'
import { mangledRequest } from '../generator/mangled.ts'
import { multi } from '../generator/multi.ts'
import { orderlyRequest } from '../generator/operations.ts'
import type { Random } from '../generator/random.ts'
import { encodeRequest } from '../requests.ts'
import { frame, WireWriter } from '../wire/wire-writer.ts'

/** One way to treat a client port badly. It ends by itself within a few seconds, whatever the server does. */
export interface Attack {
  readonly name: string
  run(port: number, random: Random): Promise<void>
}

const PATIENCE_MS = 300

/** Every attack; a fuzzer picks among them, the tests run each. */
export const ATTACKS: readonly Attack[] = [
  { name: 'random bytes instead of a handshake', run: (port, random) => sendAndWait(port, randomBytes(random, 4096)) },
  { name: 'random bytes after the handshake', run: (port, random) => inSession(port, randomBytes(random, 4096)) },
  { name: 'a frame of an impossible length', run: impossibleLength },
  { name: 'a frame that ends early', run: truncatedFrame },
  { name: 'a handshake with bytes overwritten', run: mangledHandshake },
  { name: 'requests with bytes overwritten', run: mangledRequests },
  { name: 'requests with fields out of range', run: brokenRequests },
  { name: 'a request a few bytes at a time', run: slowSender },
  { name: 'a connection closed in one direction', run: halfOpen },
  { name: 'a flood whose answers are not read', run: floodUnread },
  { name: 'many connections at once that say nothing', run: connectionStorm },
  { name: 'four-letter words with more behind them', run: fourLetterNoise }
]

function randomBytes(random: Random, sizeMax: number): Buffer {
  return Buffer.from(random.hex(random.between(1, sizeMax)), 'hex')
}

function handshake(): Buffer {
  return frame(new WireWriter().int(0).long(0n).int(10_000).long(0n).blob({ fill: 16 }).byte(0).take())
}

/** Opens a connection, lets `act` use it, and destroys it when that is done or the server has closed it. */
async function withSocket(port: number, act: (socket: Socket, closed: Promise<void>) => Promise<void>): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve())
    // What the server does to a bad client is its business here; that it lives on is checked elsewhere.
    socket.on('error', () => resolve())
  })
  socket.on('end', () => socket.destroy())
  socket.resume()
  try {
    await act(socket, closed)
  } finally {
    socket.destroy()
    await closed
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function sendAndWait(port: number, bytes: Buffer): Promise<void> {
  return withSocket(port, async (socket, closed) => {
    socket.write(bytes)
    await Promise.race([closed, pause(PATIENCE_MS)])
  })
}

function inSession(port: number, bytes: Buffer): Promise<void> {
  return sendAndWait(port, Buffer.concat([handshake(), bytes]))
}

async function impossibleLength(port: number, random: Random): Promise<void> {
  const length = Buffer.from(random.pick(['ffffffff', '80000000', '7fffffff', '00100000', '7ffffff0']), 'hex')
  const bytes = Buffer.concat([length, randomBytes(random, 100)])
  await (random.chance(0.5) ? sendAndWait(port, bytes) : inSession(port, bytes))
}

async function truncatedFrame(port: number, random: Random): Promise<void> {
  const whole = random.chance(0.5) ? handshake() : Buffer.concat([handshake(), requestFrame(random)])
  await withSocket(port, async (socket) => {
    socket.end(whole.subarray(0, random.between(1, whole.length - 1)))
    await pause(random.between(0, 50))
  })
}

async function mangledHandshake(port: number, random: Random): Promise<void> {
  const bytes = handshake()
  overwrite(bytes, random, 4)
  await sendAndWait(port, bytes)
}

async function mangledRequests(port: number, random: Random): Promise<void> {
  const frames = Array.from({ length: random.between(1, 30) }, () => {
    const bytes = requestFrame(random)
    overwrite(bytes, random, random.chance(0.9) ? 4 : 0)
    return bytes
  })
  await inSession(port, Buffer.concat(frames))
}

async function brokenRequests(port: number, random: Random): Promise<void> {
  const world = { random, belief: new Belief(), pipelined: false, quotas: true, watched: [] }
  const frames = Array.from({ length: random.between(1, 60) }, (_, at) => {
    return frame(encodeRequest(mangledRequest(world), at + 1, { lastZxid: 0n }))
  })
  await inSession(port, Buffer.concat(frames))
}

function requestFrame(random: Random): Buffer {
  const world = { random, belief: new Belief(), pipelined: false, quotas: true, watched: [] }
  const request = random.chance(0.7) ? orderlyRequest(world) : multi(world)
  return frame(encodeRequest(request, random.between(1, 1000), { lastZxid: 0n }))
}

/** Overwrites a few bytes from `start` on. */
function overwrite(bytes: Buffer, random: Random, start: number): void {
  for (let count = random.between(1, 6); count > 0; count--) {
    bytes[random.between(start, bytes.length - 1)] = random.below(256)
  }
}

async function slowSender(port: number, random: Random): Promise<void> {
  const bytes = Buffer.concat([handshake(), requestFrame(random)]).subarray(0, 400)
  await withSocket(port, async (socket) => {
    for (let at = 0; at < bytes.length && socket.writable; ) {
      const size = random.between(1, 12)
      socket.write(bytes.subarray(at, at + size))
      at += size
      await pause(2)
    }
  })
}

async function halfOpen(port: number, random: Random): Promise<void> {
  await withSocket(port, async (socket, closed) => {
    socket.end(random.chance(0.5) ? handshake() : Buffer.concat([handshake(), requestFrame(random)]))
    await Promise.race([closed, pause(PATIENCE_MS)])
  })
}

async function floodUnread(port: number, random: Random): Promise<void> {
  const request = random.pick([
    encodeRequest({ op: 12, fields: { path: '/zookeeper', watch: 1 } }, 1, { lastZxid: 0n }),
    encodeRequest({ op: 11 }, -2, { lastZxid: 0n }),
    encodeRequest({ op: 5, fields: { path: '/zookeeper/quota', data: 'x', version: 9 } }, 1, { lastZxid: 0n })
  ])
  const batch = Buffer.concat(Array.from({ length: 2000 }, () => frame(request)))
  await withSocket(port, async (socket) => {
    socket.write(handshake())
    await pause(20)
    socket.pause()
    for (let count = 0; count < 20 && socket.writable; count++) socket.write(batch)
    await pause(PATIENCE_MS)
  })
}

async function connectionStorm(port: number, random: Random): Promise<void> {
  await Promise.all(
    Array.from({ length: random.between(10, 60) }, () =>
      withSocket(port, async (_, closed) => {
        await Promise.race([closed, pause(random.below(PATIENCE_MS))])
      })
    )
  )
}

async function fourLetterNoise(port: number, random: Random): Promise<void> {
  const word = random.pick(['ruok', 'mntr', 'stat', 'dump', 'wchp', 'stmk', 'nope', 'RUOK', 'envi'])
  await sendAndWait(port, Buffer.concat([Buffer.from(word), randomBytes(random, 64)]))
}
