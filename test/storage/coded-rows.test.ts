import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Connection } from '../../src/storage/connection.ts'
import type { LogStore } from '../../src/storage/log-store.ts'
import { openLogStore } from '../../src/storage/open-log-store.ts'
import { RowCoder } from '../../src/storage/row-coding.ts'
import { openStorage } from '../../src/storage/storage.ts'
import { truncateLog } from '../../src/storage/truncation.ts'
import { rowCrc } from '../../src/storage/txn-row.ts'
import { DataDirectory, storageOptions } from './support/data-directory.ts'
import { makeBatch, makeTxn, splitTxns, zxidOf, zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

const FORMAT_1 = join(__dirname, 'fixtures', 'format-1')

let directory: DataDirectory

beforeEach(() => {
  directory = new DataDirectory()
})

afterEach(() => directory.dispose())

/** The log by itself, without its thread. */
function openStore(folder: string): LogStore {
  mkdirSync(folder, { recursive: true })
  const settings = {
    dataFolder: folder,
    logFolder: folder,
    sync: 'OFF',
    rollBytesMax: 1e12,
    rollTxnCountMax: 1e9,
    checkpointBytes: 1e6,
    checkpointBytesMax: 2e6
  } as const
  return openLogStore(settings, true, new Float64Array(64), () => undefined).store
}

function commit(store: LogStore, txnCount: number, sizeBytes?: number): void {
  const firstZxid = store.lastZxid + 1n
  store.beginGroup(firstZxid)
  const lastZxid = firstZxid + BigInt(txnCount) - 1n
  store.addBatch(firstZxid, lastZxid, txnCount, makeBatch(firstZxid, txnCount, sizeBytes).body)
  store.commitGroup()
}

/** All zxids of the log; what they belong to must be what was appended. */
function zxidsOf(store: LogStore): bigint[] {
  const reader = store.reader(0n)
  const zxids: bigint[] = []
  for (let part = reader.next(); part !== null; part = reader.next()) {
    const txns = splitTxns(part.body)
    const found = txns.map(zxidOf)
    expect(txns).toHaveLength(part.txnCount)
    expect(txns.every((txn, at) => makeTxn(found[at] ?? 0n, txn.length).equals(txn))).toBe(true)
    zxids.push(...found)
  }
  reader.close()
  return zxids
}

interface StoredBody {
  readonly firstZxid: number
  readonly isCoded: boolean
  readonly bytes: number
}

function storedBodies(file: string): StoredBody[] {
  const connection = new Connection(directory.file(file), { readonly: true })
  try {
    return connection
      .prepare<[], [number, Buffer]>('SELECT first_zxid, body FROM batch ORDER BY first_zxid')
      .raw()
      .all()
      .map(([firstZxid, body]) => ({ firstZxid, isCoded: body.readInt32BE() < 0, bytes: body.length }))
  } finally {
    connection.close()
  }
}

function formatOf(): unknown {
  const connection = new Connection(directory.file('state.db'), { readonly: true })
  try {
    return connection.prepare("SELECT value FROM state WHERE key = 'format'").get()
  } finally {
    connection.close()
  }
}

describe('a row of the log', () => {
  test('is stored coded where that makes it shorter, and as it is where not', () => {
    const store = openStore(directory.folder)
    commit(store, 1)
    commit(store, 50)
    commit(store, 3, 2000)
    commit(store, 20)
    commit(store, 1000, 150)
    const zxids = zxidsOf(store)
    store.close()

    expect(zxids).toEqual(zxidRange(1n, 1074n))
    expect(storedBodies('log.1.db').map(({ isCoded }) => isCoded)).toEqual([false, true, false, false, true])
    expect(storedBodies('log.1.db').at(-1)?.bytes).toBeLessThan(1000 * 60)
  })

  test('is the same after a kill, coded or not', async () => {
    const first = await directory.open()
    await first.append(60)
    await first.append(2, 5000)
    await first.append(1)
    first.storage.roll()
    await first.append(700)
    await first.abandon()

    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 763n))
  })

  test('can be read from any zxid within it', () => {
    const store = openStore(directory.folder)
    commit(store, 40)
    commit(store, 40)

    for (let after = 0n; after < 80n; after++) {
      const reader = store.reader(after)
      const part = reader.next()
      reader.close()

      expect(part?.firstZxid).toBe(after + 1n)
      expect(splitTxns(part?.body ?? Buffer.alloc(0)).map(zxidOf)).toEqual(
        zxidRange(after + 1n, after < 40n ? 40n : 80n)
      )
    }
    store.close()
  })

  test.each([1n, 2n, 17n, 30n, 31n, 32n, 45n, 59n, 60n])(
    'that is coded can be cut behind %d, and others follow, and a cut of the cut',
    (zxid) => {
      const store = openStore(directory.folder)
      commit(store, 30)
      commit(store, 30)

      truncateLog(store, zxid)
      const cut = zxidsOf(store)
      commit(store, 25)
      const longer = zxidsOf(store)
      truncateLog(store, zxid === 1n ? 1n : zxid - 1n)
      const shorter = zxidsOf(store)
      store.close()
      const again = openStore(directory.folder)
      const reopened = zxidsOf(again)
      again.close()

      expect(cut).toEqual(zxidRange(1n, zxid))
      expect(longer).toEqual(zxidRange(1n, zxid + 25n))
      expect(shorter).toEqual(zxidRange(1n, zxid === 1n ? 1n : zxid - 1n))
      expect(reopened).toEqual(shorter)
    }
  )
})

describe('a coded row that is damaged', () => {
  /** Puts another body into the row at zxid 11, with a checksum that is right or as it was; says what reading gives. */
  function readWith(changed: (body: Buffer) => Buffer, isChecksumRight: boolean): string {
    const store = openStore(directory.folder)
    commit(store, 10)
    commit(store, 40)
    store.close()
    const connection = new Connection(directory.file('log.1.db'))
    const [before, row] = connection
      .prepare<[], [number, Buffer]>('SELECT crc, body FROM batch ORDER BY first_zxid')
      .raw()
      .all()
    const body = changed(Buffer.from(row?.[1] ?? []))
    const crc = isChecksumRight ? rowCrc(before?.[0] ?? 0, 11n, 50n, 10n, 40, body) : row?.[0]
    connection.prepare('UPDATE batch SET body = ?, crc = ? WHERE first_zxid = 11').run(body, crc)
    connection.close()
    const again = openStore(directory.folder)
    try {
      return zxidsOf(again).join()
    } catch (error) {
      return String(error)
    } finally {
      again.close()
    }
  }

  test('anywhere is found by its checksum', () => {
    const flipped = (body: Buffer): Buffer => {
      body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 4
      return body
    }

    expect(readWith(flipped, false)).toMatch(
      /log\.1\.db is damaged: the checksum of the transactions from 0xb on is wrong/
    )
  })

  test.each([
    {
      name: 'ends too early',
      changed: (body: Buffer) => body.subarray(0, -1),
      says: /a literal is too long|ends too early/
    },
    {
      name: 'says that it is longer than a row can be',
      changed: (body: Buffer) =>
        Buffer.concat([body.subarray(0, 4), Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]), body]),
      says: /more than 1048576/
    },
    {
      name: 'is coded in another way',
      changed: (body: Buffer) => Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xfe]), body.subarray(4)]),
      says: /no coding -2/
    }
  ])('and $name, with the right checksum, is an error that names file and zxid', ({ changed, says }) => {
    const said = readWith(changed, true)

    expect(said).toMatch(/log\.1\.db is damaged: the transactions from 0xb on cannot be decoded/)
    expect(said).toMatch(says)
  })
})

describe('a directory of format 1', () => {
  test('is read, goes on with coded rows in its last segment, and has format 2 from then on', async () => {
    cpSync(FORMAT_1, directory.folder, { recursive: true })

    const first = await directory.open()
    await first.append(30)
    await first.close()
    const second = await directory.open()
    await second.close()

    expect(first.recoveredZxids).toEqual(zxidRange(1n, 55n))
    expect(second.recoveredZxids).toEqual(zxidRange(1n, 85n))
    expect(formatOf()).toEqual({ value: 2 })
    expect(storedBodies('log.16.db').map(({ firstZxid, isCoded }) => [firstZxid, isCoded])).toEqual([
      [22, false],
      [52, false],
      [56, true]
    ])
  })

  test('can be cut back within a row that was written then', async () => {
    cpSync(FORMAT_1, directory.folder, { recursive: true })

    const open = await directory.open()
    await open.storage.truncate(0, 33)
    await open.close()

    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 33n))
  })
})

describe('a directory of a format that a later version has', () => {
  test('is refused in one line that says so, and stays as it is', async () => {
    const open = await directory.open()
    await open.append(5)
    await open.close()
    const state = new Connection(directory.file('state.db'))
    state.exec("UPDATE state SET value = 3 WHERE key = 'format'")
    state.close()

    await expect(openStorage(storageOptions(directory.path))).rejects.toMatchObject({
      code: 'CANNOT_OPEN',
      message: expect.stringMatching(/^\S+state\.db has format 3, .* written by a later version; start that one$/)
    })

    expect(formatOf()).toEqual({ value: 3 })
  })
})

describe('the coder of rows', () => {
  test('tries ever fewer rows while they do not compress, and all again once one does', () => {
    const coder = new RowCoder()
    const noise = makeBatch(1n, 2, 2000).body
    const text = Buffer.alloc(2000, 'text')
    const rowsUntilCoded = (): number => {
      for (let rows = 1; ; rows++) if (coder.encode(text) !== text) return rows
    }

    coder.encode(noise)
    const afterOne = rowsUntilCoded()
    for (let row = 0; row < 1000; row++) coder.encode(noise)
    const afterMany = rowsUntilCoded()

    expect(afterOne).toBe(2)
    expect(afterMany).toBeGreaterThan(1)
    expect(afterMany).toBeLessThanOrEqual(64)
    expect(rowsUntilCoded()).toBe(1)
  })

  test('leaves small rows and those beyond the limits of a row as they are', () => {
    const coder = new RowCoder()
    const small = Buffer.alloc(511)
    const large = Buffer.alloc(1024 * 1024 + 1)

    expect(coder.encode(small)).toBe(small)
    expect(coder.encode(large)).toBe(large)
    expect(coder.encode(large.subarray(1)).length).toBeLessThan(60_000)
  })
})
