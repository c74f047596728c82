import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseWithOldWatchForm } from '../old-watch-form.ts'
import type { OptionSet } from '../option-parser.ts'
import { formatStat } from '../stat-text.ts'

const OPTIONS: OptionSet = { options: [{ name: 'w', hasValue: false, description: 'watch' }] }

/** `stat [-w] path`. */
export async function runStat(
  words: readonly string[],
  { client, output, usage, zone }: CommandContext
): Promise<void> {
  const line = parseWithOldWatchForm(words, OPTIONS, output, 'stat [-w] path')
  const [, path] = line.args
  if (path === undefined) throw new CliError(usage)
  const stat = await client().exists(path, { watch: line.has('w') })
  if (stat === null) throw new CliError(`Node does not exist: ${path}`)
  output.out(formatStat(stat, zone()))
}
