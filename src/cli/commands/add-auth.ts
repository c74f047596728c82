import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseOptions } from '../option-parser.ts'

/**
 * `addauth scheme auth`. It does not wait for the server, as upstream's does not: whether the identity is refused shows in
 * the state of the connection.
 */
export async function runAddAuth(words: readonly string[], { client, usage }: CommandContext): Promise<void> {
  const { args } = parseOptions(words, { options: [] })
  const [, scheme, auth] = args
  if (scheme === undefined) throw new CliError(usage)
  client()
    .addAuth(scheme, auth ?? null)
    .catch(() => undefined) // the state says it
}
