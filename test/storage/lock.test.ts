import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { openStorage } from '../../src/storage/storage.ts'
import { ChildProgram } from './support/child-program.ts'
import type { OpenStorage } from './support/data-directory.ts'
import { DataDirectory, storageOptions } from './support/data-directory.ts'

jest.setTimeout(300_000)

let directory: DataDirectory
let open: OpenStorage

beforeEach(async () => {
  directory = new DataDirectory()
  open = await directory.open()
  await open.append(5)
  await open.append(5)
})

afterEach(() => directory.dispose())

/** What another server process says of our data directory: code and line, or "opened". */
async function secondServer(dataLogDir = directory.path, dataDir = directory.path): Promise<string[]> {
  const program = new ChildProgram('second-server.ts', [dataDir, dataLogDir])
  await program.ended()
  expect(program.errors).toBe('')
  return program.lines
}

const refusal = (): string[] => [
  'LOCKED',
  `the data directory ${directory.folder} is in use by another server; stop that one first, or set another dataDir`
]

describe('a second server on the same directory is refused', () => {
  test.each([
    { name: 'a start', act: async () => undefined },
    { name: 'appending and checkpoints', act: () => appendMuch() },
    { name: 'looking at sizes', act: async () => open.storage.sizes() },
    { name: 'a snapshot, a roll and a purge', act: () => snapshotAndPurge() },
    { name: 'reading the log, closed and active', act: () => readLog() },
    { name: 'a truncation', act: () => open.storage.truncate(0, 7) },
    { name: 'a reload', act: () => reload() },
    { name: 'an installed snapshot', act: () => install() },
    { name: 'a failed second open in the same process', act: () => openTwice() },
    { name: 'epochs', act: () => open.storage.setAcceptedEpoch(1) }
  ])('after $name', async ({ act }) => {
    await act()

    expect(await secondServer()).toEqual(refusal())
    await open.append(1)
  })

  test('in the same process as well, and the first goes on', async () => {
    await expect(openStorage(storageOptions(directory.path))).rejects.toMatchObject({ code: 'LOCKED' })

    await open.append(1)
    expect(open.fatals).toEqual([])
  })
})

describe('a second server', () => {
  test('gets the directory when the first has closed it', async () => {
    await open.close()

    expect(await secondServer()).toEqual(['opened'])
  })

  test('with another dataDir does not touch the log of the first', async () => {
    const other = join(directory.path, 'other')
    expect(await secondServer(other, other)).toEqual(['opened'])

    const lines = await secondServer(directory.path, other)

    expect(lines[0]).toBe('LOCKED')
    expect(lines[1]).toContain('log.1.db')
    await open.append(1)
    expect(directory.files()).toContain('log.1.db')
  })

  test('with another dataDir does not take the log of the first for litter when that has stopped', async () => {
    await open.close()
    const before = readFileSync(directory.file('log.1.db'))

    const lines = await secondServer(directory.path, join(directory.path, 'other'))

    expect(lines[0]).toBe('INCOMPLETE')
    expect(readFileSync(directory.file('log.1.db')).equals(before)).toBe(true)
  })
})

async function appendMuch(): Promise<void> {
  for (let count = 0; count < 30; count++) open.tryAppend(100, 2000)
  await open.allPersisted()
}

async function snapshotAndPurge(): Promise<void> {
  await open.snapshot()
  open.storage.roll()
  await open.append(5)
  await open.snapshot()
  await open.storage.purge(1)
}

async function readLog(): Promise<void> {
  open.storage.roll()
  await open.append(5)
  await open.append(5)
  expect((await open.storage.readLog(0, 0, 1_000_000))?.txnCount).toBe(20)
}

async function reload(): Promise<void> {
  const recovery = await open.storage.reload()
  for await (const batch of recovery.batches()) expect(batch.txnCount).toBe(10)
}

async function install(): Promise<void> {
  const writer = open.storage.beginInstall(0, 100, 0)
  await writer.finish({ zxidHi: 0, zxidLo: 100, digestHi: 0, digestLo: 0, nodeCount: 0, sessionCount: 0 })
  open.nextZxid = 101n
}

async function openTwice(): Promise<void> {
  await expect(openStorage(storageOptions(directory.path))).rejects.toMatchObject({ code: 'LOCKED' })
}
