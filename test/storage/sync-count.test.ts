import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { compileLibrary, recorderProblem } from '../../interop/faults/power-cut/power-cuts.ts'
import type { DiskCall } from '../../interop/faults/power-cut/recording.ts'
import { readRecording } from '../../interop/faults/power-cut/recording.ts'
import { DataDirectory } from './support/data-directory.ts'

jest.setTimeout(300_000)

const COUNT = 40
const hasStrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0
const problem = recorderProblem()

let directory: DataDirectory

beforeEach(() => {
  directory = new DataDirectory()
})

afterEach(() => directory.dispose())

/** Runs the program that appends one transaction at a time; `prefix` is put before the command. */
function runOneByOne(dataDir: string, prefix: readonly string[], env: NodeJS.ProcessEnv): string {
  const script = join(process.cwd(), 'test', 'storage', 'programs', 'one-by-one.ts')
  const [program = '', ...args] = [...prefix, process.execPath, '--import', 'tsx', script, dataDir, String(COUNT)]
  const result = spawnSync(program, args, { env: { ...process.env, ...env } })
  expect(result.stderr.toString()).toBe('')
  return result.stdout.toString()
}

describe('each acknowledged commit is synced once', () => {
  const straceTest = hasStrace ? test : test.skip
  straceTest(`as strace sees it${hasStrace ? '' : ' (skipped: no strace, or it may not trace)'}`, () => {
    const trace = join(directory.path, 'trace')

    const output = runOneByOne(directory.path, ['strace', '-f', '-y', '-e', 'trace=fsync,fdatasync', '-o', trace], {})

    const syncs = readFileSync(trace, 'utf8')
      .split('\n')
      .filter((line) => /sync\(\d+<[^>]*log\.1\.db-wal>/.test(line))
    expect(output).toContain(`commits ${COUNT}\n`)
    // And one for the header of the -wal.
    expect(syncs).toHaveLength(COUNT + 1)
  })

  const recorderTest = problem === null ? test : test.skip
  recorderTest(
    `before it is reported, as the recorder sees it${problem === null ? '' : ` (skipped: ${problem})`}`,
    () => {
      const root = join(directory.path, 'root')
      mkdirSync(root)
      const library = compileLibrary(join('interop', 'faults', 'power-cut', 'recorder.c'), directory.path)
      const log = join(directory.path, 'recording')

      runOneByOne(root, [], { LD_PRELOAD: library, RECORDER_ROOT: root, RECORDER_LOG: log })

      const { calls, inode } = callsFrom(readRecording(log), join(root, 'version-2', 'log.1.db-wal'))
      const commits = calls.filter((call) => call.kind === 'write' && call.inode === inode && isCommitMark(call.data))
      const syncs = calls.filter((call) => call.kind === 'sync' && call.inode === inode)
      expect(commits).toHaveLength(COUNT)
      expect(syncs).toHaveLength(COUNT + 1)
    }
  )
})

/** The calls from the making of a file on, and its inode. */
function callsFrom(calls: readonly DiskCall[], path: string): { calls: readonly DiskCall[]; inode: bigint } {
  const index = calls.findIndex((call) => call.kind === 'create' && call.path === path)
  const call = calls[index]
  if (call?.kind !== 'create') throw new Error(`${path} was never made`)
  return { calls: calls.slice(index), inode: call.inode }
}

/** The header of a frame that ends a commit. */
function isCommitMark(data: Buffer): boolean {
  return data.length === 24 && data.readUInt32BE(4) !== 0
}
