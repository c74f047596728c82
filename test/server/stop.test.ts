import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { RawSession } from '../../interop/differential/hostile/healthy-client.ts'
import { type RunningServer, type Settings, startServer } from '../../interop/differential/servers.ts'
import { DeafClient } from './deaf-client.ts'
import { greet, WritingClient } from './writing-client.ts'

// Generous, as the machine may be busy with other tests.
const STOP_MS_MAX = 30_000
const BUILT_IN_NODE_COUNT = 3
const CLIENTS = ['a', 'b', 'c', 'd']

let server: RunningServer | undefined

afterEach(async () => {
  await server?.stop()
  server = undefined
})

async function start(settings: Settings = {}): Promise<RunningServer> {
  const projectRoot = join(__dirname, '../..')
  server = await startServer('zoonode', { projectRoot, settings, parentFolder: tmpdir() })
  return server
}

/** Sends SIGTERM and waits for the end. Returns how it ended. */
async function terminate(target: RunningServer): Promise<string | null> {
  process.kill(target.pid, 'SIGTERM')
  await until(() => target.exited() !== null, STOP_MS_MAX)
  return target.exited()
}

async function until(condition: () => boolean, deadlineMs: number): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!condition() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 10))
}

async function missing(port: number, paths: readonly string[]): Promise<string[]> {
  const session = await RawSession.open(port)
  const gone: string[] = []
  for (const path of paths) {
    if ((await session.errorOf({ op: 3, fields: { path, watch: 0 } })) !== 0) gone.push(path)
  }
  session.drop()
  return gone
}

/** Znodes beside those that every server has. */
async function nodeCount(port: number): Promise<number> {
  const session = await RawSession.open(port)
  const reply = await session.call({ op: 104, fields: { path: '/' } })
  session.drop()
  return (reply?.readInt32BE(16) ?? 0) - BUILT_IN_NODE_COUNT
}

describe('SIGTERM', () => {
  test.each([
    { settings: {} },
    { settings: { requestThrottleLimit: '5' } },
    { settings: { flushDelay: '200', maxWriteQueuePollTime: '100' } }
  ])(
    'under load with $settings: exactly what was acknowledged is there, sessions survive, exit 0',
    async ({ settings }) => {
      const target = await start(settings)
      const clients = await Promise.all(CLIENTS.map((name) => WritingClient.open(target.port, name)))
      const writing = Promise.all(clients.map((client) => client.writeUntilClosed()))
      await until(() => clients.every(({ acknowledged }) => acknowledged.length > 50), STOP_MS_MAX)

      const ended = await terminate(target)
      await writing
      await target.restart()
      const acknowledged = clients.flatMap((client) => client.acknowledged)
      const [first] = clients
      const resumed = await greet(target.port, first?.sessionId ?? 0n, first?.password ?? Buffer.alloc(0))
      resumed.connection.drop()
      const unacknowledged = (await nodeCount(target.port)) - acknowledged.length

      expect(ended).toBe('exit 0')
      expect(acknowledged.length).toBeGreaterThan(200)
      expect(clients.flatMap(({ errors }) => errors)).toEqual([])
      expect(await missing(target.port, acknowledged)).toEqual([])
      expect(unacknowledged).toBe(0)
      expect(resumed.greeting.readBigInt64BE(8)).toBe(first?.sessionId)
    },
    300_000
  )

  test('with clients that do not read or never said anything still ends the server', async () => {
    const target = await start()
    const session = await RawSession.open(target.port)
    const acl = [{ perms: 31, scheme: 'world', id: 'anyone' }]
    await session.errorOf({ op: 1, fields: { path: '/big', data: { fill: 900_000 }, acl, flags: 0 } })
    const deaf = await DeafClient.open(target.port)
    deaf.ask(Array.from({ length: 200 }, () => ({ op: 4, fields: { path: '/big', watch: 0 } })))
    const silent = await greet(target.port, 0n, Buffer.alloc(16))

    const ended = await terminate(target)

    deaf.drop()
    session.drop()
    silent.connection.drop()
    expect(ended).toBe('exit 0')
  }, 300_000)
})
