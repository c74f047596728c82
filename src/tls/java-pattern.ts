/** Escapes that mean the same in Java and here, when every other one is refused (flag `u`). */
const SYNTAX = '^$\\.*+?()[]{}|/'

/**
 * A regular expression that was written for Java, where it means the same here. What only Java has (possessive quantifiers,
 * `\Q`, `\A`, `\p`, flags in the expression, intersections) is refused, never read as something else.
 *
 * @throws SyntaxError
 */
export function javaPattern(source: string): RegExp {
  const foreign = /&&|\\[pP]/.exec(source) // classes by a property have other names, and meanings by the same name
  if (foreign !== null) throw new SyntaxError(`${foreign[0]} is Java's own`)
  return new RegExp(source.replace(/\\([\s\S])/gu, portableEscape), 'u')
}

/** Java lets any character be escaped that is no letter and no digit. By number it is plain inside of a class, too. */
function portableEscape(escaped: string, character: string): string {
  if (/[A-Za-z0-9]/.test(character) || SYNTAX.includes(character)) return escaped
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
