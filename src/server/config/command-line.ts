import { ConfigError } from './config-error.ts'

/** What the server was started with, before anything is read. */
export interface CommandLine {
  /** Main file (or a directory that holds `zoo.cfg`); null when the settings themselves were given. */
  readonly configPath: string | null
  /** File keys given as arguments, as `clientPort` and `dataDir`. */
  readonly fileKeys: ReadonlyMap<string, string>
  /** `-Dname=value` options in their order. */
  readonly definitions: readonly Definition[]
}

export interface Definition {
  readonly name: string
  readonly value: string
  readonly source: string
}

export const USAGE =
  'usage: zoonode [-Dproperty=value ...] {[--config] FILE | port dataDir [tickTime] [maxClientCnxns]}'

const POSITIONAL_KEYS = ['clientPort', 'dataDir', 'tickTime', 'maxClientCnxns']

/**
 * Reads the arguments after the script's name: `FILE`, `--config FILE`, or, as `ZooKeeperServerMain`,
 * `port dataDir [tickTime] [maxClientCnxns]`, with any number of `-Dname=value` before and between.
 *
 * @throws ConfigError with the usage
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const definitions: Definition[] = []
  const positional: string[] = []
  let configPath: string | null = null
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? ''
    if (arg.startsWith('-D')) {
      const definition = parseDefinition(arg, 'command line')
      if (definition !== null) definitions.push(definition)
    } else if (arg === '--config' || arg.startsWith('--config=')) {
      const path = arg === '--config' ? args[++index] : arg.slice('--config='.length)
      if (path === undefined || path === '') throw new ConfigError(`--config needs a file; ${USAGE}`)
      configPath = path
    } else if (arg.startsWith('-')) {
      throw new ConfigError(`unknown option ${arg}; ${USAGE}`)
    } else {
      positional.push(arg)
    }
  }
  if (configPath === null && positional.length === 1)
    return { configPath: positional[0] ?? null, fileKeys: new Map(), definitions }
  const isArgumentForm = configPath === null && positional.length >= 2 && positional.length <= POSITIONAL_KEYS.length
  if (!isArgumentForm && (configPath === null || positional.length > 0)) throw new ConfigError(USAGE)
  return {
    configPath,
    fileKeys: new Map(positional.map((value, index) => [POSITIONAL_KEYS[index] ?? '', value])),
    definitions
  }
}

/** `-Dname=value`; a name without value counts as the empty text, as for the JVM; null without a name. */
function parseDefinition(option: string, source: string): Definition | null {
  const equals = option.indexOf('=')
  const name = equals < 0 ? option.slice(2) : option.slice(2, equals)
  return name === '' ? null : { name, value: equals < 0 ? '' : option.slice(equals + 1), source }
}

export interface JvmFlags {
  readonly definitions: readonly Definition[]
  /** Options that only a JVM understands, such as `-Xmx1g`. */
  readonly jvmOptions: readonly string[]
}

/** Splits the text of SERVER_JVMFLAGS or JVMFLAGS at blanks, without quotes, as upstream's scripts do. */
export function parseJvmFlags(flags: string, source: string): JvmFlags {
  const definitions: Definition[] = []
  const jvmOptions: string[] = []
  for (const option of flags.split(/\s+/).filter((word) => word !== '')) {
    const definition = option.startsWith('-D') ? parseDefinition(option, source) : null
    if (definition === null) jvmOptions.push(option)
    else definitions.push(definition)
  }
  return { definitions, jvmOptions }
}
