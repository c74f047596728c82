/** A file of declarations. */
export interface SourceFile {
  /** Name shown in messages, and against which `include` paths are resolved. */
  readonly name: string
  readonly text: string
}

/** A range of a source file, by index into its text. */
export interface SourceSpan {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
}

/** A mistake in a `.jute` file. The message has the place, the line, and a caret under the words concerned. */
export class JuteCompileError extends Error {
  override readonly name = 'JuteCompileError'
  readonly problem: string
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number

  constructor(problem: string, span: SourceSpan) {
    const { line, column, lineText } = locate(span)
    super(`${span.file.name}:${line}:${column}: ${problem}\n${excerpt(lineText, column, span.end - span.start)}`)
    this.problem = problem
    this.file = span.file.name
    this.line = line
    this.column = column
  }
}

/** `file:line:column` of the beginning of a span. */
export function formatPlace(span: SourceSpan): string {
  const { line, column } = locate(span)
  return `${span.file.name}:${line}:${column}`
}

function locate({ file, start }: SourceSpan): { line: number; column: number; lineText: string } {
  const before = file.text.slice(0, start).split(/\r\n|\r|\n/)
  const lineStart = start - (before.at(-1) ?? '').length
  const lineText = file.text.slice(lineStart).split(/\r|\n/, 1)[0] ?? ''
  return { line: before.length, column: start - lineStart + 1, lineText }
}

function excerpt(lineText: string, column: number, length: number): string {
  const indent = lineText.slice(0, column - 1).replace(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(length, lineText.length - column + 1)))
  return `  ${lineText}\n  ${indent}${carets}`
}
