import type { CommandContext } from '../command.ts'
import { clientConnectString } from '../ensemble-config.ts'
import { type OptionSet, parseOptions } from '../option-parser.ts'
import { formatStat } from '../stat-text.ts'

const OPTIONS: OptionSet = {
  options: [
    { name: 's', hasValue: false, description: 'stats' },
    { name: 'w', hasValue: false, description: 'watch' },
    { name: 'c', hasValue: false, description: 'client connection string' }
  ]
}

/** `config [-c] [-w] [-s]`: the configuration of the ensemble. */
export async function runConfig(words: readonly string[], { client, output, zone }: CommandContext): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const { data, stat } = await client().getConfig({ watch: line.has('w') })
  const text = data === null ? 'null' : data.toString('utf8')
  output.out(line.has('c') ? clientConnectString(text) : text)
  if (line.has('s')) output.out(formatStat(stat, zone()))
}
