import { createServer } from 'node:net'

const LOWEST_PORT = 15_000
const PORT_COUNT = 15_000
const ATTEMPT_COUNT_MAX = 200

/**
 * Finds a free loopback port below the kernel's range for outgoing connections: while a server is down between two starts,
 * a client's own outgoing connection could otherwise be given the port that the server needs again.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPT_COUNT_MAX; attempt++) {
    const port = LOWEST_PORT + Math.floor(Math.random() * PORT_COUNT)
    if (await canListen(port)) return port
  }
  throw new Error(`no free port between ${LOWEST_PORT} and ${LOWEST_PORT + PORT_COUNT}`)
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    // All addresses, as servers that bind the wildcard need the port on each of them.
    probe.listen(port, () => probe.close(() => resolve(true)))
  })
}
