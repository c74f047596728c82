import type { ValueType } from './value-type.ts'

/**
 * One setting as an operator may write it. The tables in `keys/` are made of these; there is no other list of keys.
 *
 * - A *file key* is read from `zoo.cfg` only, as upstream's parser knows it.
 * - A *property key* is a Java system property. Written as K in `zoo.cfg` it becomes the property `zookeeper.K`, which then
 *   wins over the same property given by `-D`, as upstream.
 */
export interface ConfigKey<T> {
  /** As upstream's documentation spells it in `zoo.cfg`. */
  readonly name: string
  readonly kind: 'file' | 'property'
  /**
   * Full names of the system properties that are read, the first one found wins. A property key has the one that upstream's
   * code reads first, then spellings that upstream documents but ignores (`zookeeper.` + name), honoured here.
   */
  readonly properties: readonly string[]
  readonly type: ValueType<T>
  readonly defaultValue: T
  /** How the documentation gives the default. */
  readonly defaultText: string
  /** '' where there is none. */
  readonly unit: string
  /** How much a drop-in replacement needs it. */
  readonly tag: 'must' | 'should'
  /** What it does, in a few words. */
  readonly about: string
}

interface KeyOptions {
  /** '' if not given. */
  readonly unit?: string
  /** By default the default value in text. */
  readonly defaultText?: string
}

interface PropertyOptions extends KeyOptions {
  /** What upstream's code reads, where it is not `zookeeper.` + name; several in their order. */
  readonly property?: string | readonly string[]
}

/** A key that upstream's `QuorumPeerConfig` reads from the file by itself. */
export function fileKey<T>(
  tag: ConfigKey<T>['tag'],
  name: string,
  type: ValueType<T>,
  defaultValue: T,
  about: string,
  options: PropertyOptions = {}
): ConfigKey<T> {
  const properties = options.property === undefined ? [] : [options.property].flat()
  return { ...shared(tag, name, type, defaultValue, about, options), kind: 'file', properties }
}

/** A key that is a system property. */
export function propertyKey<T>(
  tag: ConfigKey<T>['tag'],
  name: string,
  type: ValueType<T>,
  defaultValue: T,
  about: string,
  options: PropertyOptions = {}
): ConfigKey<T> {
  const properties = new Set([options.property ?? []].flat())
  properties.add(`zookeeper.${name}`)
  return { ...shared(tag, name, type, defaultValue, about, options), kind: 'property', properties: [...properties] }
}

function shared<T>(
  tag: ConfigKey<T>['tag'],
  name: string,
  type: ValueType<T>,
  defaultValue: T,
  about: string,
  options: KeyOptions
) {
  const defaultText = options.defaultText ?? (defaultValue === null ? 'none' : String(defaultValue))
  return { tag, name, type, defaultValue, about, unit: options.unit ?? '', defaultText }
}

/** What a table of keys gives: a value for each. */
export type ValuesOf<Table> = { readonly [Id in keyof Table]: Table[Id] extends ConfigKey<infer T> ? T : never }
