import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { formatConfigText } from '../../../src/core/zab/membership/config-text.ts'
import { ConfigError } from '../../../src/server/config/config-error.ts'
import { loadSettings } from '../../../src/server/config/load-settings.ts'
import { configFilesOf, configsAtStart } from '../../../src/server/quorum/configs-at-start.ts'
import { RecordingLogger } from './support.ts'

const LINES = [1, 2, 3].map((sid) => `server.${sid}=h${sid}:2888:3888:participant;0.0.0.0:2181`)
const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

interface Files {
  readonly reconfigEnabled?: boolean
  /** Version in the name of a dynamic file; null where the membership is in the main file. */
  readonly dynamic?: string | null
  readonly next?: string
}

/** What a server with these files starts with, and its main file. */
async function start({ reconfigEnabled = true, dynamic = null, next }: Files) {
  const folder = mkdtempSync(join(tmpdir(), 'configs-at-start-'))
  folders.push(folder)
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'myid'), '1\n')
  const file = join(folder, 'zoo.cfg')
  const settings = [
    `dataDir=${join(folder, 'data')}`,
    'initLimit=10',
    'syncLimit=5',
    `reconfigEnabled=${reconfigEnabled}`
  ]
  if (dynamic === null) settings.push(...LINES)
  else {
    writeFileSync(`${file}.dynamic.${dynamic}`, LINES.join('\n'))
    settings.push(`dynamicConfigFile=${file}.dynamic.${dynamic}`)
  }
  writeFileSync(file, `${settings.join('\n')}\n`)
  if (next !== undefined) writeFileSync(`${file}.dynamic.next`, next)
  const loaded = loadSettings({ args: ['--config', file], env: {}, workingDirectory: folder }).settings
  return { configs: await configsAtStart(loaded, configFilesOf(loaded), new RecordingLogger()), file }
}

describe('a member that starts', () => {
  test('has a configuration that was proposed and is newer as the one last seen', async () => {
    const next = `${LINES.slice(0, 2).join('\n')}\nversion=300000007`

    const { configs } = await start({ dynamic: '300000002', next })

    expect(configs.config.version).toBe(0x300000002n)
    expect(configs.lastSeen === null ? null : formatConfigText(configs.lastSeen)).toBe(next)
  })

  test.each(['300000002', '100000000'])(
    'has none last seen where the proposed one is %s and not newer',
    async (version) => {
      const { configs } = await start({ dynamic: '300000002', next: `${LINES.join('\n')}\nversion=${version}` })

      expect(configs.lastSeen).toBeNull()
    }
  )

  test('has none last seen where reconfiguration is off', async () => {
    const { configs } = await start({ reconfigEnabled: false, next: `${LINES.join('\n')}\nversion=300000002` })

    expect(configs).toMatchObject({ config: { version: 0n }, lastSeen: null })
  })

  test('does not guess at a proposed configuration that cannot be read', async () => {
    await expect(start({ dynamic: '300000002', next: 'server.1' })).rejects.toThrow(ConfigError)
  })

  test.each([
    { because: 'the membership is in it', files: {}, isKept: true },
    { because: 'it names a dynamic file', files: { dynamic: '5' }, isKept: false },
    { because: 'reconfiguration is off', files: { reconfigEnabled: false }, isKept: false }
  ])('keeps a copy of the main file: $isKept, since $because', async ({ files, isKept }) => {
    const { file } = await start(files)

    expect(existsSync(`${file}.bak`)).toBe(isKept)
    expect(readFileSync(isKept ? `${file}.bak` : file, 'utf8')).toBe(readFileSync(file, 'utf8'))
  })
})
