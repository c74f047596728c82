import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { auditFilesOf, readIdentities } from '../../../src/tools/log/audit-identities.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-identities-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, ...lines: readonly string[]): string {
  const file = join(folder, name)
  writeFileSync(file, lines.join('\n'))
  return file
}

test('sessions of audit logs in either form have their users and addresses', async () => {
  const lines = write(
    'audit.log',
    '2026-11-23 23:30:29,540 INFO o.a.z.a.Slf4jAuditLogger: user=root\toperation=serverStart\tresult=success',
    '2026-11-23 23:30:29,720 INFO o.a.z.a.Slf4jAuditLogger: session=0x10\tuser=127.0.0.1,bob\tip=10.0.0.1\toperation=create',
    '2026-11-23 23:30:29,720 INFO o.a.z.a.Slf4jAuditLogger: session=0x10\tuser=127.0.0.1,bob\tip=10.0.0.2\toperation=delete'
  )
  const json = write(
    'audit.json',
    '{"time":"2026-11-23T23:30:29.540Z","level":"INFO","user":"root","operation":"serverStart","result":"success"}',
    '{"time":"2026-11-23T23:30:30.540Z","level":"INFO","session":"0xffffffffffffffff","user":"ann","ip":"::1"}',
    '{"time":"2026-11-23T23:30:31.540Z","level":"INFO","session":"0x11","us'
  )

  expect(await readIdentities([lines, json])).toEqual(
    new Map([
      [16n, { users: new Set(['127.0.0.1,bob']), addresses: new Set(['10.0.0.1', '10.0.0.2']) }],
      [-1n, { users: new Set(['ann']), addresses: new Set(['::1']) }]
    ])
  )
})

test('an audit log that cannot be read is one line', async () => {
  const file = join(folder, 'gone.log')

  await expect(readIdentities([file])).rejects.toThrow(`zkLog: the audit log ${file} cannot be read (ENOENT)`)
})

test('of a server, what was put aside is read first', () => {
  const [path, first, second] = [write('z.log'), write('z.log.1'), write('z.log.2')]

  expect(auditFilesOf({ path, backupCountMax: 10, level: 'info', sizeBytesMax: 1, format: 'line' })).toEqual([
    second,
    first,
    path
  ])
})
