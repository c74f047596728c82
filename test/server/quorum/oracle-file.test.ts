import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { OracleFile } from '../../../src/server/quorum/oracle-file.ts'
import { RecordingLogger, until } from './support.ts'

let folder: string
let oracle: OracleFile | undefined

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-oracle-'))
})

afterEach(() => oracle?.close())

afterAll(() => rmSync(folder, { recursive: true }))

function open(name: string) {
  const log = new RecordingLogger()
  const file = new OracleFile(join(folder, name), log)
  oracle = file
  return { file, log }
}

describe('an oracle', () => {
  test.each([
    { text: '1', grants: true },
    { text: '1\n', grants: true },
    { text: '0', grants: false },
    { text: '', grants: false },
    { text: ' 1', grants: false }
  ])('whose file holds $text says $grants', async ({ text, grants }) => {
    writeFileSync(join(folder, 'said'), text)

    const { file } = open('said')
    await file.read()
    await until(() => file.grants === grants, 'its word')

    expect(file.grants).toBe(grants)
  })

  test('is heard when it changes its mind, and each change is one line', async () => {
    writeFileSync(join(folder, 'changing'), '0')
    const { file, log } = open('changing')
    await until(() => log.count('may not go on without the other one') === 1, 'a no')

    writeFileSync(join(folder, 'changing'), '1')
    await until(() => file.grants, 'a yes')
    rmSync(join(folder, 'changing'))
    await until(() => !file.grants, 'a no')

    expect(log.lines.map((line) => line.replace(folder, ''))).toEqual([
      'info the oracle /changing says that this server may not go on without the other one',
      'info the oracle /changing says that this server may go on without the other one',
      'warn the oracle /changing cannot be read (ENOENT): without the other server, this one does not go on'
    ])
  })
})
