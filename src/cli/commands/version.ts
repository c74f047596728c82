import { FULL_VERSION } from '../../admin/version.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseOptions } from '../option-parser.ts'

/** `version`: that of the shell, not that of the server. */
export async function runVersion(words: readonly string[], { output, usage }: CommandContext): Promise<void> {
  if (parseOptions(words, { options: [] }).args.length > 1) throw new CliError(usage)
  output.out(`ZooKeeper CLI version: ${FULL_VERSION}`)
}
