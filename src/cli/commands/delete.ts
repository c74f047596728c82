import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseVersion } from '../number-argument.ts'
import { type OptionSet, parseOptions } from '../option-parser.ts'

const OPTIONS: OptionSet = { options: [{ name: 'v', hasValue: true, description: 'version' }] }

/** `delete [-v version] path`. */
export async function runDelete(words: readonly string[], { client, output, usage }: CommandContext): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path] = line.args
  if (path === undefined) throw new CliError(usage)
  if (line.args.length > 2) {
    // compat: the old form is named, but the version in it is not used
    output.err("'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.")
  }
  await client().delete(path, parseVersion(line.value('v')))
}
