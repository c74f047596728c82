import { ConfigError, type Origin } from './config-error.ts'
import type { ConfigKey } from './config-key.ts'
import type { GivenSettings } from './given-settings.ts'
import type { ConfigValues } from './keys/all-keys.ts'
import type { Membership } from './membership.ts'

/** What the settings are made of, read and checked one by one. */
export interface SettingsParts {
  readonly values: ConfigValues
  readonly given: GivenSettings
  readonly membership: Membership
  /** Content of `myid`; null without the file. */
  readonly myid: number | null
  readonly configFile: string | null
  readonly dynamicConfigFile: string | null
  /** Relative paths start here. */
  readonly workingDirectory: string
}

/** Refuses the configuration because of one key, named with the place where it was given. */
export function fail(parts: SettingsParts, key: ConfigKey<unknown>, problem: string): never {
  throw new ConfigError(`${key.name}: ${problem}`, parts.given.find(key)?.origin ?? null, key.name)
}

/** The main file as a whole, for what is missing in it. */
export function configOrigin({ configFile }: SettingsParts): Origin | null {
  return configFile === null ? null : { source: configFile, line: null }
}
