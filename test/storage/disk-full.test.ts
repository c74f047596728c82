import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { StorageOptions } from '../../src/storage/storage.ts'
import type { OpenStorage } from './support/data-directory.ts'
import { DataDirectory } from './support/data-directory.ts'
import { zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

const PAGE_BYTES = 4096

const mountPoint = mkdtempSync(join(tmpdir(), 'zoonode-small-disk-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', mountPoint])
const isMounted = mounted.status === 0
const diskTest = isMounted ? test : test.skip
const reason = isMounted ? '' : ` (skipped: no small disk can be mounted: ${mounted.stderr?.toString().trim()})`

let directory: DataDirectory
let open: OpenStorage
let isFull: boolean[]

beforeEach(async () => {
  directory = new DataDirectory({}, isMounted ? mountPoint : tmpdir())
})

afterEach(async () => {
  await directory.dispose()
  rmSync(join(mountPoint, 'filler'), { force: true })
})

afterAll(() => {
  if (isMounted) spawnSync('umount', [mountPoint])
  rmSync(mountPoint, { recursive: true, force: true })
})

async function start(more: Partial<StorageOptions> = {}): Promise<void> {
  open = await directory.open({ tuning: { diskFullRetryMs: 20 }, ...more })
  isFull = []
  open.storage.onDiskFull((full) => isFull.push(full))
}

/** Takes all the room that is left on the disk. */
function fillDisk(): void {
  const chunk = Buffer.alloc(4096)
  const path = join(mountPoint, 'filler')
  try {
    for (;;) writeFileSync(path, chunk, { flag: 'a' })
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' })
  }
}

function freeDisk(): void {
  rmSync(join(mountPoint, 'filler'))
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Fills the disk, then appends more than the room in the -wal takes. */
async function runIntoFullDisk(): Promise<void> {
  fillDisk()
  for (let count = 0; count < 40; count++) open.tryAppend(5, 4000)
  await until(() => open.storage.stats.diskFullRetries > 5)
}

describe('a full disk', () => {
  diskTest(`makes writes wait, and lets them go on when there is room${reason}`, async () => {
    await start()
    await open.append(10)
    await runIntoFullDisk()
    const persistedWhileFull = open.persisted.at(-1)
    const fullWhileFull = [...isFull]
    const saidWhileFull = directory.said.filter((line) => line.includes('full'))

    freeDisk()
    await open.allPersisted()
    await open.close()

    expect(persistedWhileFull).toBeLessThan(41)
    expect(fullWhileFull).toEqual([true])
    expect(saidWhileFull).toHaveLength(1)
    expect(isFull).toEqual([true, false])
    expect(open.fatals).toEqual([])
    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 210n))
  })

  diskTest(`acknowledges nothing that a kill could take back${reason}`, async () => {
    await start()
    await open.append(10)
    await runIntoFullDisk()
    const sequence = open.persisted.at(-1) ?? 0
    await open.abandon()
    freeDisk()

    const { recoveredZxids } = await directory.open()

    expect(recoveredZxids.length).toBeGreaterThanOrEqual(10 + (sequence - 1) * 5)
    expect(recoveredZxids).toEqual(zxidRange(1n, BigInt(recoveredZxids.length)))
  })

  diskTest(`does not keep a purge from making room${reason}`, async () => {
    await start()
    await open.append(10)
    await open.snapshot(Buffer.alloc(1_000_000))
    await open.append(10)
    await open.snapshot()
    await runIntoFullDisk()

    const { removed } = await open.storage.purge(1)
    await open.allPersisted()

    expect(removed).toEqual(['snapshot.a.db'])
    expect(open.fatals).toEqual([])
  })

  diskTest(`fails a snapshot, which leaves nothing behind and is not fatal${reason}`, async () => {
    await start()
    await open.append(10)
    fillDisk()

    await expect(open.snapshot(Buffer.alloc(2_000_000))).rejects.toMatchObject({ code: 'DISK_FULL' })
    freeDisk()
    await open.snapshot()

    expect(directory.files().filter((name) => name.startsWith('snapshot'))).toEqual(['snapshot.a.db'])
    expect(open.fatals).toEqual([])
  })

  diskTest(`lets roll and new segments wait as well${reason}`, async () => {
    await start()
    await open.append(10)
    fillDisk()
    open.storage.roll()
    open.tryAppend(5)
    await until(() => open.storage.stats.diskFullRetries > 3)

    freeDisk()
    await open.allPersisted()
    await open.append(5)
    await open.close()

    expect(directory.files()).toEqual(['log.1.db', 'log.b.db', 'state.db'])
    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 20n))
  })

  // The first segment is made by the first batch: its file, its table, its pages come to their end at different places.
  diskTest(`does not take a segment for whole that there was no room to make${reason}`, async () => {
    for (let roomPages = 0; roomPages <= 12; roomPages++) {
      await start()
      fillDisk()
      truncateSync(join(mountPoint, 'filler'), statSync(join(mountPoint, 'filler')).size - roomPages * PAGE_BYTES)
      open.tryAppend(5, 1)
      await until(() => open.storage.stats.diskFullRetries > 3 || open.persisted.length > 0)

      freeDisk()
      await open.allPersisted()
      await open.close()

      expect([roomPages, ...open.fatals]).toEqual([roomPages])
      const opened = await directory.open()
      expect(opened.recoveredZxids).toEqual(zxidRange(1n, 5n))
      await opened.close()
      await directory.dispose()
      directory = new DataDirectory({}, mountPoint)
    }
  })

  diskTest(`ends closing at its deadline, and what was persisted is there${reason}`, async () => {
    await start()
    await open.append(10)
    await runIntoFullDisk()

    await expect(open.storage.flushAndClose(200)).rejects.toMatchObject({ code: 'TIMEOUT' })
    freeDisk()

    expect((await directory.open()).recoveredZxids.slice(0, 10)).toEqual(zxidRange(1n, 10n))
  })

  diskTest(`refuses a first start with one line${reason}`, async () => {
    fillDisk()

    const { code, message } = await directory.refusal()

    expect(code).toBe('DISK_FULL')
    expect(message).not.toContain('\n')
  })
})
