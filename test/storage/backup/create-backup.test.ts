import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { highWord, lowWord } from '../../../src/protocol/int64.ts'
import { BackupDirectory } from '../../../src/storage/backup/backup-directory.ts'
import { rowsUpTo, txnsOf, verifyFiles, zxidAtTime } from '../../../src/storage/backup/backup-reader.ts'
import { type BackupOptions, createBackup } from '../../../src/storage/backup/create-backup.ts'
import { SegmentFile } from '../../../src/storage/segment-file.ts'
import { DataDirectory } from '../support/data-directory.ts'
import { makeTxn, zxidOf, zxidRange } from '../support/transactions.ts'

jest.setTimeout(300_000)

let data: DataDirectory
let folder: string
let directory: BackupDirectory
let said: string[]
let nowMs: number

beforeEach(() => {
  data = new DataDirectory()
  folder = mkdtempSync(join(tmpdir(), 'zoonode-backups-'))
  directory = new BackupDirectory(join(folder, 'backups'))
  said = []
  nowMs = Date.UTC(2026, 10, 23)
})

afterEach(async () => {
  await data.dispose()
  rmSync(folder, { recursive: true, force: true })
})

function options(more: Partial<BackupOptions> = {}): BackupOptions {
  return {
    dataDir: data.path,
    dataLogDir: data.path,
    directory,
    isFull: false,
    incrementsMax: 10,
    companions: [],
    serverId: 7,
    nowMs: () => nowMs++,
    say: (_, message) => said.push(message),
    progress: () => undefined,
    ...more
  }
}

async function append(...counts: readonly number[]): Promise<void> {
  const open = await data.open()
  for (const count of counts) await open.append(count)
  await open.close()
}

function series() {
  return directory.series((message) => said.push(message))
}

/** Zxids in a series up to one; throws when a transaction is not what was appended. */
function zxidsUpTo(index: number, zxid: bigint): bigint[] {
  const chosen = series().at(index)
  if (chosen === undefined) throw new Error('there is no such series')
  verifyFiles(chosen, zxid, () => undefined)
  return [...rowsUpTo(chosen, zxid)].flatMap(({ body }) =>
    [...txnsOf(body)].map((bytes) => {
      const txn = Buffer.from(bytes)
      if (!makeTxn(zxidOf(txn), txn.length).equals(txn)) throw new Error('a transaction has changed')
      return zxidOf(txn)
    })
  )
}

test('a full backup and the incremental ones after it hold every transaction', async () => {
  await append(30, 5)
  const full = await createBackup(options())
  await append(40)
  const incremental = await createBackup(options())
  await append(1)
  await createBackup(options())

  expect(full?.manifest).toMatchObject({ kind: 'full', fromZxid: 0n, toZxid: 35n, serverId: 7, snapshot: null })
  expect(incremental?.manifest).toMatchObject({
    kind: 'incremental',
    previous: full?.manifest.name,
    fromZxid: 35n,
    toZxid: 75n
  })
  expect(series()).toHaveLength(1)
  expect(zxidsUpTo(0, 76n)).toEqual(zxidRange(1n, 76n))
  expect(zxidsUpTo(0, 52n)).toEqual(zxidRange(1n, 52n))
  expect(await createBackup(options())).toBeNull()
})

test('rows are coded in a backup as they are in the log', async () => {
  await append(300)

  const backup = await createBackup(options())

  const [log] = backup?.manifest.log ?? []
  const segment = SegmentFile.open(join(backup?.folder ?? '', log?.file ?? ''), () => undefined)
  const rows = [...segment.rows()]
  segment.close()
  expect(rows.map(({ stored, body }) => stored.length < body.length / 2)).toEqual([true])
  expect(rows.map(({ isChecksumRight }) => isChecksumRight)).toEqual([true])
})

/** Writes another format into the manifest of a backup. */
function setFormat(backupFolder: string, format: number): void {
  const path = join(backupFolder, 'manifest.json')
  const { check: _, ...fields } = JSON.parse(readFileSync(path, 'utf8'))
  const changed = { ...fields, format }
  const check = createHash('sha256').update(JSON.stringify(changed)).digest('hex')
  writeFileSync(path, JSON.stringify({ ...changed, check }))
}

test('a backup of the format before is read and gone on with, one of a later format is left out with a line', async () => {
  await append(5)
  const first = await createBackup(options())
  setFormat(first?.folder ?? '', 1)
  await append(30)
  const second = await createBackup(options())

  expect(second?.manifest.kind).toBe('incremental')
  expect(zxidsUpTo(0, 35n)).toEqual(zxidRange(1n, 35n))

  setFormat(second?.folder ?? '', 3)
  said.length = 0
  expect(series().flatMap(({ backups }) => backups)).toHaveLength(1)
  expect(said.join()).toContain('has format 3, this program knows formats up to 2')
})

test('of a server that was never written to there is nothing to back up', async () => {
  await append()

  expect(await createBackup(options())).toBeNull()
  expect(series()).toEqual([])
})

test('a full backup begins with the newest snapshot, or with an older one where that is damaged', async () => {
  const open = await data.open()
  await open.append(20)
  await open.snapshot()
  await open.append(20)
  await open.snapshot()
  await open.append(3)
  await open.close()

  expect((await createBackup(options()))?.manifest).toMatchObject({
    fromZxid: 40n,
    toZxid: 43n,
    snapshot: { zxid: 40n }
  })
  const path = join(data.folder, 'snapshot.28.db')
  const bytes = readFileSync(path)
  const at = bytes.indexOf('state at 40')
  bytes[at] = 0
  writeFileSync(path, bytes)
  const older = await createBackup(options({ isFull: true }))
  expect(older?.manifest).toMatchObject({ fromZxid: 20n, toZxid: 43n, snapshot: { file: 'snapshot.14.db' } })
  expect(said.join('\n')).toMatch(/snapshot\.28\.db is damaged/)
})

describe('the log does not go on from the last backup', () => {
  test('when it was cut off', async () => {
    await append(50)
    await createBackup(options())
    const open = await data.open()
    await open.storage.truncate(highWord(44n), lowWord(44n))
    open.nextZxid = (1n << 32n) + 1n
    await open.append(9)
    await open.close()

    const next = await createBackup(options())
    expect(next?.manifest).toMatchObject({ kind: 'full', toZxid: (1n << 32n) + 9n })
    expect(said.at(-1)).toMatch(/^a full backup: the log does not go on from .*, which ends at 0x32$/)
    expect(zxidsUpTo(1, 1n << 33n)).toEqual([...zxidRange(1n, 44n), ...zxidRange((1n << 32n) + 1n, (1n << 32n) + 9n)])
    expect(zxidsUpTo(0, 50n)).toEqual(zxidRange(1n, 50n))
  })

  test('when another history has the same zxids', async () => {
    await append(50)
    await createBackup(options())
    rmSync(data.folder, { recursive: true })
    const open = await data.open()
    for (let count = 0; count < 60; count++) await open.append(1, 500)
    await open.close()

    expect((await createBackup(options()))?.manifest).toMatchObject({ kind: 'full', toZxid: 60n })
  })
})

test('a series ends after so many incremental backups, and whole series are pruned', async () => {
  for (let count = 0; count < 7; count++) {
    await append(3)
    await createBackup(options({ incrementsMax: 2 }))
  }

  expect(series().map(({ backups }) => backups.length)).toEqual([3, 3, 1])
  const removed = directory.prune(2, (message) => said.push(message))
  expect(removed).toHaveLength(3)
  expect(series().map(({ backups }) => backups.length)).toEqual([3, 1])
})

test('an incremental backup whose predecessor is gone is of no use, and said to be', async () => {
  for (let count = 0; count < 3; count++) {
    await append(3)
    await createBackup(options())
  }
  const [, second = ''] = readdirSync(directory.path)
    .filter((name) => /-(full|incr)-/.test(name))
    .sort()
  writeFileSync(join(directory.path, second, 'manifest.json'), '{}')

  expect(series().map(({ toZxid }) => toZxid)).toEqual([3n])
  expect(said.filter((message) => /its checksum is wrong|is of no use/.test(message))).toHaveLength(2)
})

test('what a killed run has left is removed, and two do not write at once', async () => {
  await append(3)
  mkdirSync(join(directory.path, '123.unfinished'), { recursive: true })
  const lock = directory.lock()
  try {
    await expect(createBackup(options())).rejects.toMatchObject({ code: 'BUSY' })
  } finally {
    lock.close()
  }
  await createBackup(options())
  expect(readdirSync(directory.path).filter((name) => name.includes('unfinished'))).toEqual([])
})

test('a time is that of the last transaction before the first later one', async () => {
  await append(10, 10)
  await createBackup(options())
  const [only] = series()
  if (only === undefined) throw new Error('there is no series')

  // Each of these transactions has seven times its zxid for its time.
  expect(zxidAtTime(only, 70)).toBe(10n)
  expect(zxidAtTime(only, 76)).toBe(10n)
  expect(zxidAtTime(only, 77)).toBe(11n)
  expect(zxidAtTime(only, 6)).toBe(0n)
  expect(zxidAtTime(only, 10_000)).toBe(20n)
})
