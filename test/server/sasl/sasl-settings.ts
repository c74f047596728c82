import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '../../../src/server/config/load-settings.ts'
import type { ServerSettings } from '../../../src/server/config/settings.ts'

/** Settings of a configuration file with these lines, beside what every one needs. */
export function settingsWith(...lines: readonly string[]): ServerSettings {
  const folder = mkdtempSync(join(tmpdir(), 'sasl-settings-'))
  try {
    const file = join(folder, 'zoo.cfg')
    writeFileSync(file, [`dataDir=${folder}`, 'clientPort=2181', ...lines].join('\n'))
    return loadSettings({ args: [file], env: {}, workingDirectory: folder }).settings
  } finally {
    rmSync(folder, { recursive: true })
  }
}
