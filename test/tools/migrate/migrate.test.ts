import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { snapshotFileIn } from '../../../src/storage/apache-files/apache-directory.ts'
import { writeSnapshot } from '../../../src/storage/apache-files/write-snapshot.ts'
import { openStorage } from '../../../src/storage/storage.ts'
import { digestOf, snapshotOf, viewOf } from '../../core/tree/tree-support.ts'
import { ApacheFolder } from '../../storage/apache-files/support/apache-folder.ts'
import { storageOptions } from '../../storage/support/data-directory.ts'
import { appendWrites, exportTo, importTo, type Loaded, loadApache, loadOurs, Workplace } from './migration-support.ts'

const PLAIN = ['plain/snapshot.0', 'plain/snapshot.24', 'plain/log.1', 'plain/log.25']

let place: Workplace
let apache: ApacheFolder

beforeEach(() => {
  place = new Workplace()
  apache = new ApacheFolder()
})

afterEach(() => {
  place.dispose()
  apache.dispose()
})

function sessionsOf({ sessions }: Loaded): string[] {
  return sessions
    .records()
    .map(({ idHi, idLo, timeoutMs }) => `${idHi} ${idLo} ${timeoutMs}`)
    .sort()
}

/** A directory of ours with the captured data, and these writes behind it. */
async function ours(writeCount = 0, options: { snapshotAfter?: number } = {}): Promise<string> {
  await importTo(apache.putCaptured(...PLAIN), place.path('ours'))
  if (writeCount > 0) await appendWrites(place.path('ours'), writeCount, options)
  return place.path('ours')
}

function filesOf(name: string): string[] {
  return readdirSync(place.path(name), { recursive: true }).map(String).sort()
}

describe('an import by command', () => {
  test('has the same znodes and sessions in another directory, and leaves Apache’s as it is', async () => {
    apache.putCaptured(...PLAIN)
    const before = apache.files()

    const report = await importTo(apache, place.path('ours'))

    const [was, is] = [await loadApache(apache.dataDir), await loadOurs(place.path('ours'))]
    expect(viewOf(is.tree)).toEqual(viewOf(was.tree))
    expect(sessionsOf(is)).toEqual(sessionsOf(was))
    expect(report).toEqual({ zxid: 0x25n, digest: digestOf(was.tree), nodeCount: 27, sessionCount: 2 })
    expect(apache.files()).toEqual(before)
  })

  test('does in place what the first start does', async () => {
    await importTo(apache.putCaptured(...PLAIN), apache.dataDir)

    expect((await loadOurs(apache.dataDir)).tree.nodeCount).toBe(27)
    expect(apache.files()).toEqual(expect.arrayContaining(['state.db', 'snapshot.24', 'imported-from-apache']))
  })

  test('takes two directories to two directories, with myid', async () => {
    const separate = new ApacheFolder({ separateLog: true }).putCaptured(...PLAIN)
    writeFileSync(join(separate.dataDir, 'myid'), '3\n')

    await importTo(separate, place.path('data'), place.path('log'))

    expect(readFileSync(place.path('data/myid'), 'utf8')).toBe('3\n')
    expect(place.has('data/version-2/state.db')).toBe(true)
    separate.dispose()
  })

  test('is refused where there is nothing of Apache’s', async () => {
    await expect(importTo(apache, place.path('ours'))).rejects.toThrow(/there are no snapshots and no logs of Apache/)
    expect(place.has('ours')).toBe(false)
  })

  test('is refused a second time in place', async () => {
    await importTo(apache.putCaptured(...PLAIN), apache.dataDir)

    await expect(importTo(apache, apache.dataDir)).rejects.toThrow(/has data of a zoonode server already/)
  })

  test('is refused into a directory with something in it', async () => {
    mkdirSync(place.path('ours'))
    writeFileSync(place.path('ours/mine'), '')

    await expect(importTo(apache.putCaptured(...PLAIN), place.path('ours'))).rejects.toThrow(/is not empty \(mine is/)
  })

  test('of damaged files leaves nothing behind', async () => {
    apache.putCaptured(...PLAIN).spoil('log.25', 60)

    await expect(importTo(apache, place.path('ours'))).rejects.toThrow(/log\.25 is damaged/)
    expect(filesOf('ours')).toEqual([])
  })

  test('of a snapshot that tells another digest is refused', async () => {
    const { tree, sessions } = await loadApache(apache.putCaptured('plain/snapshot.24').dataDir)
    const file = snapshotFileIn(join(apache.dataDir, 'version-2'), 0x24n, 'none')
    const parts = { digest: { zxid: 0x24n, version: 2, digest: 1n }, lastZxid: 0x24n }
    rmSync(file.path)
    await writeSnapshot(file, [snapshotOf(tree, sessions.records())], parts)

    await expect(importTo(apache, place.path('ours'))).rejects.toThrow(/says that the tree digest at zxid 0x24 is 0x1/)
  })
})

describe('an export', () => {
  test('has the same znodes and sessions, and tells what it has', async () => {
    const source = await ours(7)

    const { files, said, ...report } = await exportTo(source, place.path('apache'))

    const [was, is] = [await loadOurs(source), await loadApache(place.path('apache'))]
    expect(viewOf(is.tree)).toEqual(viewOf(was.tree))
    expect(sessionsOf(is)).toEqual(sessionsOf(was))
    expect(is.trailer).toEqual({ digest: { zxid: 0x2cn, version: 2, digest: digestOf(was.tree) }, lastZxid: 0x2cn })
    expect(files).toEqual(['version-2/snapshot.2c', 'version-2/acceptedEpoch', 'version-2/currentEpoch'])
    expect(said).toEqual([])
    expect(report).toEqual({
      zxid: 0x2cn,
      digest: digestOf(was.tree),
      nodeCount: was.tree.nodeCount,
      ephemeralCount: 3,
      sessionCount: 2,
      acceptedEpoch: 0,
      currentEpoch: 0,
      logTxnCount: null
    })
  })

  test('leaves the store as it is: a clean stop stays one', async () => {
    const source = await ours(2)
    const before = await loadOurs(source)
    await exportTo(source, place.path('apache'))

    const { storage, recovery } = await openStorage(storageOptions(source))

    expect(recovery.wasCleanShutdown).toBe(true)
    expect(recovery.lastZxidLo).toBe(before.tree.lastZxidLo)
    await storage.abandon()
  })

  test('reads what a killed server left', async () => {
    const source = await ours(2)
    await (await openStorage(storageOptions(source))).storage.abandon()

    await exportTo(source, place.path('apache'))

    expect((await loadApache(place.path('apache'))).tree.lastZxidLo).toBe(0x27)
  })

  test.each([
    { compression: 'gz', file: 'snapshot.25.gz' },
    { compression: 'snappy', file: 'snapshot.25.snappy' }
  ] as const)('as $compression has the same inside', async ({ compression, file }) => {
    const source = await ours()

    await exportTo(source, place.path('apache'), { compression })

    expect(filesOf('apache')).toContain(`version-2/${file}`)
    expect(viewOf((await loadApache(place.path('apache'))).tree)).toEqual(viewOf((await loadOurs(source)).tree))
  })

  test('without a digest has none', async () => {
    await exportTo(await ours(), place.path('apache'), { hasDigest: false })

    expect((await loadApache(place.path('apache'))).trailer).toEqual({ digest: null, lastZxid: 0x25n })
  })

  test('of a server that nobody has used has the built-in znodes', async () => {
    await (await openStorage(storageOptions(place.path('ours')))).storage.flushAndClose(10_000)

    await exportTo(place.path('ours'), place.path('apache'), { hasLog: true })

    expect(filesOf('apache')).toContain('version-2/snapshot.0')
    expect((await loadApache(place.path('apache'))).tree.nodeCount).toBe(4)
  })

  test('with the log has every transaction behind the oldest snapshot', async () => {
    const source = await ours(10, { snapshotAfter: 5 })

    const { files, logTxnCount } = await exportTo(source, place.path('apache'), { hasLog: true })

    expect(logTxnCount).toBe(10)
    expect(files.filter((name) => name.includes('snapshot'))).toEqual([
      'version-2/snapshot.2f',
      'version-2/snapshot.25'
    ])
    expect(files.filter((name) => name.includes('log.')).length).toBeGreaterThan(1)
    const was = viewOf((await loadOurs(source)).tree)
    expect(viewOf((await loadApache(place.path('apache'), { snapshot: 'oldest' })).tree)).toEqual(was)
    expect(viewOf((await loadApache(place.path('apache'))).tree)).toEqual(was)
  })

  test('with the log of a server that has no snapshot yet begins with nothing', async () => {
    const tree = await appendWrites(place.path('ours'), 4)

    const { logTxnCount } = await exportTo(place.path('ours'), place.path('apache'), { hasLog: true })

    expect(logTxnCount).toBe(4)
    expect(viewOf((await loadApache(place.path('apache'))).tree)).toEqual(viewOf(tree))
  })

  test('puts the log into a directory of its own', async () => {
    const options = { hasLog: true, toDataLogDir: place.path('logs') }

    await exportTo(await ours(4), place.path('apache'), options)

    expect(filesOf('logs').every((name) => /^version-2(\/log\.[0-9a-f]+)?$/.test(name))).toBe(true)
    expect(filesOf('apache').some((name) => name.includes('log.'))).toBe(false)
  })

  test('carries epochs, myid and dynamic configuration over', async () => {
    apache.put('acceptedEpoch', '7').put('currentEpoch', '6')
    const source = await ours()
    writeFileSync(join(source, 'myid'), '2\n')
    writeFileSync(join(source, 'zoo.cfg.dynamic.100000000'), 'server.1=a:1:2\n')
    writeFileSync(join(source, 'zookeeper_server.pid'), '1')
    writeFileSync(place.path('zoo.cfg.dynamic.next'), 'server.1=b:1:2\n')

    const report = await exportTo(source, place.path('apache'), {
      dynamicConfigFile: place.path('zoo.cfg.dynamic.next')
    })

    expect(report).toMatchObject({ acceptedEpoch: 7, currentEpoch: 6 })
    expect(filesOf('apache')).toEqual([
      'myid',
      'version-2',
      'version-2/acceptedEpoch',
      'version-2/currentEpoch',
      'version-2/snapshot.25',
      'zoo.cfg.dynamic.100000000',
      'zoo.cfg.dynamic.next'
    ])
    expect(
      ['acceptedEpoch', 'currentEpoch'].map((name) => readFileSync(place.path(`apache/version-2/${name}`), 'utf8'))
    ).toEqual(['7', '6'])
    expect(readFileSync(place.path('apache/myid'), 'utf8')).toBe('2\n')
  })

  test('is refused while a server has the directory', async () => {
    const source = await ours()
    const { storage } = await openStorage(storageOptions(source))

    await expect(exportTo(source, place.path('apache'))).rejects.toThrow(/is in use by another server/)
    expect(place.has('apache')).toBe(false)
    await storage.abandon()
  })

  test('is refused into a directory with something in it', async () => {
    const source = await ours()

    await expect(exportTo(source, source)).rejects.toThrow(/is not empty/)
  })

  test('is refused where there is no data of ours, and makes none', async () => {
    mkdirSync(place.path('ours/version-2'), { recursive: true })

    await expect(exportTo(place.path('ours'), place.path('apache'))).rejects.toThrow(/no data of a zoonode server/)
    expect(filesOf('ours')).toEqual(['version-2'])
  })

  test.each([
    { kind: 'snapshot', name: /^snapshot\..*\.db$/ },
    { kind: 'log', name: /^log\..*\.db$/ }
  ])('is refused when the $kind is damaged, and leaves nothing behind', async ({ name }) => {
    const source = await ours(6)
    const file = readdirSync(join(source, 'version-2')).find((other) => name.test(other)) ?? ''
    const path = join(source, 'version-2', file)
    const bytes = readFileSync(path)
    const at = bytes.indexOf(name.test('snapshot.1.db') ? 'zookeeper' : 'added-')
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(path, bytes)

    await expect(exportTo(source, place.path('apache'))).rejects.toThrow(/is damaged/)
    expect(at).toBeGreaterThan(0)
    expect(filesOf('apache')).toEqual([])
  })
})
