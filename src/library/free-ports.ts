import { createServer, type Server } from 'node:net'

/**
 * Ports that nobody listens on. All are held until all are found, so that no two are the same; afterwards another program may take one before
 * it is used.
 */
export async function freePorts(count: number, host: string): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => hold(host)))
  const ports = held.map((server) => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a listening TCP server has no port')
    return address.port
  })
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function hold(host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => resolve(server))
  })
}
