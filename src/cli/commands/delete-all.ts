import { deleteSubtree } from '../../client/subtree.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseInt32 } from '../number-argument.ts'
import { type OptionSet, parseOptions } from '../option-parser.ts'

const OPTIONS: OptionSet = { options: [{ name: 'b', hasValue: true, description: 'batch size' }] }

/** `deleteall path [-b batch size]`: a node and all below it. */
export async function runDeleteAll(words: readonly string[], { client, output, usage }: CommandContext): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path] = line.args
  if (path === undefined) throw new CliError(usage)
  const text = line.value('b')
  const batchCount = text === undefined ? undefined : parseInt32(text)
  if (batchCount === null) throw new CliError('-b argument must be an int value')
  if (!(await deleteSubtree(client(), path, batchCount))) output.err('Failed to delete some node(s) in the subtree!')
}
