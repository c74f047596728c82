/**
 * Java's properties format, as `java.util.Properties.load` reads it, with the line of each entry kept for messages.
 *
 * ```
 * # comment        ! comment
 * key=value        key = value      key:value      key value
 * long=first, \
 *      second                       a backslash at the end joins lines, and drops the next one's indent
 * \u00e9 \t \n \r \f \= \: \#       escapes, in keys and values
 * ```
 * Nothing is expanded: `${...}` is text. Values keep their trailing blanks.
 */
export interface PropertyEntry {
  readonly key: string
  readonly value: string
  /** Line on which the entry starts, from 1. */
  readonly line: number
}

export class PropertiesSyntaxError extends Error {
  readonly code = 'BAD_PROPERTIES_SYNTAX'
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/**
 * All entries in the order of the text, repeated keys too (in Java the last one counts).
 *
 * @throws PropertiesSyntaxError at a malformed `\uXXXX`
 */
export function parseProperties(text: string): PropertyEntry[] {
  const entries: PropertyEntry[] = []
  const lines = text.split(/\r\n|\r|\n/)
  for (let index = 0; index < lines.length; index++) {
    const first = index
    let logical = trimStart(lines[index] ?? '')
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue
    while (endsWithOddBackslashes(logical)) {
      index++
      // A file that ends in a backslash has nothing to join, and the backslash goes.
      logical = logical.slice(0, -1) + trimStart(lines[index] ?? '')
      if (index >= lines.length) break
    }
    if (logical !== '') entries.push(splitEntry(logical, first + 1))
  }
  return entries
}

function trimStart(line: string): string {
  return line.replace(/^[ \t\f]+/, '')
}

function endsWithOddBackslashes(line: string): boolean {
  let count = 0
  while (line[line.length - 1 - count] === '\\') count++
  return count % 2 === 1
}

function splitEntry(logical: string, line: number): PropertyEntry {
  let keyEnd = 0
  while (keyEnd < logical.length && !isOneOf(logical[keyEnd], '=: \t\f')) keyEnd += logical[keyEnd] === '\\' ? 2 : 1
  keyEnd = Math.min(keyEnd, logical.length)
  let valueStart = skipBlanks(logical, keyEnd)
  if (isOneOf(logical[valueStart], '=:')) valueStart = skipBlanks(logical, valueStart + 1)
  return {
    key: unescapeText(logical.slice(0, keyEnd), line),
    value: unescapeText(logical.slice(valueStart), line),
    line
  }
}

function isOneOf(char: string | undefined, chars: string): boolean {
  return char !== undefined && chars.includes(char)
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (isOneOf(text[at], ' \t\f')) at++
  return at
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescapeText(text: string, line: number): string {
  if (!text.includes('\\')) return text
  let result = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char !== '\\') {
      result += char
      continue
    }
    at++
    const escaped = text[at] ?? ''
    if (escaped === 'u') {
      const digits = text.slice(at + 1, at + 5)
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
        throw new PropertiesSyntaxError(
          line,
          `malformed \\uXXXX escape "\\u${digits}": four hexadecimal digits must follow`
        )
      }
      result += String.fromCharCode(Number.parseInt(digits, 16))
      at += 4
    } else {
      result += ESCAPES[escaped] ?? escaped
    }
  }
  return result
}
