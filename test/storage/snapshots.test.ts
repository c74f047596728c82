import { copyFileSync, existsSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Connection } from '../../src/storage/connection.ts'
import { DataDirectory } from './support/data-directory.ts'
import { zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

let directory: DataDirectory

afterEach(() => directory.dispose())

/** Three snapshots, at 10, 20 and 30, in a log of 35 transactions. */
async function threeSnapshots(): Promise<void> {
  directory = new DataDirectory()
  const open = await directory.open()
  for (let count = 0; count < 3; count++) {
    open.storage.roll()
    await open.append(10)
    await open.snapshot()
  }
  await open.append(5)
  await open.close()
}

/** Changes one byte in the middle of a file. */
function damage(path: string, offset = Math.floor(readFileSync(path).length / 2)): void {
  const bytes = readFileSync(path)
  const handle = openSync(path, 'r+')
  writeSync(handle, Buffer.from([(bytes[offset] ?? 0) ^ 0xff]), 0, 1, offset)
}

describe('a snapshot', () => {
  test('is what a start begins with; the log gives the rest', async () => {
    await threeSnapshots()

    const { recovery, recoveredSnapshot, recoveredZxids } = await directory.open()

    expect(recovery.snapshot).toMatchObject({ zxidHi: 0, zxidLo: 30 })
    expect(recovery.snapshot?.summary).toEqual({
      zxidHi: 0,
      zxidLo: 30,
      digestHi: 30,
      digestLo: ~30,
      nodeCount: 3,
      sessionCount: 2
    })
    expect(recoveredSnapshot?.toString()).toBe('state at 30')
    expect(recoveredZxids).toEqual(zxidRange(31n, 35n))
  })

  test('of many pieces comes back byte for byte, with appends going on', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(3)
    const content = Buffer.alloc(5_000_000, 'a pattern of an odd length ')
    const writer = open.storage.beginSnapshot(0, 3)
    for (let at = 0; at < content.length; at += 77_777) {
      await writer.write(content.subarray(at, at + 77_777))
      open.tryAppend(1)
    }
    await writer.finish({ zxidHi: 0, zxidLo: 3, digestHi: 0, digestLo: 0, nodeCount: 0, sessionCount: 0 })
    await open.close()

    const again = await directory.open()

    expect(again.recoveredSnapshot?.equals(content)).toBe(true)
    expect(again.recoveredZxids).toEqual(zxidRange(4n, open.lastZxid))
  })

  test('makes its writer wait when it comes faster than the disk takes it', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(1)
    const writer = open.storage.beginSnapshot(0, 1)
    const piece = Buffer.alloc(1024 * 1024)

    const writes = Array.from({ length: 16 }, () => writer.write(piece))
    const first = await Promise.race([writes[0]?.then(() => 'first'), writes[15]?.then(() => 'last')])
    await Promise.all(writes)
    writer.abort()

    expect(first).toBe('first')
  })

  test('does not count before the log has come to its zxid', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(1)
    open.nextZxid = 5n
    const writer = open.storage.beginSnapshot(0, 5)
    await writer.write(Buffer.from('ahead'))
    let isDone = false
    const finished = writer
      .finish({ zxidHi: 0, zxidLo: 5, digestHi: 0, digestLo: 0, nodeCount: 0, sessionCount: 0 })
      .then(() => {
        isDone = true
      })
    while (!existsSync(directory.file('snapshot.5.db'))) await new Promise((resolve) => setTimeout(resolve, 5))
    await open.storage.setAcceptedEpoch(0)
    const wasDoneBefore = isDone
    await open.append(1)
    await finished

    expect(wasDoneBefore).toBe(false)
    expect((await open.storage.reload()).snapshot?.zxidLo).toBe(5)
  })

  test('that is given up leaves nothing behind, and lets the next one begin', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(1)
    const writer = open.storage.beginSnapshot(0, 1)
    await writer.write(Buffer.alloc(1000))

    writer.abort()
    await open.snapshot()
    await open.close()

    expect(directory.files()).toEqual(['log.1.db', 'snapshot.1.db', 'state.db'])
    await expect(writer.write(Buffer.alloc(1))).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('is the only one at a time', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(1)
    open.storage.beginSnapshot(0, 1)

    expect(() => open.storage.beginSnapshot(0, 1)).toThrow(expect.objectContaining({ code: 'BUSY' }))
  })

  test('that was being written at a kill is removed at the next start', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(1)
    const writer = open.storage.beginSnapshot(0, 1)
    await writer.write(Buffer.alloc(300_000))
    while (!existsSync(directory.file('snapshot.1.db.1.tmp'))) await new Promise((resolve) => setTimeout(resolve, 5))
    const aborted = writer.write(Buffer.alloc(10_000_000)).catch((error: unknown) => error)
    await open.abandon()

    const again = await directory.open()

    expect(await aborted).toMatchObject({ code: 'CLOSED' })
    expect(again.recovery.snapshot).toBeNull()
    expect(directory.files().filter((name) => name.startsWith('snapshot'))).toEqual([])
  })
})

describe('a damaged snapshot', () => {
  test.each([
    { name: 'a changed byte', spoil: (path: string) => damage(path) },
    { name: 'a changed header', spoil: (path: string) => damage(path, 17) },
    { name: 'a cut end', spoil: (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 70_000)) },
    { name: 'no content', spoil: (path: string) => writeFileSync(path, '') },
    { name: 'no file', spoil: (path: string) => rmSync(path) }
  ])('($name) is passed over for an older one when the log since then is there', async ({ spoil }) => {
    await threeSnapshots()
    spoil(directory.file('snapshot.1e.db'))

    const { recovery, recoveredSnapshot, recoveredZxids } = await directory.open()

    expect(recovery.snapshot?.zxidLo).toBe(20)
    expect(recoveredSnapshot?.toString()).toBe('state at 20')
    expect(recoveredZxids).toEqual(zxidRange(21n, 35n))
    expect(directory.said.join('\n')).toContain('snapshot.1e.db')
  })

  test('is passed over when its damage shows in the last of many chunks, and so is the one before it', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    for (const letter of ['a', 'b', 'c']) {
      await open.append(10)
      await open.snapshot(Buffer.alloc(3_000_000, letter))
    }
    await open.close()
    for (const name of ['snapshot.14.db', 'snapshot.1e.db']) {
      const connection = new Connection(directory.file(name))
      connection.exec('UPDATE chunk SET body = zeroblob(length(body)) WHERE number = (SELECT max(number) FROM chunk)')
      connection.close()
    }

    const { recovery, recoveredSnapshot, recoveredZxids } = await directory.open()

    expect(recovery.snapshot?.zxidLo).toBe(10)
    expect(recoveredSnapshot?.equals(Buffer.alloc(3_000_000, 'a'))).toBe(true)
    expect(recoveredZxids).toEqual(zxidRange(11n, 30n))
    expect(directory.said.filter((line) => line.includes('trying to start without it'))).toHaveLength(2)
  })

  test('is passed over for the log alone when that goes back to the beginning', async () => {
    await threeSnapshots()
    for (const name of ['snapshot.a.db', 'snapshot.14.db', 'snapshot.1e.db']) damage(directory.file(name))

    const { recovery, recoveredZxids } = await directory.open()

    expect(recovery.snapshot).toBeNull()
    expect(recoveredZxids).toEqual(zxidRange(1n, 35n))
  })

  test('refuses the start when the log before it is gone', async () => {
    await threeSnapshots()
    const open = await directory.open()
    await open.storage.purge(1)
    await open.close()
    damage(directory.file('snapshot.1e.db'))

    const refusal = await directory.refusal()

    expect(refusal.code).toBe('DAMAGED')
    expect(refusal.message).toContain('snapshot.1e.db')
    expect(refusal.message).toContain('the transactions after 0x0 are not there')
    expect(refusal.message).not.toContain('\n')
  })

  test('refuses the start when nothing follows it and the log before it is gone', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(10)
    await open.snapshot()
    open.storage.roll()
    await open.append(1)
    await open.append(1)
    await open.snapshot()
    await open.storage.purge(1)
    await open.close()
    damage(directory.file('snapshot.c.db'))

    expect(await directory.refusal()).toMatchObject({ code: 'DAMAGED' })
  })

  test.each([
    { name: 'without its summary', sql: 'DELETE FROM summary' },
    { name: 'with a changed summary', sql: "UPDATE summary SET value = value + 1 WHERE key = 'node_count'" },
    { name: 'without its last chunk', sql: 'DELETE FROM chunk WHERE number = (SELECT max(number) FROM chunk)' },
    { name: 'with changed content', sql: "UPDATE chunk SET body = replace(body, 's', 't') WHERE number = 0" }
  ])('is found $name, although the file is healthy', async ({ sql }) => {
    await threeSnapshots()
    const connection = new Connection(directory.file('snapshot.1e.db'))
    connection.exec(sql)
    connection.close()

    expect((await directory.open()).recovery.snapshot?.zxidLo).toBe(20)
  })

  test('that is another snapshot under its name is not taken for it', async () => {
    await threeSnapshots()
    copyFileSync(directory.file('snapshot.a.db'), directory.file('snapshot.1e.db'))

    expect((await directory.open()).recovery.snapshot?.zxidLo).toBe(20)
  })
})

describe('snapshot.trust.empty', () => {
  test('starts with what there is of the log when there is no snapshot', async () => {
    await threeSnapshots()
    const open = await directory.open()
    await open.storage.purge(1)
    await open.close()
    rmSync(directory.file('snapshot.1e.db'))

    expect(await directory.refusal()).toMatchObject({ code: 'DAMAGED' })
    expect((await directory.open({ trustEmptySnapshot: true })).recoveredZxids).toEqual(zxidRange(21n, 35n))
  })
})
