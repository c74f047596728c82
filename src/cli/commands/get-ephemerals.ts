import type { CommandContext } from '../command.ts'
import { parseOptions } from '../option-parser.ts'

/** `getEphemerals [path]`: this session's ephemeral nodes whose paths begin with one. */
export async function runGetEphemerals(words: readonly string[], { client, output }: CommandContext): Promise<void> {
  const [, prefix] = parseOptions(words, { options: [] }).args
  output.out(`[${(await client().getEphemerals(prefix)).join(', ')}]`)
}
