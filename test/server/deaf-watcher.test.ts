import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { RawSession } from '../../interop/differential/hostile/healthy-client.ts'
import { residentMiB } from '../../interop/differential/hostile/watchdog.ts'
import { type RunningServer, startServer } from '../../interop/differential/servers.ts'
import { DeafClient } from './deaf-client.ts'

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const PERSISTENT = 0
/** As long as a name may be in a multi of which many fit into a frame. */
const PATH = `/${'n'.repeat(999)}`
const CHANGES_PER_MULTI = 900
const MULTI_COUNT = 90
const RESIDENT_MIB_MAX = 600
const WAIT_MS = 60_000
/** Those who only watch send no pings, and are not to expire on however slow a machine. */
const SESSION_TIMEOUT_MS = 600_000

let server: RunningServer | undefined

afterEach(async () => {
  await server?.stop()
  server = undefined
})

test('a watcher that never reads is cut off before its events fill the memory; others get all of them', async () => {
  const settings = { forceSync: 'no', maxSessionTimeout: String(SESSION_TIMEOUT_MS) }
  server = await startServer('zoonode', { projectRoot: join(__dirname, '../..'), settings })
  const writer = await RawSession.open(server.port)
  const watcher = await RawSession.open(server.port, SESSION_TIMEOUT_MS)
  const deaf = await DeafClient.open(server.port, SESSION_TIMEOUT_MS)
  await writer.errorOf({ op: 1, fields: { path: PATH, data: '', acl: OPEN, flags: 0 } })
  await watcher.errorOf({ op: 106, fields: { path: PATH, kind: PERSISTENT } })
  deaf.ask([{ op: 106, fields: { path: PATH, kind: PERSISTENT } }])
  const change = { op: 5, fields: { path: PATH, data: 'x', version: -1 } }
  const operations = Array.from({ length: CHANGES_PER_MULTI }, () => change)

  let residentMax = 0
  let eventCount = 0
  for (let count = 0; count < MULTI_COUNT; count++) {
    expect(await writer.errorOf({ op: 14, fields: { ops: operations } })).toBe(0)
    residentMax = Math.max(residentMax, residentMiB(server.pid))
    eventCount += watcher.connection.takeFrames().length
  }
  const missing = MULTI_COUNT * CHANGES_PER_MULTI - eventCount
  await watcher.connection.waitUntil((frames) => frames.length >= missing, WAIT_MS)
  eventCount += watcher.connection.takeFrames().length

  for (const client of [deaf, writer, watcher]) client.drop()
  expect(server.log()).toMatch(/does not take its replies/)
  expect(eventCount).toBe(MULTI_COUNT * CHANGES_PER_MULTI)
  expect(residentMax).toBeLessThan(RESIDENT_MIB_MAX)
}, 300_000)
