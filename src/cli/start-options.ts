/** What the shell was started with. */
export interface StartOptions {
  readonly server: string
  /** Session timeout as given, in milliseconds. */
  readonly timeout: string
  readonly readOnly: boolean
  readonly waitsForConnection: boolean
  /** Properties file with client settings, or null. */
  readonly clientConfiguration: string | null
  /** Command to run instead of reading commands: its words; null for none. */
  readonly command: readonly string[] | null
  /** What is wrong with the options, or null. */
  readonly problem: string | null
}

/**
 * Parses the shell's arguments: options, then perhaps a command with its own.
 *
 * compat: as in upstream's shell an unknown option is passed over, and one without its value is reported and otherwise
 * ignored.
 */
export function parseStartOptions(args: readonly string[]): StartOptions {
  const found = {
    server: 'localhost:2181',
    timeout: '30000',
    readOnly: false,
    waitsForConnection: false,
    clientConfiguration: null as string | null
  }
  const rest = [...args]
  for (let option = rest.shift(); option !== undefined; option = rest.shift()) {
    if (!option.startsWith('-')) return { ...found, command: [option, ...rest], problem: null }
    if (option === '-r') found.readOnly = true
    else if (option === '-waitforconnection') found.waitsForConnection = true
    else if (option === '-server' || option === '-timeout' || option === '-client-configuration') {
      const value = rest.shift()
      if (value === undefined) {
        return { ...found, command: null, problem: `Error: no argument found for option ${option}` }
      }
      if (option === '-server') found.server = value
      else if (option === '-timeout') found.timeout = value
      else found.clientConfiguration = value
    }
  }
  return { ...found, command: null, problem: null }
}
