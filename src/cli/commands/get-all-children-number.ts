import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseOptions } from '../option-parser.ts'

/** `getAllChildrenNumber path`: count of all nodes below one. */
export async function runGetAllChildrenNumber(
  words: readonly string[],
  { client, output, usage }: CommandContext
): Promise<void> {
  const [, path] = parseOptions(words, { options: [] }).args
  if (path === undefined) throw new CliError(usage)
  output.out(String(await client().getAllChildrenNumber(path)))
}
