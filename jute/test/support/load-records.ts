import { transformSync } from '@swc/core'
import { compile, loadSchema, type Schema } from '../../src/compiler/index.ts'
import { typeName } from '../../src/compiler/naming.ts'
import * as runtime from '../../src/index.ts'
import { codecOf, type RecordCodec } from './record-codec.ts'

export interface LoadedRecords {
  readonly schema: Schema
  /** By dotted name of module and record. */
  readonly codecs: ReadonlyMap<string, RecordCodec>
}

/** Compiles declarations and runs the generated code. */
export function loadRecords(jute: string, long: 'bigint' | 'pair' = 'bigint'): LoadedRecords {
  const read = (): string => jute
  const schema = loadSchema(['test.jute'], read)
  const files = compile(['test.jute'], read, { long })
  const load = linker(new Map(files.map(({ name, text }) => [`./${name.replace(/\.ts$/, '.js')}`, text])))
  const codecs = schema.modules.flatMap((module, index) => {
    const exports = load(`./${files[index]?.name.replace(/\.ts$/, '.js')}`)
    return module.records.map((record): [string, RecordCodec] => [
      `${module.name}.${record.name}`,
      codecOf(exports, typeName(record))
    ])
  })
  return { schema, codecs: new Map(codecs) }
}

/** Loads TypeScript files that import each other and the runtime. */
function linker(files: ReadonlyMap<string, string>): (name: string) => Record<string, unknown> {
  const loaded = new Map<string, Record<string, unknown>>()
  const load = (name: string): Record<string, unknown> => {
    if (name === 'jute-ts') return runtime
    const known = loaded.get(name)
    if (known !== undefined) return known
    const { code } = transformSync(files.get(name) ?? '', {
      jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs' }
    })
    const exports: Record<string, unknown> = {}
    loaded.set(name, exports)
    new Function('require', 'exports', code)(load, exports)
    return exports
  }
  return load
}
