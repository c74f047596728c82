import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { ChildProgram } from './support/child-program.ts'
import { DataDirectory } from './support/data-directory.ts'
import { zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

let directory: DataDirectory

beforeEach(() => {
  directory = new DataDirectory()
})

afterEach(() => directory.dispose())

describe('a start', () => {
  test('makes missing directories', async () => {
    const dataLogDir = join(directory.path, 'a', 'b', 'log')

    await directory.open({ dataDir: join(directory.path, 'c', 'd'), dataLogDir })

    expect(existsSync(join(directory.path, 'c', 'd', 'version-2', 'state.db'))).toBe(true)
    expect(existsSync(join(dataLogDir, 'version-2'))).toBe(true)
  })

  test('with datadir.autocreate=false does not, and says so', async () => {
    const refusal = await directory.refusal({ autocreate: false })

    expect(refusal).toEqual({
      code: 'CANNOT_OPEN',
      message: `${directory.folder} is not there and datadir.autocreate is false; make it, then start again`
    })
    mkdirSync(directory.folder)
    await directory.open({ autocreate: false })
  })

  test('where a file stands in place of a directory is refused with one line that names it', async () => {
    const file = join(directory.path, 'file')
    writeFileSync(file, 'not a directory')

    const { code, message } = await directory.refusal({ dataDir: join(file, 'data') })

    expect(code).toBe('CANNOT_OPEN')
    expect(message).toContain(file)
    expect(message).not.toContain('\n')
  })

  test('on a file that is no catalogue is refused, and leaves it as it is', async () => {
    mkdirSync(directory.folder)
    writeFileSync(directory.file('state.db'), Buffer.alloc(8192, 'something else'))

    const { code, message } = await directory.refusal()

    expect(code).toBe('DAMAGED')
    expect(message).toContain(directory.file('state.db'))
    expect(readFileSync(directory.file('state.db'), 'latin1').startsWith('something else')).toBe(true)
  })

  test('that was killed while it made the catalogue can be repeated', async () => {
    mkdirSync(directory.folder)
    writeFileSync(directory.file('state.db'), '')

    expect((await directory.open()).recoveredZxids).toEqual([])
  })
})

describe('db.autocreate=false', () => {
  test('does not trust an empty directory', async () => {
    expect((await directory.open({ dbAutocreate: false })).recovery.isUninitialized).toBe(true)
  })

  test('trusts it by the file initialize in dataLogDir, once', async () => {
    writeFileSync(join(directory.path, 'initialize'), '')

    const open = await directory.open({ dbAutocreate: false })

    expect(open.recovery.isUninitialized).toBe(false)
    expect(existsSync(join(directory.path, 'initialize'))).toBe(false)
  })

  test('does not matter when there is something', async () => {
    const first = await directory.open()
    await first.append(1)
    await first.close()

    expect((await directory.open({ dbAutocreate: false })).recovery.isUninitialized).toBe(false)
  })
})

describe('a start after a kill', () => {
  /** The files of a server that was killed after 40 transactions, with its -wal. */
  async function killed(): Promise<string> {
    const program = new ChildProgram('one-by-one.ts', [directory.path, '40'])
    await program.ended()
    expect(program.errors).toBe('')
    return `${directory.file('log.1.db')}-wal`
  }

  test('cuts off a torn tail, says so, and keeps what is whole', async () => {
    const wal = await killed()
    const bytes = readFileSync(wal)
    writeFileSync(wal, Buffer.concat([bytes.subarray(0, bytes.length - 100)]))

    const open = await directory.open()
    await open.append(1)
    await open.abandon()

    expect(open.recoveredZxids).toEqual(zxidRange(1n, 39n))
    expect(directory.said).toEqual([expect.stringMatching(/log\.1\.db-wal: cut off a torn tail of \d+ bytes/)])
    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 40n))
  })

  test('says nothing when nothing is torn', async () => {
    await killed()

    const open = await directory.open()

    expect(open.recoveredZxids).toEqual(zxidRange(1n, 40n))
    expect(directory.said).toEqual([])
  })

  test.each([{ file: 'log.1.db-wal' }, { file: 'state.db-wal' }])(
    'refuses damage in $file with one line, and changes nothing in that file',
    async ({ file }) => {
      await killed()
      // Several commits, so that the damaged one is not the last, which could be a tear.
      await new ChildProgram('epochs.ts', [directory.path]).ended()
      const path = directory.file(file)
      const bytes = readFileSync(path)
      bytes[32 + 24 + 500] = (bytes[32 + 24 + 500] ?? 0) ^ 4
      writeFileSync(path, bytes)

      const refusals = [await directory.refusal(), await directory.refusal()]

      expect(refusals[1]).toEqual(refusals[0])
      expect(refusals[0]?.code).toBe('DAMAGED')
      expect(refusals[0]?.message).toContain(`${path} is damaged: frame 1 at offset 32 is wrong`)
      expect(refusals[0]?.message).toMatch(/restore the data directory from a backup/)
      expect(refusals[0]?.message).not.toContain('\n')
      expect(readFileSync(path).equals(bytes)).toBe(true)
      expect(readdirSync(dirname(path))).toContain('log.1.db')
    }
  )
})
