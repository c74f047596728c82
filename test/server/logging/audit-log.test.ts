import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { AuditRecord } from '../../../src/core/audit/audit-record.ts'
import { formatAuditJson, formatAuditLine } from '../../../src/server/logging/audit-line.ts'
import { openAuditLog } from '../../../src/server/logging/audit-log.ts'
import { silentLogger } from '../../../src/server/logging/logger.ts'

const RECORD: AuditRecord = {
  session: '0x100',
  user: 'alice',
  ip: '127.0.0.1',
  operation: 'create',
  znode: '/a',
  znodeType: 'persistent',
  acl: null,
  result: 'success'
}

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-audit-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function open(
  overrides: {
    level?: 'info' | 'error' | 'off'
    format?: 'line' | 'json'
    sizeBytesMax?: number
    backupCountMax?: number
  } = {}
) {
  const path = join(folder, 'zookeeper_audit.log')
  const settings = {
    path,
    format: 'line' as const,
    level: 'info' as const,
    sizeBytesMax: 1 << 20,
    backupCountMax: 2,
    ...overrides
  }
  return { log: openAuditLog(settings, silentLogger), linesOf: (suffix = '') => textLines(path + suffix) }
}

function textLines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

test('the file has the form that is asked for', async () => {
  const { log, linesOf } = open({ format: 'json' })
  log.write({ ...RECORD, result: 'failure' })
  await log.close()

  expect(linesOf().map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ user: 'alice', level: 'ERROR' })
  ])
})

describe('a line of the audit log', () => {
  const time = new Date(2026, 0, 2, 3, 4, 5, 6)

  test('is what upstream writes', () => {
    expect(formatAuditLine(RECORD, time)).toBe(
      '2026-01-02 03:04:05,006 INFO o.a.z.a.Slf4jAuditLogger: session=0x100\tuser=alice\tip=127.0.0.1\t' +
        'operation=create\tznode=/a\tznode_type=persistent\tresult=success\n'
    )
  })

  test('is an ERROR when the operation failed', () => {
    expect(formatAuditLine({ ...RECORD, result: 'failure' }, time)).toContain(' ERROR o.a.z.a.Slf4jAuditLogger: ')
  })

  test('can be JSON, which gives back what a client sent and has no end within', () => {
    const record = { ...RECORD, znode: '/a\nb"', user: 'bob,x\ty', acl: null }
    const line = formatAuditJson(record, new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)))

    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(JSON.parse(line)).toEqual({
      time: '2026-01-02T03:04:05.006Z',
      level: 'INFO',
      session: '0x100',
      user: 'bob,x\ty',
      ip: '127.0.0.1',
      operation: 'create',
      znode: '/a\nb"',
      znode_type: 'persistent',
      result: 'success'
    })
  })

  test('cannot be broken by what a client sends', () => {
    const line = formatAuditLine({ ...RECORD, znode: '/a\nsession=0x1\tuser=root', user: 'a\tip=1' }, time)

    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(line).toContain('user=a\\x09ip=1\tip=127.0.0.1')
    expect(line).toContain('znode=/a\\x0asession=0x1\\x09user=root\t')
  })
})

describe('the audit log', () => {
  test('has the start, what happened, and the stop, in order', async () => {
    const { log, linesOf } = open()

    log.deed('serverStart', 'success')
    log.write(RECORD)
    log.flush()
    log.deed('serverStop', 'invoked')
    await log.close()

    const lines = linesOf()
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(/: user=[^\t]+\toperation=serverStart\tresult=success$/)
    expect(lines[1]).toMatch(/operation=create/)
    expect(lines[2]).toMatch(/: user=[^\t]+\toperation=serverStop\tresult=invoked$/)
  })

  test('has failures only from the level ERROR on, and nothing when it is off', async () => {
    const strict = open({ level: 'error' })
    strict.log.write(RECORD)
    strict.log.write({ ...RECORD, result: 'failure' })
    await strict.log.close()
    expect(strict.linesOf()).toEqual([expect.stringContaining('result=failure')])

    const off = open({ level: 'off' })
    off.log.write({ ...RECORD, result: 'failure' })
    await off.log.close()
    expect(off.linesOf()).toHaveLength(1)
  })

  test('is put aside when it is full', async () => {
    const { log, linesOf } = open({ sizeBytesMax: 100 })

    for (const znode of ['/1', '/2', '/3']) {
      log.write({ ...RECORD, znode })
      log.flush()
    }
    await log.close()

    expect(linesOf('.2')).toEqual([expect.stringContaining('znode=/1\t')])
    expect(linesOf('.1')).toEqual([expect.stringContaining('znode=/2\t')])
    expect(linesOf()).toEqual([expect.stringContaining('znode=/3\t')])
  })
})
