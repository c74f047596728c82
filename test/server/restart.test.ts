import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { RawSession } from '../../interop/differential/hostile/healthy-client.ts'
import { type RunningServer, startServer } from '../../interop/differential/servers.ts'
import { fourLetterWord } from '../../interop/differential/wire/four-letter.ts'
import { freePort } from '../../interop/harness/free-port.ts'

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const WAIT_MS = 30_000
const WRITE_COUNT = 150
const READY = 'zoonode is ready'

let server: RunningServer | undefined

afterEach(async () => {
  await server?.stop()
  server = undefined
})

/** A line of `mntr`. */
async function figure({ port }: RunningServer, name: string): Promise<number> {
  const text = await fourLetterWord(port, 'mntr')
  return Number(new RegExp(`^zk_${name}\t(\\d+)$`, 'm').exec(text)?.[1])
}

/** Runs a server to its end, which is asked for by SIGTERM as soon as it says that it is ready. */
function runUntilReady(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args)
  let output = ''
  const take = (chunk: Buffer): void => {
    if (!output.includes(READY) && `${output}${chunk}`.includes(READY)) child.kill('SIGTERM')
    output += chunk
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}

/** Waits until the server has finished a snapshot; then it counts at the next start. */
async function untilSnapshotted(target: RunningServer): Promise<void> {
  const endMs = performance.now() + WAIT_MS
  while ((await figure(target, 'cnt_snapshottime')) === 0 && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('a start that had much to replay is followed by a snapshot, so that the next one has little', async () => {
  const target = await startServer('zoonode', {
    projectRoot: join(__dirname, '../..'),
    settings: { '4lw.commands.whitelist': '*' },
    parentFolder: tmpdir()
  })
  server = target
  const session = await RawSession.open(target.port)
  for (let count = 0; count < WRITE_COUNT; count++) {
    await session.errorOf({ op: 1, fields: { path: `/n${count}`, data: 'x', acl: OPEN, flags: 0 } })
  }
  session.drop()

  appendFileSync(join(target.folder, 'zoo.cfg'), 'snapCount=200\n')
  const before = await figure(target, 'cnt_snapshottime')
  await target.restart()
  const first = await figure(target, 'sum_startup_txns_loaded')
  await untilSnapshotted(target)
  await target.restart()
  const second = await figure(target, 'sum_startup_txns_loaded')

  expect(before).toBe(0)
  expect(first).toBeGreaterThanOrEqual(WRITE_COUNT)
  expect(second).toBeLessThan(10)
}, 300_000)

test('an empty directory is not served from with db.autocreate=false, unless that is said to be meant', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zoonode-'))
  const main = join(__dirname, '../../dist/bin/zoonode.js')
  const config = join(folder, 'zoo.cfg')
  writeFileSync(
    config,
    `dataDir=${folder}\nclientPort=${await freePort()}\nclientPortAddress=127.0.0.1\ndb.autocreate=false\n`
  )

  const refused = await runUntilReady([main, '--config', config])
  writeFileSync(join(folder, 'initialize'), '')
  const served = await runUntilReady([main, '--config', config])
  rmSync(folder, { recursive: true })

  expect(refused).toMatchObject({ code: 3, output: expect.stringMatching(/db\.autocreate.*initialize/) })
  expect(served).toMatchObject({ code: 0, output: expect.stringContaining(READY) })
}, 300_000)
