import { JuteCompileError, type SourceFile, type SourceSpan } from './compile-error.ts'

export type TokenKind = 'word' | 'string' | 'symbol' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** The word, the symbol, or what is between the quotes. */
  readonly text: string
  readonly span: SourceSpan
  /** Text of the comments right above the token, without their marks; empty if there are none. */
  readonly doc: string
  /** Text of a comment after the token on its line. */
  trailingDoc: string
}

const SPACE = /[ \t\r\n\f]+/y
const COMMENT = /\/\/[^\r\n]*|\/\*[\s\S]*?\*\//y
const WORD = /[A-Za-z][A-Za-z0-9_]*/y
const STRING = /"([^"\r\n]*)"/y
const SYMBOL = /[{};<>,.]/y

/** Cuts a source file into tokens, the last of them of kind `end`. */
export function tokenize(file: SourceFile): Token[] {
  const tokens: Token[] = []
  const { text } = file
  let comments: string[] = []
  let newlines = 0 // since the last token or comment
  let offset = 0

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset
    return pattern.exec(text)
  }
  const add = (kind: TokenKind, tokenText: string, length: number): void => {
    const doc = newlines > 1 ? '' : comments.join('\n')
    tokens.push({ kind, text: tokenText, span: { file, start: offset, end: offset + length }, doc, trailingDoc: '' })
    comments = []
    newlines = 0
    offset += length
  }

  while (offset < text.length) {
    const space = match(SPACE)
    if (space !== null) {
      newlines += countNewlines(space[0])
      offset += space[0].length
      continue
    }
    const comment = match(COMMENT)
    if (comment !== null) {
      const last = tokens.at(-1)
      if (newlines > 1) comments = [] // a blank line parts a comment from what follows it
      if (last !== undefined && newlines === 0 && comments.length === 0) last.trailingDoc = commentText(comment[0])
      else comments.push(commentText(comment[0]))
      newlines = 0
      offset += comment[0].length
      continue
    }
    const word = match(WORD)
    const string = match(STRING)
    const symbol = match(SYMBOL)
    if (word !== null) add('word', word[0], word[0].length)
    else if (string !== null) add('string', string[1] ?? '', string[0].length)
    else if (symbol !== null) add('symbol', symbol[0], 1)
    else throw unexpectedText(file, offset)
  }
  add('end', '', 0)
  return tokens
}

function unexpectedText(file: SourceFile, offset: number): JuteCompileError {
  const rest = file.text.slice(offset)
  const span = { file, start: offset, end: offset + 1 }
  if (rest.startsWith('/*')) return new JuteCompileError('this comment is not closed', { ...span, end: offset + 2 })
  if (rest.startsWith('"')) return new JuteCompileError('this string is not closed', span)
  const character = String.fromCodePoint(rest.codePointAt(0) ?? 0)
  return new JuteCompileError(`unexpected character ${JSON.stringify(character)}`, span)
}

function countNewlines(space: string): number {
  return space.replaceAll('\r\n', '\n').replace(/[^\r\n]/g, '').length
}

function commentText(comment: string): string {
  if (comment.startsWith('//')) return comment.slice(2).trim()
  return comment
    .slice(2, -2)
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/^\s*\*+ ?/, '').trimEnd())
    .map((line, index) => (index === 0 ? line.trimStart() : line))
    .join('\n')
    .replace(/^\n+|\n+$/g, '')
    .trimEnd()
}
