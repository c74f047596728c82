import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildSettings } from './build-settings.ts'
import { type CommandLine, parseCommandLine, parseJvmFlags } from './command-line.ts'
import { ConfigError, type ConfigNotice } from './config-error.ts'
import { GivenSettings } from './given-settings.ts'
import { type ConfigValues, keyTables } from './keys/all-keys.ts'
import { checkMembership, type MembershipLine, parseMembership, SERVER_ID_MAX } from './membership.ts'
import { PropertiesSyntaxError, type PropertyEntry, parseProperties } from './properties.ts'
import type { ServerSettings } from './settings.ts'

/** Everything a server's configuration can come from. */
export interface LaunchInput {
  /** Arguments after the script's name. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute; relative paths start here. */
  readonly workingDirectory: string
}

export interface LoadedSettings {
  /** Deeply frozen. */
  readonly settings: ServerSettings
  /** For the log, once there is one. */
  readonly notices: readonly ConfigNotice[]
}

/**
 * Reads command line, environment (`SERVER_JVMFLAGS`, `JVMFLAGS`, `ZOO_DATADIR_AUTOCREATE_DISABLE`), configuration file,
 * dynamic configuration file and `myid`.
 *
 * @throws ConfigError, one line that says what is wrong, where, and what is allowed
 */
export function loadSettings({ args, env, workingDirectory }: LaunchInput): LoadedSettings {
  const commandLine = parseCommandLine(args)
  const given = new GivenSettings()
  addEnvironment(given, env)
  given.addDefinitions(commandLine.definitions)
  given.addFileKeys(commandLine.fileKeys, 'command line')
  const configFile = addConfigFile(given, commandLine, workingDirectory)
  const values = resolveAll(given)
  const { dynamicConfigFile: dynamicPath, standaloneEnabled, multiAddressEnabled } = values.quorum
  const dynamicConfigFile = dynamicPath === null ? null : resolve(workingDirectory, dynamicPath)
  const lines =
    dynamicConfigFile === null ? given.membership : readDynamicFile(given, dynamicConfigFile, dynamicPath ?? '')
  const membership = parseMembership(lines, multiAddressEnabled)
  const membershipOrigin = { source: dynamicConfigFile ?? configFile ?? 'command line', line: null }
  given.notices.push(...checkMembership(membership, standaloneEnabled, membershipOrigin))
  const myid = readMyid(values, workingDirectory)
  const settings = buildSettings({ values, given, membership, myid, configFile, dynamicConfigFile, workingDirectory })
  warnOfRelativePaths(given, values)
  return { settings: freezeDeep(settings), notices: given.notices }
}

function addEnvironment(given: GivenSettings, env: LaunchInput['env']): void {
  const unused: string[] = []
  for (const name of ['SERVER_JVMFLAGS', 'JVMFLAGS']) {
    const { definitions, jvmOptions } = parseJvmFlags(env[name] ?? '', name)
    given.addDefinitions(definitions)
    // zkServer.sh turns -Xmx into Node's --max-old-space-size.
    unused.push(...jvmOptions.filter((option) => !option.startsWith('-Xmx')))
  }
  if (unused.length > 0) {
    given.notices.push({ level: 'info', message: `options for a JVM have no effect here: ${unused.join(' ')}` })
  }
  if ((env.ZOO_DATADIR_AUTOCREATE_DISABLE ?? '') !== '') {
    given.addDefinitions([
      { name: 'zookeeper.datadir.autocreate', value: 'false', source: 'ZOO_DATADIR_AUTOCREATE_DISABLE' }
    ])
  }
}

/** @returns absolute path of the main file, or null when there is none */
function addConfigFile(given: GivenSettings, { configPath }: CommandLine, workingDirectory: string): string | null {
  if (configPath === null) return null
  const absolute = resolve(workingDirectory, configPath)
  const isDirectory = isDirectoryAt(absolute)
  const file = isDirectory ? join(absolute, 'zoo.cfg') : absolute
  const shownAs = isDirectory ? join(configPath, 'zoo.cfg') : configPath
  given.addFile(readProperties(given, file, shownAs), shownAs)
  return file
}

function isDirectoryAt(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    // Reading it says in one line what is wrong.
    return false
  }
}

/**
 * Entries of a properties file. compat: as Java, bytes are ISO-8859-1.
 *
 * @param shownAs  its name in messages: as the operator gave it
 */
function readProperties(given: GivenSettings, file: string, shownAs: string): PropertyEntry[] {
  const bytes = readBytes(file, shownAs)
  // Editors put a byte order mark there; Java would take it for a part of the first key.
  const start = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0
  try {
    const entries = parseProperties(bytes.toString('latin1', start))
    for (const { key, value, line } of entries) {
      if (!/[\u0080-\u00ff]/.test(key + value)) continue
      given.warn(`${key} has characters beyond ASCII, read as ISO-8859-1 as in Java; write \\uXXXX`, {
        source: shownAs,
        line
      })
    }
    return entries
  } catch (error) {
    if (!(error instanceof PropertiesSyntaxError)) throw error
    throw new ConfigError(error.message, { source: shownAs, line: error.line }, null, { cause: error })
  }
}

function readBytes(file: string, shownAs: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const { message } = cause as NodeJS.ErrnoException // the file system throws nothing else
    throw new ConfigError(`cannot read the configuration file: ${message}`, { source: shownAs, line: null }, null, {
      cause
    })
  }
}

function resolveAll(given: GivenSettings): ConfigValues {
  const values = Object.entries(keyTables).map(([area, table]) => [area, given.resolve(table)])
  return Object.fromEntries(values) as ConfigValues // area by area from the same tables
}

/** Lines of the dynamic file, with the version that its name ends in. */
function readDynamicFile(given: GivenSettings, file: string, shownAs: string): MembershipLine[] {
  const misplaced = given.membership[0]
  if (misplaced !== undefined) {
    throw new ConfigError(
      `${misplaced.key} must be in the dynamic configuration file ${shownAs}`,
      misplaced.origin,
      misplaced.key
    )
  }
  const lines = new Map<string, MembershipLine>()
  for (const entry of readProperties(given, file, shownAs)) {
    const key = entry.key.trim()
    const origin = { source: shownAs, line: entry.line }
    if (key === 'version') {
      throw new ConfigError('the version is told by the name of the file, not by a line', origin, key)
    }
    if (!/^(server\.|group|weight)/.test(key)) {
      throw new ConfigError(`${key} is not allowed here, only server.N, group.N and weight.N are`, origin, key)
    }
    lines.set(key, { key, value: entry.value.trim(), origin })
  }
  const version = /\.([0-9a-fA-F]{1,16})$/.exec(file)?.[1]
  return version === undefined
    ? [...lines.values()]
    : [...lines.values(), { key: 'version', value: version, origin: { source: shownAs, line: null } }]
}

/** @returns the content of `dataDir/myid`, or null without that file */
function readMyid(values: ConfigValues, workingDirectory: string): number | null {
  if (values.storage.dataDir === null) return null
  const file = join(resolve(workingDirectory, values.storage.dataDir), 'myid')
  if (!(statSync(file, { throwIfNoEntry: false })?.isFile() ?? false)) return null
  const text = (readFileSync(file, 'latin1').split(/\r\n|\r|\n/)[0] ?? '').trim()
  const origin = { source: file, line: 1 }
  // No line can be of a negative id, but a standalone server does not use its id.
  if (!/^-?\d+$/.test(text) || Math.abs(Number(text)) > SERVER_ID_MAX) {
    throw new ConfigError(
      `myid: "${text}" is not allowed, it must be a whole number from 0 to ${SERVER_ID_MAX}`,
      origin,
      'myid'
    )
  }
  // The highest byte of an ephemeral owner is taken by TTL nodes, and a session id begins with the server's id.
  if (values.tree.extendedTypesEnabled && Number(text) > 254) {
    throw new ConfigError('myid: with extendedTypesEnabled it must not be larger than 254', origin, 'myid')
  }
  return Number(text)
}

function warnOfRelativePaths(given: GivenSettings, values: ConfigValues): void {
  for (const key of [keyTables.storage.dataDir, keyTables.storage.dataLogDir]) {
    const path = key.name === 'dataDir' ? values.storage.dataDir : values.storage.dataLogDir
    const origin = given.find(key)?.origin
    if (path === null || origin === undefined || /^[./]/.test(path)) continue
    given.warn(`${key.name}: ${path} depends on the working directory; begin it with ./ if that is meant`, origin)
  }
}

function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) freezeDeep(member)
  return Object.freeze(value)
}
