import { execFile } from 'node:child_process'
import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { connect } from '../../../src/client/index.ts'
import { EnsembleProcesses } from '../ensemble-processes.ts'

jest.setTimeout(600_000)

/** The procedure of docs/operations.md: one member is restored, and started first; the others follow it. */

const TOOL = join(process.env.ZOONODE_HOME ?? join(__dirname, '..', '..', '..'), 'dist', 'bin', 'zkbackup.js')

let ensemble: EnsembleProcesses

beforeEach(async () => {
  ensemble = await EnsembleProcesses.plan()
})

afterEach(() => ensemble.dispose())

function tool(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [TOOL, ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${args.join(' ')}: ${stderr}${stdout}`))
    })
  })
}

async function write(id: number, ...paths: readonly string[]): Promise<void> {
  const zk = await connect(ensemble.get(id).address)
  for (const path of paths) await zk.create(path, `by ${id}`)
  await zk.close()
}

async function pathsAt(id: number): Promise<string[]> {
  const zk = await connect(ensemble.get(id).address)
  await zk.sync('/')
  const children = await zk.getChildren('/')
  await zk.close()
  return children.filter((name) => name !== 'zookeeper').sort()
}

/** Restores server 1 by `restore`, then starts all, it first. */
async function restoreAndStart(restore: () => Promise<string>): Promise<void> {
  await Promise.all([1, 2, 3].map((id) => ensemble.get(id).stop()))
  const version2 = join(ensemble.get(1).dataDir, 'version-2')
  renameSync(version2, `${version2}.old`)
  expect(await restore()).toContain('tree digest 0x')
  await ensemble.get(1).restart()
  await ensemble.get(2).restart()
  await ensemble.serving(1, 2)
  expect(await ensemble.modeOf(1)).toBe('leader')
  await ensemble.get(3).restart()
  await ensemble.serving(1, 2, 3)
}

test('an ensemble goes back to a backup, though the other members have more', async () => {
  await ensemble.startAll()
  await write(1, '/kept', '/also-kept')
  const backups = join(ensemble.folder, 'backups')
  await tool('create', '--backups', backups, '--from', ensemble.get(1).dataDir)
  await write(2, '/wrong', '/wrong/too')
  const seen = await ensemble.zxidOf(2)

  await restoreAndStart(() => tool('restore', '--backups', backups, '--to', ensemble.get(1).dataDir, '--new-epoch'))

  for (const id of [1, 2, 3]) expect(await pathsAt(id)).toEqual(['also-kept', 'kept'])
  expect(await ensemble.zxidOf(3)).toBeGreaterThan(seen)
  await write(3, '/goes-on')
  for (const id of [1, 2, 3]) expect(await pathsAt(id)).toEqual(['also-kept', 'goes-on', 'kept'])
})

test('an ensemble goes back to a snapshot file', async () => {
  await ensemble.startAll()
  await write(1, '/kept')
  await ensemble.get(1).stop()
  await ensemble.get(1).restart()
  await ensemble.serving(1, 2, 3)
  // A file of Apache's form, as the admin command `snapshot` gives it.
  const exported = join(ensemble.folder, 'exported')
  await Promise.all([1, 2, 3].map((id) => ensemble.get(id).stop()))
  const migrate = join(TOOL, '..', 'zkmigrate.js')
  await new Promise<void>((resolve, reject) => {
    const args = [migrate, 'export', '--from', ensemble.get(1).dataDir, '--to', exported]
    execFile(process.execPath, args, (error, _, stderr) => (error === null ? resolve() : reject(new Error(stderr))))
  })
  const [name = ''] = readdirSync(join(exported, 'version-2')).filter((file) => file.startsWith('snapshot.'))
  await Promise.all([1, 2, 3].map((id) => ensemble.get(id).restart()))
  await ensemble.serving(1, 2, 3)
  await write(2, '/wrong')

  const snapshot = join(exported, 'version-2', name)
  await restoreAndStart(() => tool('restore', '--snapshot', snapshot, '--to', ensemble.get(1).dataDir, '--new-epoch'))

  for (const id of [1, 2, 3]) expect(await pathsAt(id)).toEqual(['kept'])
})
