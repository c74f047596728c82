import type { CommandContext } from '../command.ts'

/** `close`: ends the session; the shell goes on without one. */
export async function runClose(_words: readonly string[], { client }: CommandContext): Promise<void> {
  await client().close()
}
