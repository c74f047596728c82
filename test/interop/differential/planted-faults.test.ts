import { createServer, connect as openSocket, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import type { Difference } from '../../../interop/differential/compare.ts'
import { SequenceGenerator } from '../../../interop/differential/generator/sequence.ts'
import { runCase, type StepSource } from '../../../interop/differential/run-case.ts'
import { DIFFERENTIAL_SETTINGS, type RunningServer, startServer } from '../../../interop/differential/servers.ts'
import { Side } from '../../../interop/differential/side.ts'

/** Changes the frames from server to client; gives those to pass on. */
type Fault = (payload: Buffer, number: number) => readonly Buffer[]

const isEvent = (payload: Buffer): boolean => payload.length > 16 && payload.readInt32BE(0) === -1
const isReply = (payload: Buffer): boolean => payload.length >= 16 && !isEvent(payload)

// Each fault sets in late, so that a driver which looks at the beginning only would not see it.
const LATE = 300

function heldBack(): Fault {
  let held: Buffer | null = null
  return (payload, number) => {
    if (held === null && number > LATE && isEvent(payload)) {
      held = payload
      return []
    }
    const out = held === null ? [payload] : [payload, held]
    if (held !== null) held = Buffer.alloc(0)
    return out.filter((frame) => frame.length > 0)
  }
}

function changed(when: (payload: Buffer) => boolean, change: (copy: Buffer) => void): Fault {
  return (payload, number) => {
    if (number < LATE || !when(payload)) return [payload]
    const copy = Buffer.from(payload)
    change(copy)
    return [copy]
  }
}

const FAULTS: { fault: string; make: () => Fault }[] = [
  {
    fault: 'a zxid one too high',
    make: () => changed(isReply, (copy) => copy.writeInt32BE(copy.readInt32BE(8) + 1, 8))
  },
  {
    fault: 'another error code',
    make: () =>
      changed(
        (p) => isReply(p) && p.readInt32BE(12) === -101,
        (copy) => copy.writeInt32BE(-102, 12)
      )
  },
  {
    fault: 'another xid',
    make: () =>
      changed(
        (p) => isReply(p) && p.readInt32BE(0) > 0,
        (copy) => copy.writeInt32BE(1, 0)
      )
  },
  {
    fault: 'a Stat with another cversion',
    make: () =>
      changed(
        (p) => isReply(p) && p.length === 84,
        (copy) => copy.writeInt32BE(copy.readInt32BE(52) + 1, 52)
      )
  },
  {
    fault: 'a Stat with another time',
    make: () =>
      changed(
        (p) => isReply(p) && p.length === 84 && p.readInt32BE(32) !== 0,
        (copy) => copy.writeInt32BE(copy.readInt32BE(36) + 1, 36)
      )
  },
  { fault: 'a lost event', make: () => (payload, number) => (number > LATE && isEvent(payload) ? [] : [payload]) },
  {
    fault: 'an event twice',
    make: () => (payload, number) => (number > LATE && isEvent(payload) ? [payload, payload] : [payload])
  },
  {
    fault: 'an event of another type',
    make: () => changed(isEvent, (copy) => copy.writeInt32BE(copy.readInt32BE(16) === 3 ? 1 : 3, 16))
  },
  { fault: 'an event behind the answer that shows it', make: heldBack },
  {
    fault: 'a byte too many',
    make: () => (payload, number) => [
      number > LATE && isReply(payload) ? Buffer.concat([payload, Buffer.alloc(1)]) : payload
    ]
  }
]

const servers: RunningServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

async function startFresh(): Promise<RunningServer> {
  const projectRoot = join(__dirname, '../../..')
  const server = await startServer('zoonode', { projectRoot, settings: DIFFERENTIAL_SETTINGS })
  servers.push(server)
  return server
}

/** A proxy that hands the server's frames to a fault of each connection's own, the handshake's excepted. */
async function startProxy(
  target: number,
  make: () => Fault
): Promise<{ proxy: Server; port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  let number = 0
  const proxy = createServer((client) => {
    const upstream = openSocket({ port: target, host: '127.0.0.1' })
    let pending = Buffer.alloc(0)
    const fault = make()
    let first = true
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => (socket === client ? upstream : client).destroy())
    }
    client.pipe(upstream)
    upstream.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const payload = pending.subarray(4, 4 + pending.readInt32BE(0))
        pending = pending.subarray(4 + payload.length)
        const out = first ? [payload] : fault(payload, number++)
        first = false
        for (const frame of out) {
          const length = Buffer.alloc(4)
          length.writeInt32BE(frame.length, 0)
          client.write(Buffer.concat([length, frame]))
        }
      }
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  return { proxy, port: typeof address === 'object' && address !== null ? address.port : 0, sockets }
}

function steps(seed: string, count: number): StepSource {
  const generator = new SequenceGenerator(seed)
  let left = count
  return {
    next: () => (left-- > 0 ? generator.next() : null),
    observe: (step, observations) => generator.observe(step, observations)
  }
}

/** The difference that a run of two fresh servers shows when one is seen through the fault, if any. */
async function runWith(make: () => Fault): Promise<Difference | null> {
  const [left, right] = await Promise.all([startFresh(), startFresh()])
  const { proxy, port, sockets } = await startProxy(right.port, make)
  try {
    const sides = [new Side('straight', left.port), new Side('through the proxy', port)] as const
    return (await runCase(sides, steps('planted', 600), { finalState: false })).difference
  } finally {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  }
}

test('the driver sees no difference where there is none', async () => {
  expect(await runWith(() => (payload) => [payload])).toBeNull()
}, 300_000)

test.each(FAULTS)(
  'the driver sees $fault',
  async ({ make }) => {
    expect(await runWith(make)).not.toBeNull()
  },
  300_000
)
