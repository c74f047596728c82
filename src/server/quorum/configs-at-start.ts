import { readFile } from 'node:fs/promises'
import { ConfigTextError, parseConfigText } from '../../core/zab/membership/config-text.ts'
import type { EnsembleConfig } from '../../core/zab/membership/ensemble-config.ts'
import { ConfigError } from '../config/config-error.ts'
import type { ServerSettings } from '../config/settings.ts'
import type { Logger } from '../logging/logger.ts'
import { ConfigFiles } from './config-files.ts'

/** What a member knows of its ensemble when it starts. */
export interface ConfigsAtStart {
  readonly config: EnsembleConfig
  /** One that was proposed when it stopped, and may have come into force without it; null if none. */
  readonly lastSeen: EnsembleConfig | null
}

/** The configuration files of this server; null where its settings were given by arguments. */
export function configFilesOf({ source, quorum }: ServerSettings): ConfigFiles | null {
  return source.configFile === null || quorum.standalone ? null : new ConfigFiles(source.configFile, quorum.serverId)
}

/**
 * The configuration in force by the settings, and the one that `NAME.dynamic.next` has. With reconfigEnabled, a main file
 * with the membership in it is kept as `NAME.bak`, since the membership will move out of it.
 */
export async function configsAtStart(
  { quorum, source }: ServerSettings,
  files: ConfigFiles | null,
  log: Logger
): Promise<ConfigsAtStart> {
  const { members, groups, weights, configVersion, reconfigEnabled, dynamicConfigFile } = quorum
  const config = { members, groups, weights, version: configVersion }
  if (files === null || !reconfigEnabled) return { config, lastSeen: null }
  if (dynamicConfigFile === null) {
    try {
      await files.backup()
    } catch (error) {
      log.warn(`cannot keep a copy of ${source.configFile}`, error)
    }
  }
  const lastSeen = await readLastSeen(files, log)
  const isPending = lastSeen !== null && lastSeen.version > config.version
  if (isPending) log.info(`configuration ${lastSeen.version.toString(16)} was proposed and is not in force here yet`)
  return { config, lastSeen: isPending ? lastSeen : null }
}

/** compat: as upstream, a file that cannot be read counts as none; but one that is no configuration must not be guessed at. */
async function readLastSeen(files: ConfigFiles, log: Logger): Promise<EnsembleConfig | null> {
  let text: string
  try {
    text = await readFile(files.nextFile, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log.warn(`cannot read ${files.nextFile}`, error)
    return null
  }
  try {
    return parseConfigText(text)
  } catch (error) {
    if (!(error instanceof ConfigTextError)) throw error
    throw new ConfigError(error.message, { source: files.nextFile, line: null }, null, { cause: error })
  }
}
