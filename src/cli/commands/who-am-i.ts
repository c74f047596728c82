import type { CommandContext } from '../command.ts'

/** `whoami`: the identities that the server knows of this connection. */
export async function runWhoAmI(_words: readonly string[], { client, output }: CommandContext): Promise<void> {
  const identities = await client().whoAmI()
  output.out('Auth scheme: User')
  for (const { scheme, user } of identities) output.out(`${scheme}: ${user}`)
}
