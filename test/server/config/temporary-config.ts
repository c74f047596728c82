import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from '@jest/globals'
import { ConfigError } from '../../../src/server/config/config-error.ts'
import { type LoadedSettings, loadSettings } from '../../../src/server/config/load-settings.ts'

/** A fresh directory for each test, to put configuration files into. */
export interface TemporaryConfig {
  readonly directory: string
  /** Writes a file, and the directories above it. */
  write(name: string, content: string | Buffer): string
  /** Loads `zoo.cfg` with this content. */
  load(content: string, options?: LoadOptions): LoadedSettings
  /** Message of the error that loading ends with. */
  refusal(content: string, options?: LoadOptions): string
}

export interface LoadOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Arguments before the file. */
  readonly args?: readonly string[]
}

export function useTemporaryConfig(): TemporaryConfig {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zoonode config '))
  })
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  const config: TemporaryConfig = {
    get directory() {
      return directory
    },
    write(name, content) {
      const file = join(directory, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      return file
    },
    load(content, { env = {}, args = [] } = {}) {
      config.write('zoo.cfg', content)
      return loadSettings({ args: [...args, 'zoo.cfg'], env, workingDirectory: directory })
    },
    refusal(content, options) {
      try {
        config.load(content, options)
      } catch (error) {
        if (error instanceof ConfigError) return error.message.replaceAll(directory, 'DIR')
        throw error
      }
      throw new Error('nothing was refused')
    }
  }
  return config
}

/** The smallest configuration that starts. */
export const MINIMAL = 'dataDir=./data\nclientPort=2181\n'
