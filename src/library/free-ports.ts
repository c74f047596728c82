import { createServer, type Server } from 'node:net'

/** Below the ranges from which systems take the ports of outgoing connections. */
const LOWEST_PORT = 15_000
const PORT_COUNT = 15_000
const TRIES_MAX = 200

/**
 * Ports that nobody listens on. All are held until all are found, so that no two are the same; afterwards another program may take one before
 * it is used. None is of the system's range for outgoing connections: while a server is down between two starts, a connection of somebody
 * who looks for it could be given the very port that it needs again.
 *
 * @param host to listen on; all addresses without one, as servers that bind the wildcard need the port on each of them
 * @throws the system's error if none of many ports can be listened on
 */
export async function freePorts(count: number, host?: string): Promise<number[]> {
  const held: Server[] = []
  try {
    while (held.length < count) held.push(await holdAny(host))
    return held.map((server) => {
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('a listening TCP server has no port')
      return address.port
    })
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** @throws the system's error if none of many ports can be listened on */
async function holdAny(host: string | undefined): Promise<Server> {
  for (let tries = 1; ; tries++) {
    try {
      return await hold(LOWEST_PORT + Math.floor(Math.random() * PORT_COUNT), host)
    } catch (error) {
      if (tries === TRIES_MAX || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

function hold(port: number, host: string | undefined): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}
