import type { AdminTarget } from './admin-target.ts'
import { refusalOf } from './authority.ts'
import type { AdminCommand, CommandAnswer, CommandRequest } from './command.ts'
import type { CommandTable } from './commands.ts'

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests'

/** Who asks, and for what. */
export interface CommandCall extends CommandRequest {
  /** As the URL has it, decoded. */
  readonly name: string
  /** Header Authorization. */
  readonly authorization: string | undefined
  /** Of the client, as Java prints it. */
  readonly remoteAddress: string
  /** What the client has shown in its TLS handshake, in DER, verified; null if nothing. */
  readonly certificate: Buffer | null
}

export interface NamedAnswer {
  /** What the answer calls the command: its primary name once it runs, as upstream. */
  readonly name: string
  readonly answer: CommandAnswer
}

/**
 * Finds and runs a command, in upstream's order of checks: is there one, is the server serving, may this client.
 *
 * @param target null while there is no server yet
 */
export async function runCommand(
  table: CommandTable,
  call: CommandCall,
  target: AdminTarget | null
): Promise<NamedAnswer> {
  const found = table.find(call.name)
  // compat: upstream answers with 200.
  if (found === undefined) return { name: call.name, answer: { error: `Unknown command: ${call.name}` } }
  if (target === null || (found.needsServing && !target.view.isServing())) {
    return { name: call.name, answer: { error: NOT_SERVING } }
  }
  const refusal = found.needsAuthority
    ? refusalOf(call.authorization, call.remoteAddress, call.certificate, target)
    : null
  if (refusal !== null) return { name: call.name, answer: refusal }
  if (!found.methods.includes(call.method)) return { name: found.name, answer: wrongMethod(found) }
  return { name: found.name, answer: await found.run(target, call) }
}

/** Upstream fails with an exception. */
function wrongMethod({ name, methods }: AdminCommand): CommandAnswer {
  return { status: 405, error: `${name} takes ${methods.join(' or ')}`, headers: { Allow: methods.join(', ') } }
}
