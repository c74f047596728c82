/** What the environment says in the words of a Java program. */
export interface JvmFlags {
  /** Settings given as `-Dkey=value`. */
  readonly properties: ReadonlyMap<string, string>
  /** Options that mean something to a Java machine only. */
  readonly ignored: readonly string[]
}

/** Variables that upstream's script hands to Java, in that order; the last setting of a key holds. */
const VARIABLES = ['CLIENT_JVMFLAGS', 'JVMFLAGS'] as const

/** What the start script has turned into an option of Node. */
const HEAP_OPTION = /^-Xmx\d/

/** Reads the flags that upstream's `zkCli.sh` would give to Java. */
export function readJvmFlags(environment: NodeJS.ProcessEnv): JvmFlags {
  const properties = new Map<string, string>()
  const ignored: string[] = []
  for (const word of VARIABLES.flatMap((name) => (environment[name] ?? '').split(/\s+/))) {
    const setting = /^-D([^=]+)(?:=(.*))?$/s.exec(word)
    if (setting?.[1] !== undefined) properties.set(setting[1], setting[2] ?? '')
    else if (word !== '' && !HEAP_OPTION.test(word)) ignored.push(word)
  }
  return { properties, ignored }
}
