import { readFileSync } from 'node:fs'
import { ZkError } from '../../client/errors.ts'
import type { NodeData } from '../../client/operations/data.ts'
import type { Reconfiguration } from '../../client/operations/reconfig.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import { CliError, EXIT_FAILED } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { failureText } from '../failure-text.ts'
import { fileProblem } from '../file-problem.ts'
import { type OptionSet, type ParsedLine, parseOptions } from '../option-parser.ts'
import { parseProperties } from '../properties.ts'
import { formatStat } from '../stat-text.ts'

const OPTIONS: OptionSet = {
  options: [
    { name: 's', hasValue: false, description: 'stats' },
    { name: 'v', hasValue: true, description: 'required current config version' },
    { name: 'file', hasValue: true, description: 'path of config file to parse for membership' },
    {
      name: 'members',
      hasValue: true,
      description: 'comma-separated list of config strings for non-incremental reconfig'
    },
    { name: 'add', hasValue: true, description: 'comma-separated list of config strings for new servers' },
    { name: 'remove', hasValue: true, description: 'comma-separated list of server IDs to remove' }
  ]
}

/** `reconfig`: changes the members of the ensemble, by what comes and goes or as a whole. */
export async function runReconfig(
  words: readonly string[],
  { client, output, usage, zone }: CommandContext
): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const isWhole = line.has('file') || line.has('members')
  const isIncremental = line.has('add') || line.has('remove')
  if (!isWhole && !isIncremental) throw new CliError(usage)
  const fromVersion = versionOf(line)
  if (isWhole && isIncremental) {
    throw new CliError(
      "Can't use -file or -members together with -add or -remove (mixing incremental" +
        ' and non-incremental modes is not allowed)'
    )
  }
  if (line.has('file') && line.has('members')) {
    throw new CliError("Can't use -file and -members together (conflicting non-incremental modes)")
  }
  const file = line.value('file')
  const { data, stat } = await reconfigured(client(), {
    joining: line.value('add')?.toLowerCase() ?? null,
    leaving: line.value('remove')?.toLowerCase() ?? null,
    newMembers: file === undefined ? (line.value('members')?.toLowerCase() ?? null) : membersOf(file),
    fromVersion
  })
  output.out(`Committed new configuration:\n${data?.toString('utf8') ?? ''}`)
  if (line.has('s')) output.out(formatStat(stat, zone()))
}

async function reconfigured(client: ZooKeeper, change: Reconfiguration): Promise<NodeData> {
  try {
    return await client.reconfig(change)
  } catch (error) {
    if (!(error instanceof ZkError)) throw error
    throw new CliError(failureText(error, ''), EXIT_FAILED, error)
  }
}

/** The version is given in hexadecimal, as configurations show it. */
function versionOf(line: ParsedLine): bigint {
  const text = line.value('v')
  if (text === undefined) return -1n
  const [, sign, digits] = /^([+-]?)([0-9a-fA-F]+)$/.exec(text) ?? []
  const version = digits === undefined ? null : BigInt(`0x${digits}`) * (sign === '-' ? -1n : 1n)
  if (version === null || BigInt.asIntN(64, version) !== version) {
    throw new CliError('-v must be followed by a long (configuration version)')
  }
  return version
}

/** The membership in a dynamic configuration file. That it makes sense is checked by the leader. */
function membersOf(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CliError(`Error processing ${file}${file} (${fileProblem(cause)})`, EXIT_FAILED, cause) // compat: named twice
  }
  const lines = [...parseProperties(text)].map(([key, value]) => `${key.trim()}=${value.trim()}`)
  const members = lines.filter((line) => line.startsWith('server.'))
  if (members.length === 0) throw new CliError(`Error processing ${file}: there is no server in it`)
  return members.join(',')
}
