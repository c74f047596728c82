/** `key=value` lists of DIGEST-MD5, with one character for each byte: what the bytes mean depends on `charset`. */

/** Tells what is wrong with the other side's token. */
export class DirectiveError extends Error {}

/** Values by name in small letters. */
export type Directives = ReadonlyMap<string, string>

/** RFC 2616 separators and controls, which end a token. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what a token may not hold
const TOKEN = /[^\x00-\x20\x7f()<>@,;:\\"/[\]?={}]+/y
const SPACE = /[ \t\r\n]*/y
const COMMAS = /[ \t\r\n,]*/y
/** A backslash takes the next character as it is. */
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y
/** Java takes what a token may not hold, too, if it is not quoted. */
const UNQUOTED = /[^ \t\r\n,"]+/y

/**
 * Reads `n#(key "=" value)` of RFC 2831, section 7.
 *
 * @param repeatable the names that may come more than once; of those the first one counts
 * @throws DirectiveError
 */
export function parseDirectives(text: string, repeatable: readonly string[]): Directives {
  const directives = new Map<string, string>()
  let at = skip(COMMAS, text, 0)
  while (at < text.length) {
    const name = match(TOKEN, text, at)
    if (name === null) throw new DirectiveError(`no name at ${at}`)
    const equals = skip(SPACE, text, at + name[0].length)
    // compat: Java's reader does not look back when the text ends within a name.
    if (equals === text.length) break
    if (text[equals] !== '=') throw new DirectiveError(`no = after ${name[0]}`)
    const start = skip(SPACE, text, equals + 1)
    const value = text[start] === '"' ? match(QUOTED, text, start) : match(UNQUOTED, text, start)
    if (value === null) throw new DirectiveError(`no value of ${name[0]}`)
    const key = name[0].toLowerCase()
    if (!directives.has(key)) directives.set(key, textOf(value))
    else if (!repeatable.includes(key)) throw new DirectiveError(`${key} is there twice`)
    at = skip(SPACE, text, start + value[0].length)
    if (at < text.length && text[at] !== ',') throw new DirectiveError(`no comma after ${key}`)
    at = skip(COMMAS, text, at)
  }
  return directives
}

/** A value in quotes, with a backslash before what needs it. */
export function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}

function textOf(value: RegExpExecArray): string {
  return value[1] === undefined ? value[0] : value[1].replace(/\\([\s\S])/g, '$1')
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function skip(pattern: RegExp, text: string, at: number): number {
  return at + (match(pattern, text, at)?.[0].length ?? 0)
}
