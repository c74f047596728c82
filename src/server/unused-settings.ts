/**
 * Settings that are read, checked and kept, and change nothing on this server: who gives one is told so, in one line
 * for each group. (Keys that upstream has for the Java server alone are in `config/keys/skipped-keys.ts`.)
 */
interface UnusedSettings {
  /** To follow "has no effect: ". */
  readonly why: string
  /** Names of properties without `zookeeper.`. */
  readonly names: readonly string[]
}

const unusedSettings: readonly UnusedSettings[] = [
  { why: 'the files of the log grow by themselves', names: ['preAllocSize'] },
  { why: 'a snapshot always tells its zxid', names: ['serializeLastProcessedZxid.enabled'] },
  {
    why: 'replies are encoded straight from the tree; long lists of children are kept encoded in any case',
    names: ['maxResponseCacheSize', 'maxGetChildrenResponseCacheSize']
  },
  {
    why: 'ACLs are checked before anything is logged or proposed, by the server that does it',
    names: ['enableEagerACLCheck']
  },
  {
    why: 'reads wait for writes of their own session only, and all commits of a turn are applied together',
    names: ['commitProcessor.maxReadBatchSize', 'commitProcessor.maxCommitBatchSize']
  },
  { why: 'paths are not sampled', names: ['pathStats.enabled'] }
]

const PREFIX = 'zookeeper.'

/**
 * One line for each group of unused settings of which some were given.
 *
 * @param properties system properties in effect, by their full names
 */
export function describeUnusedSettings(properties: ReadonlyMap<string, string>): string[] {
  const given: string[] = []
  for (const property of properties.keys()) {
    if (!property.startsWith(PREFIX)) continue
    given.push(property.slice(PREFIX.length))
  }
  return unusedSettings.flatMap(({ why, names }) => {
    const found = given.filter((name) => names.includes(name))
    if (found.length === 0) return []
    return `${found.sort().join(', ')} ${found.length === 1 ? 'has' : 'have'} no effect: ${why}`
  })
}
