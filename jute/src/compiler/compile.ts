import { posix } from 'node:path'
import { check } from './checker.ts'
import { JuteCompileError, type SourceSpan } from './compile-error.ts'
import { parse } from './parser.ts'
import type { Schema } from './schema.ts'
import type { FileSyntax } from './syntax.ts'
import { type GeneratedFile, generateTypeScript } from './typescript/generate.ts'
import { DEFAULT_OPTIONS, type TypeScriptOptions } from './typescript/options.ts'

/** Gives the text of a file. Throws if there is none. */
export type ReadSource = (name: string) => string

/**
 * Compiles files, and those that they include, to one TypeScript file for each module.
 *
 * @param names files, with slashes between folders
 * @throws JuteCompileError for mistakes in them; what `read` throws for a missing file of `names`
 */
export function compile(
  names: readonly string[],
  read: ReadSource,
  options: Partial<TypeScriptOptions> = {}
): GeneratedFile[] {
  return generateTypeScript(loadSchema(names, read), { ...DEFAULT_OPTIONS, ...options })
}

/** Parses and checks files together with those that they include. Each file is read once. */
export function loadSchema(names: readonly string[], read: ReadSource): Schema {
  const files = new Map<string, FileSyntax | null>()
  const load = (name: string, included: SourceSpan | null): void => {
    if (files.has(name)) return
    const text = included === null ? read(name) : readIncluded(read, name, included)
    files.set(name, null) // an include that leads back here finds the file under way
    const syntax = parse({ name, text })
    files.set(name, syntax)
    for (const { path, span } of syntax.includes) {
      load(posix.isAbsolute(path) ? path : posix.join(posix.dirname(name), path), span)
    }
  }
  for (const name of names) load(posix.normalize(name), null)
  return check([...files.values()].filter((file) => file !== null))
}

function readIncluded(read: ReadSource, name: string, included: SourceSpan): string {
  try {
    return read(name)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new JuteCompileError(`cannot read the included file ${name}: ${reason}`, included)
  }
}
