import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { RawSession } from '../../interop/differential/hostile/healthy-client.ts'
import { type RunningServer, startServer } from '../../interop/differential/servers.ts'
import { fourLetterWord } from '../../interop/differential/wire/four-letter.ts'

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const ROUNDS = 3
const SNAPSHOTS_A_ROUND = 4
const STEP_MS_MAX = 30_000

let server: RunningServer | undefined

afterEach(async () => {
  await server?.stop()
  server = undefined
})

async function start(): Promise<RunningServer> {
  server = await startServer('zoonode', {
    projectRoot: join(__dirname, '../..'),
    settings: { '4lw.commands.whitelist': '*', snapCount: '10' },
    parentFolder: tmpdir()
  })
  return server
}

/** Snapshots that this run of the server has finished. */
async function snapshotCount({ port }: RunningServer): Promise<number> {
  const text = await fourLetterWord(port, 'mntr')
  return Number(/^zk_cnt_snapshottime\t(\d+)$/m.exec(text)?.[1])
}

/** Creates nodes until so many snapshots were taken. Returns the paths that were acknowledged. */
async function writeUntilSnapshots(target: RunningServer, count: number, prefix: string): Promise<string[]> {
  const endMs = performance.now() + STEP_MS_MAX
  const session = await RawSession.open(target.port)
  const paths: string[] = []
  while ((await snapshotCount(target)) < count) {
    if (performance.now() > endMs) throw new Error(`only ${await snapshotCount(target)} snapshots\n${target.log()}`)
    const path = `${prefix}${paths.length}`
    const error = await session.errorOf({ op: 1, fields: { path, data: 'x', acl: OPEN, flags: 0 } })
    if (error !== 0) throw new Error(`creating ${path}: ${error}\n${target.log()}`)
    paths.push(path)
  }
  session.drop()
  return paths
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

/** Sends SIGTERM and waits for the end. Returns how it ended. */
async function terminate(target: RunningServer): Promise<string | null> {
  process.kill(target.pid, 'SIGTERM')
  const endMs = performance.now() + STEP_MS_MAX
  while (target.exited() === null && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 10))
  return target.exited()
}

test('a server that took snapshots stops with exit 0 and no signal, each time, and has all that it acknowledged', async () => {
  const target = await start()
  const acknowledged: string[] = []
  const ends: (string | null)[] = []
  for (let round = 0; round < ROUNDS; round++) {
    acknowledged.push(...(await writeUntilSnapshots(target, SNAPSHOTS_A_ROUND, `/r${round}-`)))
    ends.push(await terminate(target))
    await target.restart()
  }

  expect(ends).toEqual(Array(ROUNDS).fill('exit 0'))
  expect(target.log()).not.toContain('Assertion failed')
  expect(await missing(target.port, acknowledged)).toEqual([])
}, 300_000)
