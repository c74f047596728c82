import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { loadSettings } from '../../src/server/config/load-settings.ts'
import type { ServerSettings } from '../../src/server/config/settings.ts'
import { refuseWhatIsNotServed, withoutEffect } from '../../src/server/not-served.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function settingsOf(...lines: readonly string[]): ServerSettings {
  const file = join(folder, 'zoo.cfg')
  writeFileSync(file, [`dataDir=${folder}`, 'tickTime=2000', ...lines].join('\n'))
  return loadSettings({ args: [file], env: {}, workingDirectory: folder }).settings
}

describe('a configuration that asks for what is not served', () => {
  test.each([
    { lines: ['secureClientPort=2281', 'clientPort=2181'], says: /secureClientPort/ },
    { lines: [], says: /clientPort is not set/ },
    { lines: ['clientPort=2181', 'sessionRequireClientSASLAuth=true'], says: /SASL/ },
    { lines: ['clientPort=2181', 'enforce.auth.enabled=true'], says: /enforce\.auth\.schemes/ },
    { lines: ['clientPort=2181', 'enforce.auth.enabled=true', 'enforce.auth.schemes=sasl'], says: /sasl/ }
  ])('is refused: $lines', ({ lines, says }) => {
    expect(() => refuseWhatIsNotServed(settingsOf(...lines))).toThrow(says)
  })

  test('is taken when it can be served', () => {
    const settings = settingsOf('clientPort=2181', 'enforce.auth.enabled=true', 'enforce.auth.schemes=digest')

    expect(() => refuseWhatIsNotServed(settings)).not.toThrow()
  })

  test('is told of line by line when it is harmless', () => {
    const settings = settingsOf('clientPort=2181', 'audit.enable=true', 'authProvider.1=com.example.MyProvider')

    expect(withoutEffect(settings)).toEqual([
      expect.stringContaining('com.example.MyProvider'),
      expect.stringContaining('audit.enable')
    ])
  })
})
