import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { openStorage } from '../../src/storage/storage.ts'
import { capturedFile } from '../storage/apache-files/support/apache-folder.ts'
import { storageOptions } from '../storage/support/data-directory.ts'
import { runScript, ScriptFolder } from './script-runner.ts'

jest.setTimeout(600_000)

let folder: ScriptFolder
let config: readonly string[]

beforeEach(() => {
  folder = new ScriptFolder()
  config = folder.writeConfig('clientPort=0\n')
  mkdirSync(join(folder.path, 'apache/version-2'), { recursive: true })
  for (const name of ['snapshot.24', 'log.25']) {
    writeFileSync(join(folder.path, 'apache/version-2', name), capturedFile(`plain/${name}`))
  }
})

afterEach(() => {
  folder.remove()
})

function path(name: string): string {
  return join(folder.path, name)
}

describe('zkMigrate.sh', () => {
  test('brings data in and out again, by the configuration', async () => {
    const imported = await runScript('zkMigrate.sh', ['import', '--from', path('apache'), '--to', path('data')])
    const exported = await runScript('zkMigrate.sh', [...config, 'export', '--to', path('back'), '--with-log'])

    expect([imported.code, exported.code]).toEqual([0, 0])
    const state = 'zxid 0x25, 27 znodes'
    expect(imported.stdout).toContain(
      `imported ${path('apache')} into ${path('data')}, to be served by zoonode\n${state}`
    )
    expect(exported.stdout).toContain(
      `exported ${path('data')} to ${path('back')}, to be served by Apache ZooKeeper\n${state}`
    )
    expect(exported.stdout).toContain('0 transactions of the log\n')
    expect(existsSync(path('back/version-2/snapshot.25'))).toBe(true)
  })

  test('says what it does', async () => {
    expect(await runScript('zkMigrate.sh', ['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('usage: zkMigrate.sh export --to DIR')
    })
  })

  test.each([
    { args: ['export'], code: 2, says: 'zkMigrate: export needs --to DIR\nusage: zkMigrate.sh export' },
    {
      args: ['export', '--to', '/tmp', '--config', '/no/such/file'],
      code: 2,
      says: 'cannot read the configuration file'
    },
    { args: ['export', '--to', 'new', '--from', '/no/such/place'], code: 3, says: 'no data of a zoonode server' }
  ])('$args ends with $code and a line', async ({ args, code, says }) => {
    const result = await runScript('zkMigrate.sh', args)

    expect(result).toMatchObject({ code, stdout: '' })
    expect(result.stderr).toContain(says)
  })

  test('ends with 3 while a server has the directory', async () => {
    const { storage } = await openStorage(storageOptions(path('data')))

    const { code, stderr } = await runScript('zkMigrate.sh', [...config, 'export', '--to', path('back')])

    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/^zkMigrate: the data directory .* is in use by another server/)
    ])
    await storage.abandon()
  })
})

describe('the toolkits', () => {
  test.each([
    { script: 'zkTxnLogToolkit.sh', args: ['log.25'], says: 'EOF reached after 1 txns.\n' },
    { script: 'zkSnapShotToolkit.sh', args: ['snapshot.24'], says: 'ZNode Details (count=27):\n' },
    { script: 'zkSnapshotRecursiveSummaryToolkit.sh', args: ['snapshot.24', '/', '0'], says: '   children: 25\n' },
    {
      script: 'zkSnapshotComparer.sh',
      args: ['-l', 'snapshot.24', '-r', 'snapshot.24', '-b', '0', '-n', '0'],
      says: 'All layers compared.\n'
    }
  ])('$script has its arguments for itself', async ({ script, args, says }) => {
    const result = await runScript(script, args, {}, path('apache/version-2'))

    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout).toContain(says)
  })
})
