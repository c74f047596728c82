import { NoNodeError } from '../../client/errors.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import { childPath, parentOf, QUOTA_PATH } from '../../protocol/path.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { type OptionSet, parseOptions } from '../option-parser.ts'
import { limitPath, quotaPath } from '../quota-node.ts'
import { formatQuota, parseQuota, QUOTA_KEYS } from '../quota-text.ts'

const OPTIONS: OptionSet = {
  areExclusive: true,
  options: [
    { name: 'n', hasValue: false, description: 'num soft quota' },
    { name: 'b', hasValue: false, description: 'bytes soft quota' },
    { name: 'N', hasValue: false, description: 'num hard quota' },
    { name: 'B', hasValue: false, description: 'bytes hard quota' }
  ]
}

const KEYS: readonly (readonly [string, string])[] = [
  ['n', QUOTA_KEYS.count],
  ['b', QUOTA_KEYS.bytes],
  ['N', QUOTA_KEYS.countHardLimit],
  ['B', QUOTA_KEYS.byteHardLimit]
]

/** `delquota [-n|-b|-N|-B] path`: one limit of a subtree, or all of them. */
export async function runDelQuota(words: readonly string[], { client, output, usage }: CommandContext): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path] = line.args
  if (path === undefined) throw new CliError(usage)
  if ((await client().exists(limitPath(path))) === null) {
    output.out(`Quota does not exist for ${path}`)
    return
  }
  try {
    const key = KEYS.find(([option]) => line.has(option))?.[1]
    if (key === undefined) await deleteQuota(client(), path)
    else await liftLimit(client(), path, key)
  } catch (error) {
    if (!(error instanceof NoNodeError)) throw error
    output.err(`quota for ${path} does not exist.`)
  }
}

async function liftLimit(client: ZooKeeper, path: string, key: string): Promise<void> {
  const { data } = await client.getData(limitPath(path))
  const limits = parseQuota(data)
  limits.set(key, -1n)
  await client.setData(limitPath(path), formatQuota(limits))
}

/** Removes the quota's nodes, and the nodes above them that have nothing else below. */
async function deleteQuota(client: ZooKeeper, path: string): Promise<void> {
  let node = quotaPath(path)
  for (const child of await client.getChildren(node)) await client.delete(childPath(node, child))
  while (node !== QUOTA_PATH && (await client.getChildren(node)).length === 0) {
    await client.delete(node)
    node = parentOf(node) ?? QUOTA_PATH
  }
}
