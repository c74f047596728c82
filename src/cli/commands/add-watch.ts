import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { type OptionSet, parseOptions } from '../option-parser.ts'

const OPTIONS: OptionSet = { options: [{ name: 'm', hasValue: true, description: '' }] }

/** `addWatch [-m mode] path`. */
export async function runAddWatch(words: readonly string[], { client, usage }: CommandContext): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path] = line.args
  if (path === undefined || line.args.length !== 2) throw new CliError(usage)
  const mode = (line.value('m') ?? 'PERSISTENT_RECURSIVE').toUpperCase()
  if (mode !== 'PERSISTENT' && mode !== 'PERSISTENT_RECURSIVE') throw new CliError(usage)
  await client().addWatch(path, mode === 'PERSISTENT' ? 'persistent' : 'persistentRecursive')
}
