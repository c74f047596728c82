import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { ServerProcess } from '../../interop/faults/kill/server-process.ts'
import { waitFor } from '../../interop/harness/wait-for.ts'
import type { ZooKeeper } from '../../src/client/index.ts'
import { ServerFolder } from './server-folder.ts'

jest.setTimeout(300_000)

const DATA_BYTES = 20_000
const READ_COUNT = 50
/** Longer than a commit takes on a good disk, by far. */
const STILL_MS = 1500

const mountPoint = mkdtempSync(join(tmpdir(), 'zoonode-small-disk-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', mountPoint])
const isMounted = mounted.status === 0
const diskTest = isMounted ? test : test.skip
const reason = isMounted ? '' : ` (skipped: no small disk can be mounted: ${mounted.stderr?.toString().trim()})`

let folder: ServerFolder
let dataDir: string
let server: ServerProcess
/** Its requests wait while the disk is full. */
let client: ZooKeeper
/** Only reads, and so must never wait. */
let reader: ZooKeeper
let acknowledged: Set<string>
let tests = 0

beforeEach(async () => {
  if (!isMounted) return
  folder = new ServerFolder()
  dataDir = join(mountPoint, `data-${tests++}`)
  mkdirSync(dataDir)
  await start()
  acknowledged = new Set()
})

afterEach(async () => {
  if (!isMounted) return
  await folder.dispose()
  rmSync(dataDir, { recursive: true, force: true })
  rmSync(join(mountPoint, 'filler'), { force: true })
})

afterAll(() => {
  if (isMounted) spawnSync('umount', [mountPoint])
  rmSync(mountPoint, { recursive: true, force: true })
})

async function start(): Promise<void> {
  server = await folder.start({ config: { dataDir, snapCount: 1_000_000 } })
  client = await folder.connect(server)
  reader = await folder.connect(server)
}

function fillDisk(): void {
  const chunk = Buffer.alloc(4096)
  try {
    for (;;) writeFileSync(join(mountPoint, 'filler'), chunk, { flag: 'a' })
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' })
  }
}

function freeDisk(): void {
  rmSync(join(mountPoint, 'filler'))
}

/** Creates nodes without waiting; those whose answer comes are noted. */
function create(name: string, count: number): Promise<void>[] {
  return Array.from({ length: count }, async (_, index) => {
    const path = `/${name}-${index}`
    await client.create(path, Buffer.alloc(DATA_BYTES, index))
    acknowledged.add(path)
  })
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** Writes into a full disk until nothing is answered any more. */
async function runIntoFullDisk(): Promise<Promise<void>[]> {
  await Promise.all(create('early', 20))
  fillDisk()
  const waiting = create('late', 200)
  for (const one of waiting) one.catch(() => undefined)
  await server.said('is full', 60_000)
  for (let before = -1; before !== acknowledged.size; ) {
    before = acknowledged.size
    await pause(STILL_MS)
  }
  expect(acknowledged.size).toBeLessThan(220)
  return waiting
}

async function namesThere(reader: ZooKeeper): Promise<string[]> {
  return (await reader.getChildren('/')).map((name) => `/${name}`).filter((path) => path !== '/zookeeper')
}

describe('a server whose disk is full', () => {
  diskTest(`goes on reading, lets writes wait, and does them when there is room${reason}`, async () => {
    const waiting = await runIntoFullDisk()
    const acknowledgedWhileFull = acknowledged.size
    // A new session is a write, too.
    const newcomer = folder.connect(server)

    const reads = await Promise.all(Array.from({ length: READ_COUNT }, () => reader.getData('/early-0')))
    freeDisk()
    await Promise.all(waiting)

    expect(acknowledgedWhileFull).toBeGreaterThanOrEqual(20)
    expect(reads.map(({ stat }) => stat.dataLength)).toEqual(Array(READ_COUNT).fill(DATA_BYTES))
    expect((await namesThere(await newcomer)).length).toBe(220)
    expect(server.output.match(/is full/g)).toHaveLength(1)
    expect(server.output).toContain('there is room')
  })

  diskTest(`shows nobody a write that is not on the disk${reason}`, async () => {
    const waiting = await runIntoFullDisk()

    const acknowledgedBefore = [...acknowledged]
    const shown = await namesThere(reader)
    // Another client may hear of a write a moment before the one whose it is.
    await waitFor('the answers to what is shown', 20_000, async () =>
      shown.every((path) => acknowledged.has(path)) ? true : null
    )
    freeDisk()
    await Promise.all(waiting)

    expect(acknowledgedBefore.filter((path) => !shown.includes(path))).toEqual([])
    expect(acknowledgedBefore.length).toBeGreaterThanOrEqual(20)
  })

  diskTest(`has everything that it acknowledged when it is killed and started with room${reason}`, async () => {
    await runIntoFullDisk()
    await server.kill()
    const promised = [...acknowledged]
    freeDisk()
    await start()

    const there = await namesThere(reader)

    expect(promised.filter((path) => !there.includes(path))).toEqual([])
    await Promise.all(create('after', 10))
  })

  diskTest(`refuses to start with one line when not even that has room${reason}`, async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
    mkdirSync(dataDir)
    fillDisk()

    const refused = await folder.launch({ config: { dataDir } })
    const { code } = await refused.ended

    expect(refused.output).toMatch(/^zoonode: [^\n]*make room on the disk\n$/)
    expect(code).toBe(3)
  })
})
