import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { BareSocket } from '../../../src/server/net/bare-socket.ts'
import { BareSockets, offerHandles } from '../../../src/server/net/bare-sockets.ts'
import { DirectReads } from '../../../src/server/net/direct-reads.ts'
import { DirectWrites } from '../../../src/server/net/direct-writes.ts'

const READ_BYTES = 64 * 1024

/** A server whose connections are bare sockets: it has learned from one that was not. */
export interface BareAcceptor {
  readonly server: Server
  /** Where what is read from any of them lies. */
  readonly buffer: Buffer
  readonly bareSockets: BareSockets
  /** The next connection. The client is paused; the bare socket has not begun. */
  accept(): Promise<{ bare: BareSocket; client: Socket }>
  /** The client of a connection that was not admitted. */
  refused(): Promise<Socket>
}

export async function bareAcceptor(isAdmitting = true): Promise<BareAcceptor> {
  const buffer = Buffer.alloc(READ_BYTES)
  const writes = new DirectWrites()
  const bareSockets = new BareSockets(buffer, writes, true)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const takers: ((bare: BareSocket | null) => void)[] = []
  offerHandles(server, (handle) => {
    if (!bareSockets.knows(handle)) return false
    const bare = bareSockets.open(handle, () => isAdmitting)
    takers.shift()?.(bare)
    return true
  })
  const dial = () => connect((server.address() as AddressInfo).port, '127.0.0.1').pause()
  await learn(server, buffer, writes, bareSockets, dial())
  return {
    server,
    buffer,
    bareSockets,
    async accept() {
      const taken = new Promise<BareSocket | null>((resolve) => takers.push(resolve))
      const client = dial()
      const bare = await taken
      if (bare === null) throw new Error('not admitted')
      return { bare, client }
    },
    async refused() {
      const taken = new Promise<BareSocket | null>((resolve) => takers.push(resolve))
      const client = dial()
      if ((await taken) !== null) throw new Error('admitted')
      return client
    }
  }
}

async function learn(
  server: Server,
  buffer: Buffer,
  writes: DirectWrites,
  bareSockets: BareSockets,
  client: Socket
): Promise<void> {
  const socket = await new Promise<Socket>((resolve) => server.once('connection', resolve))
  await new Promise<void>((resolve) => {
    new DirectReads(buffer).begin(socket, (count) => {
      bareSockets.learnFrom(socket, count)
      resolve()
    })
    client.write('anything')
  })
  writes.to(socket).write(Buffer.from('x'), () => undefined)
  socket.write(Buffer.from('x'))
  client.destroy()
  socket.destroy()
}
