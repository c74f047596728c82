import { formatAclEntry } from '../acl-text.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { type OptionSet, parseOptions } from '../option-parser.ts'
import { formatStat } from '../stat-text.ts'

const OPTIONS: OptionSet = { options: [{ name: 's', hasValue: false, description: 'stats' }] }

/** `getAcl [-s] path`. */
export async function runGetAcl(
  words: readonly string[],
  { client, output, usage, zone }: CommandContext
): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path] = line.args
  if (path === undefined) throw new CliError(usage)
  const { acl, stat } = await client().getAcl(path)
  for (const entry of acl) output.out(formatAclEntry(entry))
  if (line.has('s')) output.out(formatStat(stat, zone()))
}
