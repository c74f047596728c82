import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Compression } from '../../../src/storage/apache-files/apache-directory.ts'
import { logFileIn, snapshotFileAt, snapshotFileIn } from '../../../src/storage/apache-files/apache-directory.ts'
import { LogWriter } from '../../../src/storage/apache-files/log-writer.ts'
import { readSnapshot, type SnapshotTrailer } from '../../../src/storage/apache-files/read-snapshot.ts'
import { looksWhole } from '../../../src/storage/apache-files/snapshot-bytes.ts'
import { writeSnapshot } from '../../../src/storage/apache-files/write-snapshot.ts'
import { newTree } from '../../core/tree/tree-support.ts'
import { logRecords } from '../../golden/storage/fixture.ts'
import { ApacheFolder, capturedFile } from './support/apache-folder.ts'

const HEADER_BYTES = 16
/** Seal, digest and its seal, last zxid and its seal. */
const TRAILER_BYTES = 13 + 20 + 13 + 8 + 13
const captured = capturedFile('plain/snapshot.24')
const stream = captured.subarray(HEADER_BYTES, -TRAILER_BYTES)
const parts = { digest: { zxid: 0x24n, version: 2, digest: 45041661859n }, lastZxid: 0x24n }

let folder: ApacheFolder

beforeEach(() => {
  folder = new ApacheFolder()
})

afterEach(() => folder.dispose())

function fileOf(compression: Compression) {
  return snapshotFileIn(join(folder.dataDir, 'version-2'), 0x24n, compression)
}

function* pieces(size: number): Generator<Uint8Array> {
  for (let at = 0; at < stream.length; at += size) yield stream.subarray(at, at + size)
}

async function readBack(compression: Compression): Promise<{ trailer: SnapshotTrailer; nodes: number }> {
  const tree = newTree()
  const trailer = await readSnapshot(fileOf(compression), tree.loadSnapshot(0, 0x24))
  return { trailer, nodes: tree.nodeCount }
}

describe('a snapshot', () => {
  test.each([1 << 20, 100])('is byte for byte what a real server writes, in pieces of %d bytes', async (size) => {
    await writeSnapshot(fileOf('none'), pieces(size), parts)

    expect(readFileSync(folder.path('snapshot.24')).equals(captured)).toBe(true)
  })

  test.each(['gz', 'snappy'] as const)('packed as %s has the same inside', async (compression) => {
    await writeSnapshot(fileOf(compression), [stream], parts)

    expect(await readBack(compression)).toEqual({ trailer: parts, nodes: 26 })
    expect(looksWhole(fileOf(compression))).toBe(true)
  })

  test('as gz is what gzip unpacks', async () => {
    await writeSnapshot(fileOf('gz'), [stream], parts)

    expect(gunzipSync(readFileSync(folder.path('snapshot.24.gz'))).equals(captured)).toBe(true)
  })

  test('without a digest is read likewise', async () => {
    await writeSnapshot(fileOf('none'), [stream], { ...parts, digest: null })

    expect(await readBack('none')).toEqual({ trailer: { digest: null, lastZxid: 0x24n }, nodes: 26 })
  })

  test('takes no other file’s place', async () => {
    folder.put('snapshot.24', 'mine')

    await expect(writeSnapshot(fileOf('none'), [stream], parts)).rejects.toThrow(/writing .*snapshot\.24: .*EEXIST/)
    expect(readFileSync(folder.path('snapshot.24'), 'utf8')).toBe('mine')
  })

  test('is known by its name', () => {
    for (const compression of ['none', 'gz', 'snappy'] as const) {
      expect(snapshotFileAt(fileOf(compression).path)).toEqual(fileOf(compression))
    }
    expect(snapshotFileAt('snapshot.24.db')).toBeNull()
  })
})

describe('a log', () => {
  test.each(['plain/log.1', 'fuzzy/log.1248'])('%s is byte for byte what a real server writes', (name) => {
    const real = capturedFile(name)
    const writer = new LogWriter(logFileIn(join(folder.dataDir, 'version-2'), 1n).path)

    for (const txn of logRecords(real)) writer.append(txn)
    writer.finish()

    const written = readFileSync(folder.path('log.1'))
    expect(written.equals(real.subarray(0, written.length))).toBe(true)
    expect(real.subarray(written.length).every((byte) => byte === 0)).toBe(true)
    expect(writer.txnCount).toBe(logRecords(real).length)
  })

  test('has transactions of any size', () => {
    const sizes = [1, 1 << 20, 3 << 20, 40]
    const writer = new LogWriter(folder.path('log.1'))

    for (const size of sizes) writer.append(Buffer.alloc(size, 7))
    writer.finish()

    expect(logRecords(readFileSync(folder.path('log.1'))).map(({ length }) => length)).toEqual(sizes)
  })
})
