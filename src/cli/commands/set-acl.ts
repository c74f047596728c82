import { ZkError } from '../../client/errors.ts'
import { visitSubtree } from '../../client/subtree.ts'
import { parseAcl } from '../acl-text.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseVersion } from '../number-argument.ts'
import { type OptionSet, parseOptions } from '../option-parser.ts'
import { formatStat } from '../stat-text.ts'

const OPTIONS: OptionSet = {
  options: [
    { name: 's', hasValue: false, description: 'stats' },
    { name: 'v', hasValue: true, description: 'version' },
    { name: 'R', hasValue: false, description: 'recursive' }
  ]
}

/** `setAcl [-s] [-v version] [-R] path acl`. */
export async function runSetAcl(
  words: readonly string[],
  { client, output, usage, zone }: CommandContext
): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path, text] = line.args
  if (path === undefined || text === undefined) throw new CliError(usage)
  const acl = parseAcl(text, output)
  const version = parseVersion(line.value('v'))
  if (!line.has('R')) {
    const stat = await client().setAcl(path, acl, version)
    if (line.has('s')) output.out(formatStat(stat, zone()))
    return
  }
  await visitSubtree(client(), path, async (node) => {
    try {
      await client().setAcl(node, acl, version)
    } catch (error) {
      if (!(error instanceof ZkError)) throw error
      output.outRaw(error.message) // compat: not a failure, and without an end of line
    }
  })
}
