import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { PlainTree } from '../../../src/core/tree/plain-tree.ts'
import { findApacheFiles } from '../../../src/storage/apache-files/apache-directory.ts'
import { readSnapshot, type SnapshotTrailer } from '../../../src/storage/apache-files/read-snapshot.ts'
import { looksWhole } from '../../../src/storage/apache-files/snapshot-bytes.ts'
import { nodeHash } from '../../golden/storage/fixture.ts'
import { ApacheFolder, capturedFile, seal } from './support/apache-folder.ts'

let folder: ApacheFolder

beforeEach(() => {
  folder = new ApacheFolder()
})

afterEach(() => folder.dispose())

function onlySnapshot() {
  const [file] = findApacheFiles(folder.dataDir, folder.dataDir).snapshots
  if (file === undefined) throw new Error('no snapshot')
  return file
}

async function read(): Promise<{ trailer: SnapshotTrailer; nodes: number; digest: number }> {
  const tree = new PlainTree(nodeHash, { digestEnabled: true, extendedTypesEnabled: true })
  const trailer = await readSnapshot(onlySnapshot(), tree.loadSnapshot(0, 0x24))
  return { trailer, nodes: tree.nodeCount, digest: tree.digestHi * 2 ** 32 + (tree.digestLo >>> 0) }
}

const whole = capturedFile('plain/snapshot.24')
const DIGEST_BYTES = 20
const SEAL_BYTES = 13
const LAST_ZXID_BYTES = 8
const toLastZxid = whole.length - SEAL_BYTES - LAST_ZXID_BYTES
const toDigest = toLastZxid - SEAL_BYTES - DIGEST_BYTES
const toFirstSeal = toDigest - SEAL_BYTES

describe('a snapshot of a real server', () => {
  test('is read with its digest and last zxid', async () => {
    folder.put('snapshot.24', whole)

    const { trailer, nodes, digest } = await read()

    expect(trailer).toEqual({ digest: { zxid: 0x24n, version: 2, digest: 45041661859n }, lastZxid: 0x24n })
    expect(digest).toBe(45041661859)
    expect(nodes).toBe(26)
  })

  test.each(['gz/snapshot.24.gz', 'snappy/snapshot.24.snappy'])('packed as %s is read likewise', async (name) => {
    folder.putCaptured(name)

    const { trailer, nodes, digest } = await read()

    expect(trailer).toEqual({ digest: { zxid: 0x24n, version: 2, digest: BigInt(digest) }, lastZxid: 0x24n })
    expect(nodes).toBe(26)
    expect(looksWhole(onlySnapshot())).toBe(true)
  })

  test('that has applied nothing says nothing of its digest', async () => {
    folder.putCaptured('plain/snapshot.0')

    expect((await read()).trailer).toEqual({ digest: null, lastZxid: 0n })
  })

  test('with digests and the last zxid switched off has neither', async () => {
    folder.putCaptured('nodigest/snapshot.24')

    expect((await read()).trailer).toEqual({ digest: null, lastZxid: null })
  })

  test.each([
    { name: 'without the last zxid', bytes: whole.subarray(0, toLastZxid), lastZxid: 0x24n, hasDigest: true },
    {
      name: 'without the digest',
      bytes: seal(Buffer.concat([whole.subarray(0, toDigest), whole.subarray(toLastZxid, -SEAL_BYTES)])),
      lastZxid: 0x24n,
      hasDigest: false
    },
    { name: 'with nothing but its znodes', bytes: whole.subarray(0, toDigest), lastZxid: null, hasDigest: false }
  ])('$name is read', async ({ bytes, lastZxid, hasDigest }) => {
    folder.put('snapshot.24', bytes)

    const { trailer } = await read()

    expect({ lastZxid: trailer.lastZxid, hasDigest: trailer.digest !== null }).toEqual({ lastZxid, hasDigest })
  })

  test('with a digest as text, of an older version, is read', async () => {
    const digest = Buffer.from('000000000000002400000001000000083132333461626364', 'hex')
    folder.put('snapshot.24', seal(Buffer.concat([whole.subarray(0, toDigest), digest])))

    expect((await read()).trailer.digest).toEqual({ zxid: 0x24n, version: 1, digest: 0n })
  })
})

describe('a damaged snapshot', () => {
  test.each([
    { name: 'its magic', offset: 1, problem: 'it begins like no snapshot' },
    { name: 'its dbid', offset: 9, problem: 'its checksum is wrong' },
    { name: 'the data of a znode', offset: toFirstSeal - 100, problem: 'its checksum is wrong' },
    { name: 'its first checksum', offset: toFirstSeal + 7, problem: 'its checksum is wrong' },
    { name: 'its digest', offset: toDigest + 15, problem: 'its checksum is wrong' },
    { name: 'its last zxid', offset: toLastZxid + 7, problem: 'its checksum is wrong' }
  ])('is refused for a wrong byte in $name', async ({ offset, problem }) => {
    folder.put('snapshot.24', whole).spoil('snapshot.24', offset)

    await expect(read()).rejects.toMatchObject({ code: 'DAMAGED', message: expect.stringContaining(problem) })
  })

  test.each([0, 10, 16, 100, toFirstSeal, toFirstSeal + 5, toDigest + 7, toDigest + 30, toLastZxid + 4, -1])(
    'is refused when it ends at %s',
    async (end) => {
      folder.put('snapshot.24', whole.subarray(0, end))

      await expect(read()).rejects.toMatchObject({ code: 'DAMAGED' })
    }
  )

  test('is refused when something follows it', async () => {
    folder.put('snapshot.24', Buffer.concat([whole, Buffer.from('more')]))

    await expect(read()).rejects.toMatchObject({ code: 'DAMAGED' })
  })

  test.each(['gz/snapshot.24.gz', 'snappy/snapshot.24.snappy'])('packed as %s is refused', async (name) => {
    const bytes = capturedFile(name)
    for (const spoilt of [
      bytes.subarray(0, -20),
      Buffer.concat([bytes.subarray(0, 700), Buffer.alloc(60, 0xff), bytes.subarray(760)])
    ]) {
      folder.put(name.slice(name.indexOf('/') + 1), spoilt)

      await expect(read()).rejects.toMatchObject({ code: 'DAMAGED' })
    }
  })

  test.each([
    { name: 'snapshot.24', bytes: whole, isWhole: true },
    { name: 'snapshot.24', bytes: whole.subarray(0, -1), isWhole: false },
    { name: 'snapshot.24', bytes: Buffer.alloc(0), isWhole: false },
    { name: 'snapshot.24', bytes: Buffer.from('000000012f', 'hex'), isWhole: false },
    { name: 'snapshot.24.gz', bytes: whole, isWhole: false },
    { name: 'snapshot.24.snappy', bytes: whole, isWhole: false }
  ])('is told by its marks: $name of $bytes.length bytes, $isWhole', ({ name, bytes, isWhole }) => {
    folder.put(name, bytes)

    expect(looksWhole(onlySnapshot())).toBe(isWhole)
  })
})
