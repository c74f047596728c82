import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ConfigError } from '../../../src/server/config/config-error.ts'
import { openRollingFile } from '../../../src/server/logging/rolling-file.ts'

const HOUR_MS = 3_600_000
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-log-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function open(ageMsMax: number | null, clock: { ms: number }) {
  const file = openRollingFile({
    path: join(folder, 'z.log'),
    sizeBytesMax: 1000,
    backupCountMax: 2,
    ageMsMax,
    nowMs: () => clock.ms,
    onError: (error) => {
      throw error
    }
  })
  return {
    write: (text: string) => new Promise((resolve) => file.write(`${text}\n`, resolve)),
    close: () => new Promise((resolve) => file.end(() => resolve(null)))
  }
}

function contents(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')])
  )
}

describe('a log file', () => {
  test('is put aside when it is old, with the first line after that, and not while it is empty', async () => {
    const clock = { ms: Date.now() }
    const log = open(24 * HOUR_MS, clock)
    clock.ms += 30 * HOUR_MS
    await log.write('first')
    await log.close()
    expect(contents()).toEqual({ 'z.log': 'first\n' })

    const again = open(24 * HOUR_MS, clock)
    await again.write('second')
    clock.ms += 24 * HOUR_MS
    await again.write('third')
    clock.ms += 23 * HOUR_MS
    await again.write('fourth')
    await again.close()
    expect(contents()['z.log']).toBe('third\nfourth\n')
    expect(Object.keys(contents())).toContain('z.log.1')
  })

  test('that a former run has begun is put aside in its time', async () => {
    const clock = { ms: Date.now() }
    const first = open(HOUR_MS, clock)
    await first.write('of the former run')
    await first.close()
    clock.ms += 2 * HOUR_MS
    const second = open(HOUR_MS, clock)
    await second.write('of this run')
    await second.close()
    expect(contents()).toEqual({ 'z.log': 'of this run\n', 'z.log.1': 'of the former run\n' })
  })

  test('is never old without a limit', async () => {
    const clock = { ms: Date.now() }
    const log = open(null, clock)
    await log.write('a')
    clock.ms += 10_000 * HOUR_MS
    await log.write('b')
    await log.close()
    expect(contents()).toEqual({ 'z.log': 'a\nb\n' })
  })

  test('that cannot be opened is one line, which names the file and the key', () => {
    const path = join(folder, 'a file', 'z.log')
    writeFileSync(join(folder, 'a file'), '')

    const opening = (): unknown =>
      openRollingFile({ path, sizeBytesMax: 1, backupCountMax: 1, onError: () => undefined })
    expect(opening).toThrow(ConfigError)
    expect(opening).toThrow(`the log file ${path} cannot be opened (EEXIST): check log.dir`)
  })
})
