import { InvalidPathError, ZkError } from '../../client/errors.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseOptions } from '../option-parser.ts'

/** How long the shell waits for a server to catch up. */
const SYNC_MS_MAX = 30_000

/** `sync path`: waits until the server has caught up with the leader. */
export async function runSync(words: readonly string[], { client, output, usage }: CommandContext): Promise<void> {
  const [, path] = parseOptions(words, { options: [] }).args
  if (path === undefined) throw new CliError(usage)
  try {
    await withinLimit(client().sync(path))
    output.out('Sync is OK')
  } catch (error) {
    if (!(error instanceof ZkError) || error instanceof InvalidPathError) throw error
    output.out(`Sync has failed. rc=${error.wire}`) // compat: not a failure
  }
}

async function withinLimit(done: Promise<string>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CliError(`no answer within ${SYNC_MS_MAX} ms`)), SYNC_MS_MAX)
  })
  try {
    await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}
