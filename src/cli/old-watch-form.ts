import type { Output } from './command.ts'
import { type OptionSet, type ParsedLine, parseOptions } from './option-parser.ts'

/**
 * Parses the line of a command that once took `watch` as a second argument, and still does: the word after the first
 * argument becomes `-w`, which is told to the user.
 *
 * compat: it is the third word of the line that is replaced, whatever it is, as upstream does.
 */
export function parseWithOldWatchForm(
  words: readonly string[],
  set: OptionSet,
  output: Output,
  newForm: string
): ParsedLine {
  const line = parseOptions(words, set)
  if (line.args.length <= 2) return line
  output.err(`'${words[0]} path [watch]' has been deprecated. Please use '${newForm}' instead.`)
  return parseOptions([...words.slice(0, 2), '-w', ...words.slice(3)], set)
}
