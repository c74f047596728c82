import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { hexDump } from '../hex-dump.ts'
import { parseWithOldWatchForm } from '../old-watch-form.ts'
import { optionHelp } from '../option-help.ts'
import type { OptionSet, ParsedLine } from '../option-parser.ts'
import { formatStat } from '../stat-text.ts'

const OPTIONS: OptionSet = {
  options: [
    { name: 's', hasValue: false, description: 'Print znode stats additionally' },
    { name: 'w', hasValue: false, description: 'Watch for changes on the znode' },
    { name: 'b', hasValue: false, description: 'Output data in base64 format' },
    { name: 'x', hasValue: false, description: 'Output data in hexdump format' }
  ]
}

/** `get [-s] [-w] [-b] [-x] path`: a node's data. */
export async function runGet(words: readonly string[], { client, output, usage, zone }: CommandContext): Promise<void> {
  const line = parseWithOldWatchForm(words, OPTIONS, output, 'get [-s] [-w] path')
  const [, path] = line.args
  if (path === undefined) throw new CliError(`${usage}\n${optionHelp(OPTIONS.options)}`)
  const { data, stat } = await client().getData(path, { watch: line.has('w') })
  output.out(format(data ?? Buffer.from('null'), line)) // compat: no data shows as null, in every form
  if (line.has('s')) output.out(formatStat(stat, zone()))
}

function format(data: Buffer, line: ParsedLine): string {
  if (line.has('x')) return hexDump(data)
  return data.toString(line.has('b') ? 'base64' : 'utf8')
}
