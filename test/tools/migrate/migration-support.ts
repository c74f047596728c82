import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JuteReader } from 'jute-ts'
import { SessionTable } from '../../../src/core/session/session-table.ts'
import type { PlainTree } from '../../../src/core/tree/plain-tree.ts'
import { highWord, lowWord } from '../../../src/protocol/int64.ts'
import { decodeTxn } from '../../../src/protocol/txn.ts'
import { loadSettings } from '../../../src/server/config/load-settings.ts'
import { silentLogger } from '../../../src/server/logging/logger.ts'
import { recover } from '../../../src/server/recovery.ts'
import { findApacheFiles } from '../../../src/storage/apache-files/apache-directory.ts'
import { logHistory } from '../../../src/storage/apache-files/log-history.ts'
import { readSnapshot, type SnapshotTrailer } from '../../../src/storage/apache-files/read-snapshot.ts'
import { openStorage } from '../../../src/storage/storage.ts'
import { type ExportOptions, exportToApache } from '../../../src/tools/migrate/export-to-apache.ts'
import { importFromApache } from '../../../src/tools/migrate/import-from-apache.ts'
import { create, encodeBytes, newTree, setData, snapshotOf, txnOf } from '../../core/tree/tree-support.ts'
import type { ApacheFolder } from '../../storage/apache-files/support/apache-folder.ts'
import { LOG_THREAD_URL, storageOptions } from '../../storage/support/data-directory.ts'

/** A fresh folder in which a test has its data directories. */
export class Workplace {
  readonly root = mkdtempSync(join(tmpdir(), 'zoonode-migrate-'))

  path(name: string): string {
    return join(this.root, name)
  }

  has(name: string): boolean {
    return existsSync(this.path(name))
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** Imports by command into `target`. */
export function importTo(folder: Pick<ApacheFolder, 'dataDir' | 'dataLogDir'>, target: string, targetLog = target) {
  const { settings } = loadSettings({ args: ['0', folder.dataDir], env: {}, workingDirectory: folder.dataDir })
  return importFromApache({
    settings,
    source: { dataDir: folder.dataDir, dataLogDir: folder.dataLogDir },
    target: { dataDir: target, dataLogDir: targetLog },
    dynamicConfigFile: null,
    log: silentLogger,
    workerUrl: LOG_THREAD_URL
  })
}

/** Exports, and returns the report with what was said meanwhile. */
export async function exportTo(dataDir: string, target: string, more: Partial<ExportOptions> = {}) {
  const said: string[] = []
  const report = await exportToApache({
    dataDir,
    dataLogDir: dataDir,
    toDataDir: target,
    toDataLogDir: target,
    compression: 'none',
    hasDigest: true,
    hasLog: false,
    dynamicConfigFile: null,
    say: (level, message) => void said.push(`${level} ${message}`),
    ...more
  })
  return { ...report, said }
}

/** What a server would have in memory. */
export interface Loaded {
  readonly tree: PlainTree
  readonly sessions: SessionTable
}

/** What a start of our server finds. */
export async function loadOurs(dataDir: string): Promise<Loaded> {
  const { storage, recovery } = await openStorage(storageOptions(dataDir))
  const loaded = { tree: newTree(), sessions: new SessionTable(2000, 0) }
  try {
    await recover(recovery, loaded.tree, loaded.sessions, () => 0)
    await storage.flushAndClose(10_000)
    return loaded
  } finally {
    await storage.abandon()
  }
}

/** What Apache's server finds: the newest snapshot, or that which is asked for, and the log behind it. */
export async function loadApache(
  dataDir: string,
  options: { readonly snapshot?: 'oldest'; readonly dataLogDir?: string } = {}
): Promise<Loaded & { trailer: SnapshotTrailer }> {
  const { snapshots, logs } = findApacheFiles(dataDir, options.dataLogDir ?? dataDir)
  const file = snapshots.at(options.snapshot === 'oldest' ? -1 : 0)
  if (file === undefined) throw new Error(`no snapshot in ${dataDir}`)
  const tree = newTree()
  const sessions = new SessionTable(2000, 0)
  const loader = tree.loadSnapshot(highWord(file.zxid), lowWord(file.zxid))
  const trailer = await readSnapshot(file, loader)
  sessions.restore(loader.sessions, 0)
  const warn = (message: string): never => {
    throw new Error(message)
  }
  for (const { body } of logHistory({ logs, after: file.zxid, recordBytesMax: 1 << 20, warn })) {
    tree.apply(decodeTxn(new JuteReader(body)), null)
  }
  return { tree, sessions, trailer }
}

/** Appends writes to a store: znodes `/added-N` for each, and a snapshot in the middle if that is wanted. */
export async function appendWrites(dataDir: string, count: number, options: { snapshotAfter?: number } = {}) {
  const { storage, recovery } = await openStorage(storageOptions(dataDir, { rollTxnCountMax: 3 }))
  const tree = newTree()
  const sessions = new SessionTable(2000, 0)
  await recover(recovery, tree, sessions, () => 0)
  let persisted = (): void => undefined
  storage.onPersisted(() => persisted())
  for (let index = 1; index <= count; index++) {
    const zxid = tree.lastZxidLo + 1
    const body = index % 3 === 0 ? setData('/', `data ${index}`, index) : create(`/added-${zxid}`)
    const txn = txnOf(body, { zxid })
    tree.apply(txn, null)
    const bytes = encodeBytes(txn)
    const length = Buffer.alloc(4)
    length.writeInt32BE(bytes.length)
    const zxids = { firstZxidHi: 0, firstZxidLo: zxid, lastZxidHi: 0, lastZxidLo: zxid, txnCount: 1 }
    // One at a time: what is persisted together goes into one segment.
    await new Promise<void>((resolve) => {
      persisted = resolve
      storage.append(index, { ...zxids, body: Buffer.concat([length, bytes]) })
    })
    if (index === options.snapshotAfter) {
      const writer = storage.beginSnapshot(0, zxid)
      await writer.write(snapshotOf(tree, sessions.records()))
      const { digestHi, digestLo, nodeCount } = tree
      await writer.finish({ zxidHi: 0, zxidLo: zxid, digestHi, digestLo, nodeCount, sessionCount: sessions.size })
    }
  }
  await storage.flushAndClose(10_000)
  return tree
}
