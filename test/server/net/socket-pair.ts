import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

const WAIT_MS = 20_000

/** Two ends of a connection, the one that a server has accepted and the one that connected. */
export interface SocketPair {
  readonly accepted: Socket
  readonly client: Socket
  close(): void
}

/** Nothing has been read from the accepted end when this resolves; the client is paused. */
export async function socketPair(): Promise<SocketPair> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.pause()
  const accepted = await connected
  return {
    accepted,
    client,
    close: () => {
      accepted.destroy()
      client.destroy()
      server.close()
    }
  }
}

/** Resolves when the condition holds. @throws Error after 20 s */
export async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS
  while (!condition()) {
    if (performance.now() > endMs) throw new Error('the condition did not come to hold')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Bytes that differ from place to place. */
export function pattern(length: number, from = 0): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) bytes[at] = ((from + at) * 31 + ((from + at) >>> 8)) & 0xff
  return bytes
}
