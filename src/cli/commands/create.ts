import { EphemeralOnLocalSessionError, InvalidAclError } from '../../client/errors.ts'
import { type CreateModeName, TTL_MS_MAX } from '../../client/operations/create.ts'
import { parseAcl } from '../acl-text.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseInt64 } from '../number-argument.ts'
import { type OptionSet, type ParsedLine, parseOptions } from '../option-parser.ts'

const OPTIONS: OptionSet = {
  options: [
    { name: 'e', hasValue: false, description: 'ephemeral' },
    { name: 's', hasValue: false, description: 'sequential' },
    { name: 'c', hasValue: false, description: 'container' },
    { name: 't', hasValue: true, description: 'ttl' }
  ]
}

/** `create [-s] [-e] [-c] [-t ttl] path [data] [acl]`. */
export async function runCreate(words: readonly string[], { client, output, usage }: CommandContext): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path, data, acl] = line.args
  if (path === undefined) throw new CliError(usage)
  const kind = kindOf(line)
  const options = { ...kind, ...(acl === undefined ? {} : { acl: parseAcl(acl, output) }) }
  try {
    output.err(`Created ${await client().create(path, data ?? null, options)}`)
  } catch (error) {
    if (error instanceof EphemeralOnLocalSessionError) output.err('Unable to create ephemeral node on a local session')
    if (error instanceof InvalidAclError) output.err(error.message)
    throw error
  }
}

function kindOf(line: ParsedLine): { readonly mode: CreateModeName; readonly ttlMs?: number } {
  const isEphemeral = line.has('e')
  const isSequential = line.has('s')
  const isContainer = line.has('c')
  if (isContainer && (isEphemeral || isSequential)) {
    throw new CliError('-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.')
  }
  const ttlMs = ttlOf(line)
  if (ttlMs !== null && isEphemeral) throw new CliError('TTLs cannot be used with Ephemeral znodes')
  if (ttlMs !== null && isContainer) throw new CliError('TTLs cannot be used with Container znodes')
  if (ttlMs !== null) {
    if (ttlMs < 1n || ttlMs > BigInt(TTL_MS_MAX)) {
      throw new CliError(`ttl must be positive and cannot be larger than: ${TTL_MS_MAX}`)
    }
    return { mode: isSequential ? 'persistentSequentialWithTtl' : 'persistentWithTtl', ttlMs: Number(ttlMs) }
  }
  if (isContainer) return { mode: 'container' }
  if (isEphemeral) return { mode: isSequential ? 'ephemeralSequential' : 'ephemeral' }
  return { mode: isSequential ? 'persistentSequential' : 'persistent' }
}

function ttlOf(line: ParsedLine): bigint | null {
  const text = line.value('t')
  if (text === undefined) return null
  const ttlMs = parseInt64(text)
  if (ttlMs === null) throw new CliError('-t argument must be a long value')
  return ttlMs
}
