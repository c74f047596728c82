import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { SessionTable } from '../../src/core/session/session-table.ts'
import type { PlainTree } from '../../src/core/tree/plain-tree.ts'
import { toBigInt } from '../../src/protocol/int64.ts'
import { loadSettings } from '../../src/server/config/load-settings.ts'
import { importApacheFiles } from '../../src/server/import-apache.ts'
import { type Logger, silentLogger } from '../../src/server/logging/logger.ts'
import { recover } from '../../src/server/recovery.ts'
import { openStorage, type Storage } from '../../src/storage/storage.ts'
import { create, decodeBytes, digestOf, newTree, snapshotOf, txnOf, viewOf } from '../core/tree/tree-support.ts'
import { type ExpectedTree, fixtureJson, logRecords } from '../golden/storage/fixture.ts'
import {
  ApacheFolder,
  capturedFile,
  errorTxn,
  logFile,
  seal,
  snapshotFileOf
} from '../storage/apache-files/support/apache-folder.ts'
import { storageOptions } from '../storage/support/data-directory.ts'

const folders: ApacheFolder[] = []
const open: Storage[] = []

afterEach(async () => {
  for (const storage of open.splice(0)) await storage.abandon()
  for (const folder of folders.splice(0)) folder.dispose()
})

function newFolder(options: { readonly separateLog?: boolean } = {}): ApacheFolder {
  const folder = new ApacheFolder(options)
  folders.push(folder)
  return folder
}

interface Started {
  readonly storage: Storage
  readonly tree: PlainTree
  readonly sessions: SessionTable
  readonly lines: readonly string[]
  readonly acceptedEpoch: number
  readonly currentEpoch: number
}

/** What a start of the server does up to serving. */
async function start(folder: ApacheFolder, config: Readonly<Record<string, string>> = {}): Promise<Started> {
  const lines: string[] = []
  const say = (level: string) => (message: string) => void lines.push(`${level} ${message}`)
  const log: Logger = { ...silentLogger, info: say('info'), warn: say('warn'), error: say('error') }
  const settings = settingsOf(folder, config)
  const options = storageOptions(folder.dataDir, { dataLogDir: folder.dataLogDir })
  const { storage, recovery: first } = await openStorage(options)
  open.push(storage)
  const tree = newTree()
  const sessions = new SessionTable(2000, 0)
  const nowMs = (): number => 0
  const recovery = await importApacheFiles({ settings, storage, recovery: first, tree, sessions, log, nowMs })
  await recover(recovery, tree, sessions, nowMs)
  const { acceptedEpoch, currentEpoch } = recovery
  return { storage, tree, sessions, lines, acceptedEpoch, currentEpoch }
}

function settingsOf(folder: ApacheFolder, config: Readonly<Record<string, string>>) {
  const path = join(folder.root, 'zoo.cfg')
  const { dataDir, dataLogDir } = folder
  const keys = { dataDir, dataLogDir, clientPort: '0', clientPortAddress: '127.0.0.1', ...config }
  writeFileSync(
    path,
    Object.entries(keys)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('')
  )
  return loadSettings({ args: ['--config', path], env: {}, workingDirectory: folder.root }).settings
}

/** Starts once more, as after a kill. */
async function restart(folder: ApacheFolder, before: Started): Promise<Started> {
  await before.storage.abandon()
  return start(folder)
}

async function refusal(folder: ApacheFolder, config?: Readonly<Record<string, string>>): Promise<string> {
  try {
    await start(folder, config)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it started')
}

function sessionsOf({ sessions }: Started): string[] {
  return sessions
    .records()
    .map(({ idHi, idLo, timeoutMs }) => `${toBigInt(idHi, idLo)} ${timeoutMs}`)
    .sort()
}

/** The tree that these logs give by themselves. */
function replayed(...names: readonly string[]): PlainTree {
  const tree = newTree()
  for (const txn of names.flatMap((name) => logRecords(capturedFile(name)).map(decodeBytes))) tree.apply(txn, null)
  return tree
}

const PLAIN = ['plain/snapshot.0', 'plain/snapshot.24', 'plain/log.1', 'plain/log.25']

describe('the first start on a directory of Apache ZooKeeper', () => {
  test('has every znode as the whole log gives it', async () => {
    const started = await start(newFolder().putCaptured(...PLAIN))

    expect(viewOf(started.tree)).toEqual(viewOf(replayed('plain/log.1', 'plain/log.25')))
    expect(toBigInt(started.tree.lastZxidHi, started.tree.lastZxidLo)).toBe(0x25n)
  })

  test.each(['plain/snapshot.24', 'gz/snapshot.24.gz', 'snappy/snapshot.24.snappy', 'nodigest/snapshot.24'])(
    'reads %s alone, with its sessions',
    async (name) => {
      const { tree, sessions } = await start(newFolder().putCaptured(name))

      const seen = fixtureJson<ExpectedTree>('plain/expected-tree-before-restart')
      const data = Object.keys(seen).map((path) => {
        const bytes = tree.data(tree.find(path))
        return [path, bytes === null ? null : Buffer.from(bytes).toString('hex')]
      })
      expect(Object.fromEntries(data)).toEqual(
        Object.fromEntries(Object.entries(seen).map(([path, { data }]) => [path, data]))
      )
      expect(tree.nodeCount).toBe(Object.keys(seen).length)
      expect(sessions.size).toBe(2)
    }
  )

  test('reads stats and ACLs as a client saw them', async () => {
    const { tree } = await start(newFolder().putCaptured('plain/snapshot.24'))

    expect(viewOf(tree)).toEqual(viewOf(replayed('plain/log.1')))
  })

  test('says in one line what was imported', async () => {
    const { lines } = await start(newFolder().putCaptured(...PLAIN))

    expect(lines.at(-1)).toMatch(
      /^info imported .*: snapshot 0x24 and 1 transactions of the log; now at zxid 0x25 with 27 znodes \(3 ephemeral\) and 2 sessions; digest of the snapshot right; /
    )
  })

  test('leaves the files as they are', async () => {
    const folder = newFolder().putCaptured(...PLAIN)

    await start(folder)

    for (const name of PLAIN) expect(readFileSync(folder.path(name.slice(6))).equals(capturedFile(name))).toBe(true)
  })

  test('writes all of it into the own store, which is enough from then on', async () => {
    const folder = newFolder().putCaptured(...PLAIN)
    const first = await start(folder)
    for (const name of PLAIN) rmSync(folder.path(name.slice(6)))

    const second = await restart(folder, first)

    expect(viewOf(second.tree)).toEqual(viewOf(first.tree))
    expect(digestOf(second.tree)).toBe(digestOf(first.tree))
    expect(sessionsOf(second)).toEqual(sessionsOf(first))
    expect(sessionsOf(second)).toHaveLength(2)
    expect(second.lines).toEqual([])
  })

  test('takes logs from dataLogDir', async () => {
    const folder = newFolder({ separateLog: true }).putCaptured(...PLAIN)

    const { tree } = await start(folder)

    expect(tree.lastZxidLo).toBe(0x25)
  })

  test('takes what was begun but never used', async () => {
    const folder = newFolder().putCaptured('plain/snapshot.0')
    const first = await start(folder)

    const second = await restart(folder, first)

    expect(second.tree.nodeCount).toBe(4)
    expect(second.lines).toEqual([expect.stringMatching(/^info .* are ignored/)])
  })

  test('starts empty where there is nothing', async () => {
    const { tree, lines } = await start(newFolder())

    expect(tree.nodeCount).toBe(4)
    expect(lines).toEqual([])
  })
})

describe('a snapshot written while transactions went on', () => {
  const FUZZY = ['fuzzy/snapshot.12cd', 'fuzzy/log.1248', 'fuzzy/log.12d1']

  test('becomes whole by the log, and its digest is compared where it holds', async () => {
    const folder = newFolder().putCaptured(...FUZZY)

    const { lines } = await start(folder)

    expect(lines.filter((line) => !line.startsWith('info'))).toEqual([])
    expect(lines.at(-1)).toContain('digest of the snapshot right')
  })

  test('is refused when the log ends before that', async () => {
    const folder = newFolder().putCaptured('fuzzy/snapshot.12cd')
    const before = logRecords(capturedFile('fuzzy/log.1248'))
    folder.put('log.1248', logFile(before.filter((record) => record.readBigInt64BE(12) <= 0x12cdn)))

    expect(await refusal(folder)).toMatch(/has changes up to transaction 0x[0-9a-f]+, but the log ends at 0x12cd/)
  })

  test('of a session that is gone leaves it to expire with its ephemerals', async () => {
    const tree = newTree()
    tree.apply(txnOf(create('/left', { mode: 'ephemeral' }), { zxid: 1, session: 77 }), null)
    const folder = newFolder().put('snapshot.1', snapshotFileOf(snapshotOf(tree)))

    const { sessions } = await start(folder)

    expect(sessions.get(0, 77)?.timeoutMs).toBe(1)
  })
})

describe('damage', () => {
  test('in the newest snapshot: the one before it takes its place', async () => {
    const folder = newFolder()
      .putCaptured(...PLAIN)
      .spoil('snapshot.24', 700)

    const { tree, lines } = await start(folder)

    expect(viewOf(tree)).toEqual(viewOf(replayed('plain/log.1', 'plain/log.25')))
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/snapshot\.24 is damaged: .*; trying to start without it/)
    ])
  })

  test('in a snapshot that was not finished: the one before it takes its place', async () => {
    const folder = newFolder().putCaptured(...PLAIN)
    folder.put('snapshot.24', capturedFile('plain/snapshot.24').subarray(0, 900))

    const { tree, lines } = await start(folder)

    expect(tree.lastZxidLo).toBe(0x25)
    expect(lines).toContainEqual(expect.stringMatching(/^warn .*snapshot\.24 was not written to its end/))
  })

  test('in all snapshots is refused, even with snapshot.trust.empty', async () => {
    const folder = newFolder()
      .putCaptured(...PLAIN)
      .spoil('snapshot.24', 700)
      .spoil('snapshot.0', 60)

    const line = await refusal(folder, { 'snapshot.trust.empty': 'true' })

    expect(line).toMatch(/snapshot\.24 is damaged.*snapshot\.0 is damaged.*no snapshot is left: restore/)
  })

  test('in a log is refused with file, place and zxid; once repaired, it is imported', async () => {
    const folder = newFolder()
      .putCaptured(...PLAIN)
      .spoil('log.25', 60)

    const line = await refusal(folder)

    expect(line).toMatch(/log\.25 is damaged: the record at offset 16: its checksum is wrong \(.*transaction 0x25\)/)
    const { tree } = await start(folder.putCaptured('plain/log.25'))
    expect(tree.lastZxidLo).toBe(0x25)
  })

  test('that a checksum does not show is refused likewise', async () => {
    const unknown = errorTxn(0x26n)
    unknown.writeInt32BE(99, 28)
    const folder = newFolder()
      .putCaptured(...PLAIN)
      .put('log.26', logFile([unknown]))

    expect(await refusal(folder)).toMatch(
      /log\.26 is damaged: the record at offset 16: transaction 0x26 cannot be read/
    )
  })

  test('in the form of a missing file is refused', async () => {
    const folder = newFolder()
      .putCaptured(...PLAIN)
      .put('log.28', logFile([errorTxn(0x28n)]))

    expect(await refusal(folder)).toMatch(/log\.28 begins with transaction 0x28, but what is before it ends with 0x25/)
  })

  test('at the end of the last log is what a crash leaves', async () => {
    const folder = newFolder().putCaptured(...PLAIN)
    folder.put('log.26', logFile([errorTxn(0x26n), errorTxn(0x27n)], 0).subarray(0, -10))

    const { tree, lines } = await start(folder)

    expect(tree.lastZxidLo).toBe(0x26)
    expect(lines).toContainEqual(
      expect.stringMatching(/^warn .*log\.26 ends at offset 65 with a transaction that is not whole/)
    )
  })
})

describe('a log without a snapshot', () => {
  test('is refused', async () => {
    const folder = newFolder().putCaptured('plain/log.1')

    expect(await refusal(folder)).toMatch(/log\.1 is there but no whole snapshot.*snapshot\.trust\.empty=true/)
  })

  test('is all there is with snapshot.trust.empty', async () => {
    const folder = newFolder().putCaptured('plain/log.1', 'plain/log.25')

    const { tree } = await start(folder, { 'snapshot.trust.empty': 'true' })

    expect(viewOf(tree)).toEqual(viewOf(replayed('plain/log.1', 'plain/log.25')))
  })

  test('in the folder of the other kind is refused', async () => {
    const folder = newFolder({ separateLog: true }).putCaptured('plain/snapshot.24')
    writeFileSync(join(folder.dataDir, 'version-2', 'log.25'), capturedFile('plain/log.25'))

    expect(await refusal(folder)).toMatch(
      /log\.25 is a transaction log in dataDir, though dataLogDir is another directory/
    )
  })
})

describe('digests', () => {
  test('of transactions that are wrong are told and change nothing', async () => {
    const bodies = logRecords(capturedFile('plain/log.1')).map((body) => Buffer.from(body))
    const last = bodies.at(-1)
    last?.writeInt32BE(12345, last.length - 4)
    const folder = newFolder().putCaptured('plain/snapshot.0').put('log.1', logFile(bodies))

    const { tree, lines } = await start(folder)

    expect(viewOf(tree)).toEqual(viewOf(replayed('plain/log.1')))
    expect(lines).toContain('warn the digest of transaction 0x24 is wrong')
    expect(lines.at(-1)).toContain('36 transactions of the log, 1 of them with a wrong digest')
  })

  test('of a snapshot that is not that of its tree is told as an error', async () => {
    const file = Buffer.from(capturedFile('plain/snapshot.24').subarray(0, -(13 + 8 + 13)))
    file.writeInt32BE(1, file.length - 4)
    const { lines, tree } = await start(newFolder().put('snapshot.24', seal(file)))

    expect(lines).toContainEqual(
      expect.stringMatching(/^error the snapshot says that the tree digest at zxid 0x24 is 0xa00000001/)
    )
    expect(tree.nodeCount).toBe(26)
  })
})

describe('epochs', () => {
  test.each([
    { files: {}, epochs: { acceptedEpoch: 0, currentEpoch: 0 } },
    { files: { acceptedEpoch: '5', currentEpoch: '4' }, epochs: { acceptedEpoch: 5, currentEpoch: 4 } },
    { files: { currentEpoch: '4' }, epochs: { acceptedEpoch: 4, currentEpoch: 4 } }
  ])('are those of the files: %j', async ({ files, epochs }) => {
    const folder = newFolder().putCaptured(...PLAIN)
    for (const [name, text] of Object.entries(files)) folder.put(name, text)

    const first = await start(folder)

    expect(first).toMatchObject(epochs)
    expect(await restart(folder, first)).toMatchObject(epochs)
  })

  test('are that of the last zxid where there are no files', async () => {
    const folder = newFolder()
      .putCaptured('plain/snapshot.24')
      .put('log.700000001', logFile([errorTxn(0x7_0000_0001n)]))

    expect(await start(folder)).toMatchObject({ acceptedEpoch: 7, currentEpoch: 7 })
  })

  test('that are behind the log are raised on a standalone server, which has no use for them', async () => {
    const folder = newFolder()
      .putCaptured('plain/snapshot.24')
      .put('log.700000001', logFile([errorTxn(0x7_0000_0001n)]))
    folder.put('acceptedEpoch', '3').put('currentEpoch', '3')

    expect(await start(folder)).toMatchObject({ acceptedEpoch: 7, currentEpoch: 7 })
  })

  test('that are behind the log are refused on a member of an ensemble', async () => {
    const folder = newFolder()
      .putCaptured('plain/snapshot.24')
      .put('log.700000001', logFile([errorTxn(0x7_0000_0001n)]))
    folder.put('acceptedEpoch', '3').put('currentEpoch', '3')
    mkdirSync(folder.dataDir, { recursive: true })
    writeFileSync(join(folder.dataDir, 'myid'), '1\n')
    const members = Object.fromEntries([1, 2, 3].map((id) => [`server.${id}`, `127.0.0.1:${id}001:${id}002`]))

    const line = await refusal(folder, { ...members, initLimit: '5', syncLimit: '2' })

    expect(line).toContain('acceptedEpoch 3, currentEpoch 3, epoch of the last transaction 7')
  })

  test('of a member that has had no transaction are kept', async () => {
    const folder = newFolder().put('acceptedEpoch', '5').put('currentEpoch', '4')

    const first = await start(folder)

    expect(first).toMatchObject({ acceptedEpoch: 5, currentEpoch: 4 })
    expect(await restart(folder, first)).toMatchObject({ acceptedEpoch: 5, currentEpoch: 4 })
  })
})

describe('files of both kinds', () => {
  test('the own ones are used', async () => {
    const folder = newFolder().putCaptured(...PLAIN)
    const first = await start(folder)

    const { lines } = await restart(folder, first)

    expect(lines).toEqual([
      expect.stringMatching(/^info the files of Apache ZooKeeper in .* are ignored.*up to zxid 0x25$/)
    ])
  })

  test('with newer ones of an Apache server that has served in between: a warning', async () => {
    const folder = newFolder().putCaptured(...PLAIN)
    const first = await start(folder)
    folder.put('log.26', logFile([errorTxn(0x26n)]))

    const { lines, tree } = await restart(folder, first)

    expect(lines[1]).toMatch(/^warn .*log\.26 is newer than the import/)
    expect(tree.lastZxidLo).toBe(0x25)
  })
})

describe('an import that does not come to its end', () => {
  test('is begun again by the next start', async () => {
    const folder = newFolder().putCaptured(...PLAIN)
    const { storage } = await openStorage(storageOptions(folder.dataDir))
    await storage.setAcceptedEpoch(3)
    const writer = storage.beginInstall(0, 0x25, 0)
    await writer.write(Buffer.alloc(3_000_000))
    await storage.abandon()

    const { tree, lines } = await start(folder)

    expect(viewOf(tree)).toEqual(viewOf(replayed('plain/log.1', 'plain/log.25')))
    expect(lines.at(-1)).toMatch(/^info imported/)
  })

  test('just before its base counts is begun again, too', async () => {
    const done = newFolder().putCaptured(...PLAIN)
    await (await start(done)).storage.flushAndClose(10_000)
    const folder = newFolder().putCaptured(...PLAIN)
    await (await openStorage(storageOptions(folder.dataDir))).storage.flushAndClose(10_000)
    folder.put('snapshot.25.db', readFileSync(done.path('snapshot.25.db')))

    const { tree, lines } = await start(folder)

    expect(lines.at(-1)).toMatch(/^info imported/)
    expect(tree.nodeCount).toBe(27)
    expect(readdirSync(join(folder.dataDir, 'version-2'))).toContain('snapshot.25.db')
  })

  test('is not begun while the client port is in use, as by an Apache server that still runs', async () => {
    const folder = newFolder().putCaptured(...PLAIN)
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''

    const line = await refusal(folder, { clientPort: port })

    expect(line).toContain('EADDRINUSE')
    expect(folder.files().filter((name) => name.startsWith('snapshot.') && name.endsWith('.db'))).toEqual([])
    await new Promise((resolve) => other.close(resolve))
  })
})
