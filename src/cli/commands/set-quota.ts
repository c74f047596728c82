import { NodeExistsError, NoNodeError } from '../../client/errors.ts'
import { visitSubtree } from '../../client/subtree.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import { QUOTA_PATH } from '../../protocol/path.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext, Output } from '../command.ts'
import { parseInt32, parseInt64 } from '../number-argument.ts'
import { type OptionSet, type ParsedLine, parseOptions } from '../option-parser.ts'
import { LIMIT_NODE, limitPath, quotaPath, statPath, subtreeOf } from '../quota-node.ts'
import { formatQuota, parseQuota, QUOTA_KEYS, type QuotaValues, quotaValue } from '../quota-text.ts'

const OPTIONS: OptionSet = {
  areExclusive: true,
  isRequired: true,
  options: [
    { name: 'n', hasValue: true, description: 'num soft quota' },
    { name: 'b', hasValue: true, description: 'bytes soft quota' },
    { name: 'N', hasValue: true, description: 'num hard quota' },
    { name: 'B', hasValue: true, description: 'bytes hard quota' }
  ]
}

/** `setquota -n|-b|-N|-B val path`: a limit for the count or the bytes of a subtree. */
export async function runSetQuota(words: readonly string[], { client, output, usage }: CommandContext): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path] = line.args
  if (path === undefined) throw new CliError(usage)
  if (path.startsWith(QUOTA_PATH)) {
    output.err(`cannot set a quota under the path: ${QUOTA_PATH}`)
    return
  }
  const limit = limitOf(line)
  if ('problem' in limit) {
    output.err(limit.problem) // compat: not a failure
    return
  }
  await setQuota(client(), path, limit, output)
}

interface Limit {
  readonly key: string
  readonly value: bigint
}

function limitOf(line: ParsedLine): Limit | { readonly problem: string } {
  const counts = line.value('n') ?? line.value('N')
  const text = counts ?? line.value('b') ?? line.value('B') ?? ''
  const value = counts === undefined ? parseInt64(text) : parseInt32(text)
  if (value === null) return { problem: 'NumberFormatException happens when parsing the option value' }
  if (counts !== undefined) {
    if (value <= 0) return { problem: 'the num quota must be greater than zero' }
    return { key: line.has('n') ? QUOTA_KEYS.count : QUOTA_KEYS.countHardLimit, value: BigInt(value) }
  }
  if (value < 0) return { problem: 'the bytes quota must be greater than or equal to zero' }
  return { key: line.has('b') ? QUOTA_KEYS.bytes : QUOTA_KEYS.byteHardLimit, value: BigInt(value) }
}

async function setQuota(client: ZooKeeper, path: string, limit: Limit, output: Output): Promise<void> {
  if ((await client.exists(path)) === null) throw new CliError(`${path} does not exist.`)
  await refuseQuotaBelow(client, path)
  await refuseQuotaAbove(client, path)
  await createAncestors(client, path)

  const limits: QuotaValues = new Map(Object.values(QUOTA_KEYS).map((key) => [key, -1n]))
  if ((await client.exists(limitPath(path))) === null) {
    limits.set(limit.key, limit.value)
    await client.create(limitPath(path), formatQuota(limits))
    await client.create(
      statPath(path),
      formatQuota(
        new Map([
          ['count', 0n],
          ['bytes', 0n]
        ])
      )
    )
    await warnOfExcess(client, path, limits, output)
  } else {
    const present = parseQuota((await client.getData(limitPath(path))).data)
    present.set(limit.key, limit.value)
    await warnOfExcess(client, path, present, output)
    await client.setData(limitPath(path), formatQuota(present))
  }
}

/** Quotas must not lie in one another. */
async function refuseQuotaBelow(client: ZooKeeper, path: string): Promise<void> {
  try {
    await visitSubtree(client, quotaPath(path), async (node) => {
      if (node !== quotaPath(path) && (await childrenOf(client, node)).includes(LIMIT_NODE)) {
        throw new CliError(`${path} has a child ${subtreeOf(node)} which has a quota`)
      }
    })
  } catch (error) {
    if (!(error instanceof NoNodeError)) throw error // there is no quota at or below this path
  }
}

async function refuseQuotaAbove(client: ZooKeeper, path: string): Promise<void> {
  let node = QUOTA_PATH
  for (const part of path.split('/').slice(1, -1)) {
    node += `/${part}`
    const children = await childrenOf(client, node)
    if (children.length === 0) return
    if (children.includes(LIMIT_NODE)) {
      throw new CliError(`${path} has a parent ${subtreeOf(node)} which has a quota`)
    }
  }
}

async function createAncestors(client: ZooKeeper, path: string): Promise<void> {
  let node = QUOTA_PATH
  for (const part of path.split('/').slice(1)) {
    node += `/${part}`
    try {
      if ((await client.exists(node)) === null) await client.create(node)
    } catch (error) {
      if (!(error instanceof NodeExistsError)) throw error // somebody else was quicker
    }
  }
}

async function warnOfExcess(client: ZooKeeper, path: string, limits: QuotaValues, output: Output): Promise<void> {
  const present = parseQuota((await client.getData(statPath(path))).data)
  const count = quotaValue(present, QUOTA_KEYS.count)
  const bytes = quotaValue(present, QUOTA_KEYS.bytes)
  if (isExceeded(limits, [QUOTA_KEYS.count, QUOTA_KEYS.countHardLimit], count)) {
    output.out(`[Warning]: the count quota you create is less than the existing count:${count}`)
  }
  if (isExceeded(limits, [QUOTA_KEYS.bytes, QUOTA_KEYS.byteHardLimit], bytes)) {
    output.out(`[Warning]: the bytes quota you create is less than the existing bytes:${bytes}`)
  }
}

function isExceeded(limits: QuotaValues, keys: readonly string[], present: bigint): boolean {
  return keys.some((key) => quotaValue(limits, key) > -1n && quotaValue(limits, key) < present)
}

async function childrenOf(client: ZooKeeper, node: string): Promise<string[]> {
  try {
    return await client.getChildren(node)
  } catch (error) {
    if (error instanceof NoNodeError) return []
    throw error
  }
}
