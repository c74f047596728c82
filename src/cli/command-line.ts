// Java's \s and \S are ASCII only, JavaScript's are not.
const WORD = /[ \t\n\v\f\r]*([^"'][^ \t\n\v\f\r]*|"[^"]*"|'[^']*')[ \t\n\v\f\r]*/g
const QUOTED = /^(['"])(.*)\1$/

/**
 * Splits a line into words. A word that begins with a quote goes to the next quote of its kind, which may be the only way to
 * have spaces in it; within other words quotes are ordinary characters. There are no escapes. A quote without its partner is
 * left out.
 *
 * @returns the words, the command's name first; empty if there is nothing but quotes that do not match
 */
export function splitLine(line: string): string[] {
  const words: string[] = []
  for (const [, word] of line.matchAll(WORD)) {
    if (word !== undefined) words.push(QUOTED.test(word) ? word.slice(1, -1) : word)
  }
  return words
}
