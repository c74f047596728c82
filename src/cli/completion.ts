import { ZkError } from '../client/errors.ts'
import type { ZooKeeper } from '../client/zookeeper.ts'
import { childPath } from '../protocol/path.ts'
import { COMMANDS } from './command-table.ts'

/** Most completions that are offered. */
const COMPLETION_COUNT_MAX = 1_000

/**
 * What the last word of a line may become: a command, or a znode if it begins with `/`.
 *
 * @returns the candidates and the word which they complete
 */
export async function complete(line: string, client: ZooKeeper | null): Promise<[candidates: string[], word: string]> {
  const word = /\S*$/.exec(line)?.[0] ?? ''
  const candidates = word.startsWith('/') ? await completeNode(word, client) : completeCommand(word)
  return [candidates.slice(0, COMPLETION_COUNT_MAX), word]
}

/** A command that is the only candidate ends with a space: nothing else can follow. */
function completeCommand(word: string): string[] {
  const names = COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(word))
  return names.length === 1 ? names.map((name) => `${name} `) : names
}

async function completeNode(word: string, client: ZooKeeper | null): Promise<string[]> {
  if (client === null || (client.state !== 'connected' && client.state !== 'connectedReadOnly')) return []
  const slash = word.lastIndexOf('/')
  const parent = slash === 0 ? '/' : word.slice(0, slash)
  const start = word.slice(slash + 1)
  try {
    const children = await client.getChildren(parent)
    return children
      .filter((name) => name.startsWith(start))
      .sort()
      .map((name) => childPath(parent, name))
  } catch (error) {
    if (error instanceof ZkError) return [] // no such node, or not for us: nothing to offer
    throw error
  }
}
