import { capitalize, typeName } from '../naming.ts'
import type { JuteType, RecordSchema } from '../schema.ts'
import type { TypeScriptOptions } from './options.ts'

/** Functions generated per record. */
export type RecordFunction = 'decode' | 'encode' | 'skip' | 'get' | 'put'

/** Names used by one generated file, and the imports and helper functions that they call for. */
export class ModuleScope {
  readonly options: TypeScriptOptions
  readonly #module: string
  readonly #localNames: ReadonlySet<string>
  readonly #files: ReadonlyMap<string, string>
  readonly #runtime = new Set<string>()
  readonly #imports = new Map<string, Set<string>>()
  readonly #importedAs = new Map<string, RecordSchema>()
  readonly #containers = new Map<string, { readonly type: JuteType; readonly functions: Set<string> }>()

  /** @param files file of each module, without its extension */
  constructor(
    module: string,
    localNames: ReadonlySet<string>,
    files: ReadonlyMap<string, string>,
    options: TypeScriptOptions
  ) {
    this.#module = module
    this.#localNames = localNames
    this.#files = files
    this.options = options
  }

  /** A function of the runtime, imported from now on. */
  runtimeFunction(name: string): string {
    this.#runtime.add(name)
    return name
  }

  /** A type of the runtime, imported from now on. */
  runtimeType(name: 'JuteReader' | 'JuteWriter'): string {
    this.#runtime.add(`type ${name}`)
    return name
  }

  /** The interface of a record. */
  typeOf(record: RecordSchema): string {
    const local = this.#localName(record)
    const name = typeName(record)
    this.#import(record, local === name ? `type ${name}` : `type ${name} as ${local}`)
    return local
  }

  /** A function of a record. */
  functionOf(kind: RecordFunction, record: RecordSchema): string {
    const local = `${kind}${this.#localName(record)}`
    const name = `${kind}${typeName(record)}`
    this.#import(record, local === name ? name : `${name} as ${local}`)
    return local
  }

  /** A function of this file for a vector or a map type, written at its end. */
  containerFunction(kind: 'decode' | 'encode' | 'skip', type: JuteType): string {
    const name = this.#containerName(type)
    const entry = this.#containers.get(name) ?? { type, functions: new Set<string>() }
    this.#containers.set(name, entry)
    entry.functions.add(kind)
    return `${kind}${name}`
  }

  /** The containers met so far whose functions of that kind were asked for. */
  containers(): Iterable<{ readonly name: string; readonly type: JuteType; readonly functions: ReadonlySet<string> }> {
    return [...this.#containers].map(([name, entry]) => ({ name, ...entry }))
  }

  importLines(): string[] {
    const { importExtension, runtime } = this.options
    const clauses = [...this.#imports].map(([file, names]) => ({ from: `./${file}${importExtension}`, names }))
    return [{ from: runtime, names: this.#runtime }, ...clauses.sort((a, b) => (a.from < b.from ? -1 : 1))].map(
      ({ from, names }) => importLine([...names].sort(byImportedName), from)
    )
  }

  #containerName(type: JuteType): string {
    switch (type.kind) {
      case 'primitive':
        return capitalize(type.name)
      case 'vector':
        return `VectorOf${this.#containerName(type.item)}`
      case 'map':
        return `MapOf${this.#containerName(type.key)}To${this.#containerName(type.value)}`
      case 'record':
        return this.#localName(type.record)
    }
  }

  #localName(record: RecordSchema): string {
    const name = typeName(record)
    if (record.module === this.#module) return name
    let local = name
    for (const segment of record.module.split('.').reverse()) {
      const owner = this.#importedAs.get(local)
      if (owner === record || (owner === undefined && !this.#localNames.has(local))) break
      local = capitalize(segment) + local
    }
    this.#importedAs.set(local, record)
    return local
  }

  #import(record: RecordSchema, clause: string): void {
    if (record.module === this.#module) return
    const file = this.#files.get(record.module) ?? record.module
    const names = this.#imports.get(file) ?? new Set<string>()
    this.#imports.set(file, names.add(clause))
  }
}

function byImportedName(a: string, b: string): number {
  return a.replace(/^type /, '') < b.replace(/^type /, '') ? -1 : 1
}

function importLine(names: readonly string[], from: string): string {
  const allTypes = names.every((name) => name.startsWith('type '))
  const clause = names.map((name) => (allTypes ? name.replace(/^type /, '') : name)).join(', ')
  return `import ${allTypes ? 'type ' : ''}{ ${clause} } from '${from}'`
}
