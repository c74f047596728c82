import type { ModuleSchema, RecordSchema } from './schema.ts'

/**
 * Names that a generated type cannot have: words of TypeScript that may not name an interface, and the types that
 * generated files use themselves. A record of such a name gets an underscore after it.
 */
const TAKEN_TYPE_NAMES = new Set(
  (
    'any as async await bigint boolean break case catch class const continue debugger default delete do else enum export ' +
    'extends false finally for function if implements import in infer instanceof interface intrinsic is keyof let module ' +
    'namespace never new null number object of package private protected public readonly return satisfies static string ' +
    'super switch symbol this throw true try type typeof undefined unknown var void while with yield ' +
    'Array BigInt Boolean Buffer JuteReader JuteWriter Map Number String Uint8Array'
  ).split(' ')
)

/** Name of the generated interface. */
export function typeName(record: RecordSchema): string {
  return TAKEN_TYPE_NAMES.has(record.name) ? `${record.name}_` : record.name
}

/** `CreateTTLRequest` as `CREATE_TTL_REQUEST`. */
export function constantName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toUpperCase()
}

export function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** File of each module, without its extension: the last segment of the name, or as many more as tell modules apart. */
export function fileNames(modules: readonly ModuleSchema[]): Map<string, string> {
  const suffix = (name: string, segments: number): string => name.split('.').slice(-segments).join('-')
  const names = modules.map((module) => module.name)
  return new Map(
    names.map((name) => {
      const clashes = (segments: number): boolean =>
        names.some((other) => other !== name && sameFile(suffix(other, segments), suffix(name, segments)))
      let segments = 1
      while (clashes(segments) && segments < name.split('.').length) segments++
      return [name, suffix(name, segments)]
    })
  )
}

/** Some file systems do not tell cases apart. */
function sameFile(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
