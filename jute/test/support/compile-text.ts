import { compile, type TypeScriptOptions } from '../../src/compiler/index.ts'

/** Compiles sources given by name; the first is named on the command line. Gives the texts of the files written. */
export function compileText(
  sources: Readonly<Record<string, string>>,
  options: Partial<TypeScriptOptions> = {}
): Record<string, string> {
  const [first] = Object.keys(sources)
  const read = (name: string): string => {
    const text = sources[name]
    if (text === undefined) throw new Error(`no such file: ${name}`)
    return text
  }
  const files = compile(first === undefined ? [] : [first], read, options)
  return Object.fromEntries(files.map(({ name, text }) => [name, text]))
}
