import { JaasError } from './jaas-error.ts'

/** A word, a quoted text, or one of the signs `{ } = ;`. */
export interface JaasToken {
  readonly kind: 'word' | 'quoted' | 'sign'
  readonly text: string
  readonly line: number
}

/** Also the line where the file ends, for what is missing there. */
export interface JaasTokens {
  readonly tokens: readonly JaasToken[]
  readonly lastLine: number
}

const PIECE = /(\s+)|\/\/[^\n]*|#[^\n]*|(\/\*[\s\S]*?\*\/)|([{}=;])|"((?:[^"\\\n]|\\[^\n])*)"|([^\s{}=;"]+)/y
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

/**
 * Splits the text of a JAAS file. Comments are those of C, C++ and the shell.
 *
 * @throws JaasError for a text in quotes, or a comment, that does not end
 */
export function jaasTokens(text: string): JaasTokens {
  const tokens: JaasToken[] = []
  let line = 1
  let at = 0
  while (at < text.length) {
    PIECE.lastIndex = at
    const piece = PIECE.exec(text)
    if (piece === null) throw new JaasError('a quote does not end on its line', line)
    const [whole, , , sign, quoted, word] = piece
    if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, line })
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: unquoted(quoted), line })
    else if (word?.startsWith('/*')) throw new JaasError('a comment does not end', line)
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, line })
    line += whole.split('\n').length - 1
    at += whole.length
  }
  return { tokens, lastLine: line }
}

/** compat: as Java's StreamTokenizer reads a quoted text, octal numbers included. */
function unquoted(text: string): string {
  return text.replace(/\\([0-3][0-7]{2}|[0-7]{1,2}|[\s\S])/g, (_, escaped: string) =>
    /^[0-7]/.test(escaped) ? String.fromCharCode(Number.parseInt(escaped, 8)) : (ESCAPES[escaped] ?? escaped)
  )
}
