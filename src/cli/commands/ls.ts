import { visitSubtree } from '../../client/subtree.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseWithOldWatchForm } from '../old-watch-form.ts'
import { optionHelp } from '../option-help.ts'
import type { OptionSet } from '../option-parser.ts'
import { formatStat } from '../stat-text.ts'

const OPTIONS: OptionSet = {
  options: [
    { name: '?', hasValue: false, description: 'help' },
    { name: 's', hasValue: false, description: 'stat' },
    { name: 'w', hasValue: false, description: 'watch' },
    { name: 'R', hasValue: false, description: 'recurse' }
  ]
}

/** `ls [-s] [-w] [-R] path`: names of the children, or paths of all that is below. */
export async function runLs(words: readonly string[], { client, output, usage, zone }: CommandContext): Promise<void> {
  const line = parseWithOldWatchForm(words, OPTIONS, output, 'ls [-w] path')
  if (line.has('?')) output.outRaw(`usage: ls [options] path\n${optionHelp(OPTIONS.options)}`)
  const [, path] = line.args
  if (path === undefined) throw new CliError(usage)
  const watch = line.has('w')
  if (line.has('R')) {
    await visitSubtree(client(), path, (node) => output.out(node), watch)
    return
  }
  const { children, stat } = await client().getChildren2(path, { watch })
  output.out(`[${children.sort().join(', ')}]`)
  if (line.has('s')) output.out(formatStat(stat, zone()))
}
