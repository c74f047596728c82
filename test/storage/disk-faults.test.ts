import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { compileLibrary, recorderProblem } from '../../interop/faults/power-cut/power-cuts.ts'
import { ChildProgram } from './support/child-program.ts'
import { DataDirectory } from './support/data-directory.ts'
import { zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

const problem = recorderProblem()
const shimTest = problem === null ? test : test.skip
const reason = problem === null ? '' : ` (skipped: ${problem})`
const libraryFolder = mkdtempSync(join(tmpdir(), 'zoonode-shim-'))

let directory: DataDirectory

beforeEach(() => {
  directory = new DataDirectory()
})

afterEach(() => directory.dispose())
afterAll(() => rmSync(libraryFolder, { recursive: true, force: true }))

/** Appends ten transactions on a good disk, and goes on when the disk has begun to fail. */
async function runOnFailingDisk(call: string, name: string, next: string): Promise<{ exit: unknown; lines: string[] }> {
  const library = compileLibrary(join(process.cwd(), 'test', 'storage', 'programs', 'failing-disk.c'), libraryFolder)
  const marker = join(directory.path, 'fail-now')
  const env = { LD_PRELOAD: library, FAIL_CALL: call, FAIL_NAME: name, FAIL_WHEN: marker }
  const program = new ChildProgram('one-by-one.ts', [directory.path, '20', marker, next], env)
  const exit = await program.ended()
  expect(program.errors).toBe('')
  return { exit, lines: program.lines }
}

describe('a disk that fails ends the server', () => {
  shimTest.each([
    { what: 'a sync of the log', call: 'sync', name: 'log.1.db-wal', next: '' },
    { what: 'a write of the log', call: 'write', name: 'log.1.db-wal', next: '' },
    { what: 'a sync of a snapshot', call: 'sync', name: 'snapshot.a.db.1.tmp', next: 'snapshot' },
    { what: 'a write of a snapshot', call: 'write', name: 'snapshot.a.db.1.tmp', next: 'snapshot' },
    { what: 'a sync of the catalogue', call: 'sync', name: 'state.db-wal', next: 'snapshot' }
  ])(`at $what, once and without a retry${reason}`, async ({ call, name, next }) => {
    const { exit, lines } = await runOnFailingDisk(call, name, next)

    expect(lines.slice(0, 10)).toEqual(zxidRange(1n, 10n).map((zxid) => `persisted ${zxid}`))
    expect(lines.slice(10)).toEqual([expect.stringMatching(/^fatal IO_ERROR .*disk I\/O error/)])
    expect(exit).toBe(3)
  })

  shimTest(`and all that was persisted before is there${reason}`, async () => {
    await runOnFailingDisk('sync', 'log.1.db-wal', '')

    const { recoveredZxids } = await directory.open()

    expect(recoveredZxids.slice(0, 10)).toEqual(zxidRange(1n, 10n))
  })
})

describe('the death of the log thread', () => {
  test('is fatal, and fails what waits', async () => {
    const open = await directory.open()
    await open.append(1)
    // A batch that does not follow gets past the check only here: the thread must not go on from it.
    const batch = { firstZxidHi: 0, firstZxidLo: 9, lastZxidHi: 0, lastZxidLo: 5, txnCount: 1, body: Buffer.alloc(40) }
    open.storage.append(50, batch)

    await expect(open.storage.setAcceptedEpoch(1)).rejects.toMatchObject({ code: 'IO_ERROR' })
    expect(open.fatals).toHaveLength(1)
    expect(open.storage.append(51, { ...batch, firstZxidLo: 10, lastZxidLo: 10 })).toBe(false)
    expect(() => open.storage.beginSnapshot(0, 1)).toThrow()
  })
})
