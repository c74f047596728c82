import type { Definition } from './command-line.ts'
import { ConfigError, type ConfigNotice, describeOrigin, type Origin } from './config-error.ts'
import type { ConfigKey, ValuesOf } from './config-key.ts'
import { allKeys } from './keys/all-keys.ts'
import { skippedKeys, skippedPrefixes } from './keys/skipped-keys.ts'
import type { PropertyEntry } from './properties.ts'
import { closestSpelling } from './spelling.ts'
import { INVALID } from './value-type.ts'

export interface Given {
  readonly value: string
  readonly origin: Origin
}

const fileKeyNames = new Set(allKeys.filter((key) => key.kind === 'file').map((key) => key.name))
const propertyNames = new Set(allKeys.flatMap((key) => key.properties))
const whySkipped = new Map(
  skippedKeys.flatMap(({ why, names, properties = [] }) =>
    [...names.map((name) => `zookeeper.${name}`), ...properties].map((name): [string, string] => [name, why])
  )
)
/** Families of properties: `authProvider.1`, `superUser.1`, `prefixLimit.tenant`. */
const propertyFamily = /^zookeeper\.(authProvider|superUser|prefixLimit)\./
/** Lines of the membership, which go elsewhere: `server.1`, `group.1`, `weight.1`, and the version of them all. */
const membershipKey = /^(server\.|group|weight|version$)/

/**
 * All that was configured, as text with its origin, before types: what the file's own keys are, and the system properties
 * in effect. Keys without an effect are told of here, once each.
 */
export class GivenSettings {
  readonly fileKeys = new Map<string, Given>()
  readonly properties = new Map<string, Given>()
  readonly membership: (PropertyEntry & { readonly origin: Origin })[] = []
  readonly notices: ConfigNotice[] = []
  readonly #remarkedOn = new Set<string>()

  /** System properties of `-D`; later ones replace earlier ones. */
  addDefinitions(definitions: readonly Definition[]): void {
    for (const { name, value, source } of definitions) {
      const origin = { source, line: null }
      this.properties.set(name, { value: value.trim(), origin })
      const isOurs = name.startsWith('zookeeper.') || whySkipped.has(name)
      if (isOurs && !propertyNames.has(name) && !propertyFamily.test(name))
        this.#remarkOnProperty(name, `-D${name}`, origin)
    }
  }

  /** Keys given as arguments; they stand for a file. */
  addFileKeys(fileKeys: ReadonlyMap<string, string>, source: string): void {
    for (const [name, value] of fileKeys) this.fileKeys.set(name, { value, origin: { source, line: null } })
  }

  /** Entries of the main file. A key that is not the file's own becomes the system property `zookeeper.` + key. */
  addFile(entries: readonly PropertyEntry[], source: string): void {
    const lineOf = new Map<string, number>()
    for (const entry of entries) {
      const key = entry.key.trim()
      const given = { value: entry.value.trim(), origin: { source, line: entry.line } }
      const before = lineOf.get(key)
      if (before !== undefined) this.warn(`${key} was given in line ${before} too; this one counts`, given.origin)
      lineOf.set(key, entry.line)
      if (membershipKey.test(key)) {
        const repeated = this.membership.findIndex((line) => line.key === key)
        if (repeated >= 0) this.membership.splice(repeated, 1)
        this.membership.push({ ...entry, ...given, key })
      } else if (fileKeyNames.has(key)) {
        this.fileKeys.set(key, given)
      } else {
        const property = `zookeeper.${key}`
        this.properties.set(property, given)
        if (!propertyNames.has(property) && !propertyFamily.test(property))
          this.#remarkOnProperty(property, key, given.origin)
      }
    }
  }

  /** The value of each key of a table: given and of its type, or the default. @throws ConfigError */
  resolve<Table extends { readonly [id: string]: ConfigKey<unknown> }>(table: Table): ValuesOf<Table> {
    const values: Record<string, unknown> = {}
    for (const [id, key] of Object.entries(table)) values[id] = this.#valueOf(key)
    return values as ValuesOf<Table> // each was parsed by its own key's type
  }

  /** What was given for a key, under whichever of its names; undefined if nothing was. */
  find(key: ConfigKey<unknown>): Given | undefined {
    for (const property of key.properties) {
      const given = this.properties.get(property)
      if (given !== undefined) return given
    }
    return key.kind === 'file' ? this.fileKeys.get(key.name) : undefined
  }

  warn(message: string, origin: Origin): void {
    this.notices.push({ level: 'warn', message: `${describeOrigin(origin)}: ${message}` })
  }

  #valueOf(key: ConfigKey<unknown>): unknown {
    const given = this.find(key)
    if (given === undefined) return key.defaultValue
    const value = key.type.parse(given.value, (remark) => this.warn(`${key.name}: ${remark}`, given.origin))
    if (value !== INVALID) return value
    throw new ConfigError(
      `${key.name}: "${given.value}" is not allowed, it must be ${key.type.allowed}`,
      given.origin,
      key.name
    )
  }

  #remarkOnProperty(property: string, written: string, origin: Origin): void {
    if (this.#remarkedOn.has(property)) return
    this.#remarkedOn.add(property)
    const short = property.slice('zookeeper.'.length)
    const why = whySkipped.get(property) ?? skippedPrefixes.find(({ prefix }) => short.startsWith(prefix))?.why
    if (why !== undefined) {
      this.notices.push({ level: 'info', message: `${describeOrigin(origin)}: ${written} has no effect: ${why}` })
    } else if (fileKeyNames.has(short)) {
      this.warn(`${written} has no effect: ${short} is read from the configuration file only`, origin)
    } else {
      const suggestion = closestSpelling(short.replace(/^zookeeper\./, ''), spellings)
      const hint = suggestion === null ? '' : `; did you mean ${suggestion}?`
      this.warn(`unknown key ${written} is kept as the property ${property}, without effect${hint}`, origin)
    }
  }
}

/** Everything that may be written in the file. */
const spellings: readonly string[] = [
  ...new Set([
    ...allKeys.map((key) => key.name),
    ...[...propertyNames]
      .filter((name) => name.startsWith('zookeeper.'))
      .map((name) => name.slice('zookeeper.'.length)),
    ...skippedKeys.flatMap((group) => group.names)
  ])
]
