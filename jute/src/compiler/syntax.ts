import type { SourceSpan } from './compile-error.ts'

/** What the parser makes of one file: names are not resolved yet. */
export interface FileSyntax {
  readonly includes: readonly IncludeSyntax[]
  readonly modules: readonly ModuleSyntax[]
}

export interface IncludeSyntax {
  readonly path: string
  readonly span: SourceSpan
}

export interface ModuleSyntax {
  /** Dotted, such as `org.apache.zookeeper.data`. */
  readonly name: string
  readonly doc: string
  readonly span: SourceSpan
  readonly records: readonly RecordSyntax[]
}

export interface RecordSyntax {
  readonly name: string
  readonly doc: string
  readonly span: SourceSpan
  readonly fields: readonly FieldSyntax[]
}

export interface FieldSyntax {
  readonly name: string
  readonly doc: string
  readonly span: SourceSpan
  readonly type: TypeSyntax
}

export type TypeSyntax =
  | { readonly kind: 'primitive'; readonly name: PrimitiveName }
  | { readonly kind: 'vector'; readonly item: TypeSyntax }
  | { readonly kind: 'map'; readonly key: TypeSyntax; readonly value: TypeSyntax; readonly keySpan: SourceSpan }
  | { readonly kind: 'named'; readonly name: string; readonly span: SourceSpan }

export const PRIMITIVE_NAMES = ['byte', 'boolean', 'int', 'long', 'float', 'double', 'ustring', 'buffer'] as const

export type PrimitiveName = (typeof PRIMITIVE_NAMES)[number]

export function isPrimitiveName(word: string): word is PrimitiveName {
  return (PRIMITIVE_NAMES as readonly string[]).includes(word) // widened only to search for any string
}

/** Words of the language, which name nothing else. */
export const KEYWORDS: readonly string[] = ['module', 'class', 'include', 'vector', 'map', ...PRIMITIVE_NAMES]
