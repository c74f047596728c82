import { NoNodeError } from '../../client/errors.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseOptions } from '../option-parser.ts'
import { limitPath, statPath } from '../quota-node.ts'
import { formatQuota, parseQuota } from '../quota-text.ts'

/** `listquota path`: the limits of a subtree, and what it holds. */
export async function runListQuota(words: readonly string[], { client, output, usage }: CommandContext): Promise<void> {
  const [, path] = parseOptions(words, { options: [] }).args
  if (path === undefined) throw new CliError(usage)
  output.err(`absolute path is ${limitPath(path)}`)
  try {
    const limits = await client().getData(limitPath(path))
    const present = await client().getData(statPath(path))
    output.out(`Output quota for ${path} ${formatQuota(parseQuota(limits.data))}`)
    output.out(`Output stat for ${path} ${formatQuota(parseQuota(present.data))}`)
  } catch (error) {
    if (!(error instanceof NoNodeError)) throw error
    output.err(`quota for ${path} does not exist.`)
  }
}
