import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { LoggingSettings } from '../../../src/server/config/settings.ts'
import { openLog } from '../../../src/server/logging/winston-logger.ts'

function collect(): { stream: Writable; lines(): string[] } {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    }
  })
  return { stream, lines: () => text.split('\n').slice(0, -1) }
}

const consoleOnly: LoggingSettings = { consoleLevel: 'info', format: 'line', file: null }

describe('the log', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zoonode-log-'))
  })

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true })
  })

  test('writes one readable line a message, with time, level and component', async () => {
    const out = collect()
    const log = openLog(consoleOnly, out.stream)

    log.root.child('listener').info('port 2181')
    await log.close()

    expect(out.lines()).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[INFO\] listener - port 2181$/)
    ])
  })

  test('writes JSON lines when asked', async () => {
    const out = collect()
    const log = openLog({ ...consoleOnly, format: 'json' }, out.stream)

    log.root.warn('slow', new Error('fsync took 2 s'))
    await log.close()

    expect(JSON.parse(out.lines().join(''))).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      level: 'warn',
      component: 'zoonode',
      message: 'slow',
      cause: expect.stringContaining('Error: fsync took 2 s')
    })
  })

  test('shows an error with its stack and its cause', async () => {
    const out = collect()
    const log = openLog(consoleOnly, out.stream)

    log.root.error('cannot write', new Error('outer', { cause: new Error('inner') }))
    await log.close()

    const text = out.lines().join('\n')
    expect(text).toMatch(/\[ERROR\] zoonode - cannot write\nError: outer\n {4}at /)
    expect(text).toContain('inner')
  })

  test('keeps one message on one line whatever clients put into it', async () => {
    const out = collect()
    const log = openLog(consoleOnly, out.stream)

    log.root.info('path /a\n2026-11-23 10:00:00,000 [ERROR] forged\u001b[31m')
    await log.close()

    expect(out.lines()).toEqual([
      expect.stringContaining('path /a\\x0a2026-11-23 10:00:00,000 [ERROR] forged\\x1b[31m')
    ])
  })

  test.each([
    { level: 'error', written: ['error'], flags: [false, false, false] },
    { level: 'info', written: ['error', 'warn', 'info'], flags: [true, false, false] },
    { level: 'trace', written: ['error', 'warn', 'info', 'debug', 'trace'], flags: [true, true, true] },
    { level: 'off', written: [], flags: [false, false, false] }
  ] as const)('at level $level writes $written and says so in its flags', async ({ level, written, flags }) => {
    const out = collect()
    const log = openLog({ ...consoleOnly, consoleLevel: level }, out.stream)

    log.root.error('error')
    log.root.warn('warn')
    log.root.info('info')
    log.root.debug('debug')
    log.root.trace('trace')
    await log.close()

    expect(out.lines().map((line) => line.replace(/.* - /, ''))).toEqual(written)
    expect([log.root.infoEnabled, log.root.debugEnabled, log.root.traceEnabled]).toEqual(flags)
  })

  test('gives each output its own level', async () => {
    const out = collect()
    const path = join(directory, 'logs', 'zookeeper.log')
    const file = { path, level: 'debug', sizeBytesMax: 1_000_000, backupCountMax: 1 } as const
    const log = openLog({ consoleLevel: 'warn', format: 'line', file }, out.stream)

    log.root.debug('for the file')
    log.root.warn('for both')
    await log.close()

    expect(out.lines()).toHaveLength(1)
    expect(readFileSync(path, 'utf8').match(/for the file|for both/g)).toEqual(['for the file', 'for both'])
  })

  test('puts a full file aside and keeps only so many old ones', async () => {
    const out = collect()
    const file = { path: join(directory, 'z.log'), level: 'info', sizeBytesMax: 100, backupCountMax: 2 } as const
    const log = openLog({ consoleLevel: 'off', format: 'line', file }, out.stream)

    for (let number = 1; number <= 8; number++) log.root.info(`message ${number} ${'x'.repeat(100)}`)
    await log.close()

    expect(readdirSync(directory).sort()).toEqual(['z.log', 'z.log.1', 'z.log.2'])
    expect(readFileSync(join(directory, 'z.log'), 'utf8')).toContain('message 8')
    expect(readFileSync(join(directory, 'z.log.2'), 'utf8')).toContain('message 6')
    expect(out.lines()).toEqual([])
  })

  test('outlives a console that is gone', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
    const log = openLog(consoleOnly, broken)

    log.root.info('into the void')
    log.root.info('again')
    await log.close()

    expect(broken.destroyed).toBe(true)
  })
})
