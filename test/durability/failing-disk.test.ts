import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { ServerProcess } from '../../interop/faults/kill/server-process.ts'
import { compileLibrary, recorderProblem } from '../../interop/faults/power-cut/power-cuts.ts'
import type { ZooKeeper } from '../../src/client/index.ts'
import { ServerFolder } from './server-folder.ts'

jest.setTimeout(300_000)

const problem = recorderProblem()
const shimTest = problem === null ? test : test.skip
const reason = problem === null ? '' : ` (skipped: ${problem})`
const libraryFolder = mkdtempSync(join(tmpdir(), 'zoonode-shim-'))
const LATE_COUNT = 30

let library = ''
let folder: ServerFolder
let server: ServerProcess
let client: ZooKeeper
let marker: string

beforeAll(() => {
  if (problem !== null) return
  library = compileLibrary(join(process.cwd(), 'test', 'storage', 'programs', 'failing-disk.c'), libraryFolder)
})

beforeEach(() => {
  folder = new ServerFolder()
  marker = join(folder.path, 'fail-now')
})

afterEach(() => folder.dispose())
afterAll(() => rmSync(libraryFolder, { recursive: true, force: true }))

async function startOnFailingDisk(call: string, name: string): Promise<void> {
  const env = { LD_PRELOAD: library, FAIL_CALL: call, FAIL_NAME: name, FAIL_WHEN: marker }
  server = await folder.start({ env, config: { snapCount: 20 } })
  client = await folder.connect(server)
}

/** Creates nodes at once; returns the paths whose creation was acknowledged. */
async function create(count: number): Promise<string[]> {
  const made = Array.from({ length: count }, () => client.create('/n-', 'x', { mode: 'persistentSequential' }))
  const results = await Promise.allSettled(made)
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

describe('a disk that fails ends the server at once', () => {
  shimTest.each([
    { what: 'a sync of the log', call: 'sync', name: '.db-wal' },
    { what: 'a write of the log', call: 'write', name: '.db-wal' },
    { what: 'a sync of a snapshot', call: 'sync', name: '.tmp' }
  ])(
    `at $what: one line, no answer that was not earned, and what was acknowledged is there${reason}`,
    async ({ call, name }) => {
      await startOnFailingDisk(call, name)
      const early = await create(10)
      writeFileSync(marker, '')

      const late = await create(LATE_COUNT)
      const end = await server.ended
      rmSync(marker)
      const again = await folder.start()
      const names = (await (await folder.connect(again)).getChildren('/')).map((child) => `/${child}`)

      expect(end).toEqual({ code: null, signal: 'SIGKILL' })
      expect(server.errors).toMatch(/^zoonode: FATAL: [^\n]+ disk I\/O error[^\n]*\n$/)
      expect([...early, ...late].filter((path) => !names.includes(path))).toEqual([])
    }
  )

  shimTest(`and nothing whose sync failed was acknowledged${reason}`, async () => {
    await startOnFailingDisk('sync', '.db-wal')
    await create(5)
    writeFileSync(marker, '')

    expect(await create(LATE_COUNT)).toEqual([])
    await server.ended
  })
})
