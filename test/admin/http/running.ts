import { connect } from 'node:net'
import { afterEach } from '@jest/globals'
import { AdminServer, type AdminServerSettings } from '../../../src/admin/http/admin-server.ts'
import type { AdminTarget } from '../../../src/admin/http/admin-target.ts'

/** An admin server that listens, and what it wrote to its log. */
export interface Running {
  readonly server: AdminServer
  readonly url: string
  readonly log: string[]
  /** Its clock. */
  nowMs: number
}

const running: AdminServer[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

/** Starts one on a free port; it is closed when the test ends. */
export async function runAdmin(
  target: AdminTarget | null,
  settings: Partial<AdminServerSettings> = {}
): Promise<Running> {
  const log: string[] = []
  const say = (message: string): void => void log.push(message)
  const started = { nowMs: 1000 }
  const server = new AdminServer({
    settings: {
      serverAddress: '127.0.0.1',
      serverPort: 0,
      commandUrl: '/commands',
      idleTimeoutMs: 30_000,
      usesForwardedFor: false,
      consoleEnabled: false,
      consoleHosts: [],
      snapshotEnabled: true,
      restoreEnabled: true,
      rateLimiterIntervalMs: 300_000,
      ...settings
    },
    tls: null,
    log: { info: say, warn: say },
    nowMs: () => started.nowMs
  })
  running.push(server)
  await server.listen()
  server.attach(target)
  return Object.assign(started, { server, url: `http://127.0.0.1:${server.port}`, log })
}

/** Sends bytes as they are and returns everything that comes back. */
export function sendRaw(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      answer += text
    })
    socket.on('error', () => resolve(answer))
    socket.on('close', () => resolve(answer))
  })
}
