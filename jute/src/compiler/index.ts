/** The Jute compiler as a library; `jute-ts compile` is the same on the command line. */
export { compile, loadSchema, type ReadSource } from './compile.ts'
export { JuteCompileError } from './compile-error.ts'
export type { FieldSchema, JuteType, ModuleSchema, RecordSchema, Schema } from './schema.ts'
export type { GeneratedFile } from './typescript/generate.ts'
export type { TypeScriptOptions } from './typescript/options.ts'
