import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Connection } from '../../src/storage/connection.ts'
import { ChildProgram } from './support/child-program.ts'

jest.setTimeout(300_000)

let folder: string
let connection: Connection | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-connection-'))
})

afterEach(() => {
  connection?.close()
  connection = undefined
  rmSync(folder, { recursive: true })
})

function open(name = 'a.db'): Connection {
  connection = new Connection(join(folder, name))
  return connection
}

/** What SQLite says of a setting at this moment. */
function setting(name: string): unknown {
  return connection?.pragma(name, { simple: true })
}

describe('a connection', () => {
  test('that was let go, closed, does not end the process when memory is collected or its thread ends', async () => {
    const program = new ChildProgram('let-go.ts', [])

    const ended = await program.ended()

    expect(program.errors).not.toContain('Assertion failed')
    expect({ ended, lines: program.lines }).toEqual({ ended: 0, lines: ['the thread ended with 0', 'done'] })
  })

  test('makes a statement once for each text', () => {
    const { prepare } = open()
    const [one, two, again] = ['SELECT 1', 'SELECT 2', 'SELECT 1'].map((sql) => prepare.call(connection, sql))

    expect(again).toBe(one)
    expect(two).not.toBe(one)
  })

  test('carries out a pragma again that it has carried out before', () => {
    open()
    const seen: unknown[] = []
    for (const level of ['OFF', 'FULL', 'OFF', 'FULL']) {
      connection?.pragma(`synchronous = ${level}`)
      seen.push(setting('synchronous'))
    }

    expect(seen).toEqual([0, 2, 0, 2])
  })

  test('gives the rows of a pragma, or only the first value', () => {
    open()

    expect(connection?.pragma('journal_mode = DELETE')).toEqual([{ journal_mode: 'delete' }])
    expect(setting('journal_mode')).toBe('delete')
    expect(connection?.pragma('page_size = 8192')).toEqual([])
    expect(setting('page_size')).toBe(8192)
  })

  test('to a file that is no database is refused by the first use, not by opening', () => {
    writeFileSync(join(folder, 'text.db'), 'no database '.repeat(1000))

    expect(() => open('text.db').prepare('SELECT * FROM sqlite_schema').get()).toThrow('not a database')
  })
})
