import type { Blob } from '../wire/wire-writer.ts'
import { existingPath, type World } from './values.ts'

const QUOTA_ROOT = '/zookeeper/quota'

/**
 * A path in the quota subtree: the limits or the stats of a node, or one of the nodes on the way to them, which must
 * be made first.
 */
export function quotaNode(world: World): string {
  const { random, belief } = world
  let target = existingPath(world)
  for (let tries = 0; tries < 4 && target.startsWith('/zookeeper'); tries++) target = belief.anyPath(random)
  const parts = target
    .split('/')
    .filter((part) => part !== '')
    .slice(0, 2)
  if (target.startsWith('/zookeeper') || parts.length === 0) return `${QUOTA_ROOT}/a`
  const depth = random.between(1, parts.length)
  const node = `${QUOTA_ROOT}/${parts.slice(0, depth).join('/')}`
  return random.weighted([
    [40, node],
    [32, `${node}/zookeeper_limits`],
    [28, `${node}/zookeeper_stats`]
  ])
}

/** The text of a limits node: soft and hard limits, some small enough to be met soon, in the formats that clients write. */
export function quotaText({ random }: World): Blob {
  const count = random.pick([-1, 0, 1, 3, 5, 100])
  const bytes = random.pick([-1, 0, 10, 50, 1000])
  const hardCount = random.pick([-1, 1, 2, 4, 8])
  const hardBytes = random.pick([-1, 5, 20, 100, 2000])
  return random.pick([
    `count=${count},bytes=${bytes}`,
    `count=${count},bytes=${bytes}=;byteHardLimit=${hardBytes};countHardLimit=${hardCount}`,
    `count=${count},bytes=${bytes}=;byteHardLimit=${hardBytes}`,
    `count=${count},bytes=${bytes}=;countHardLimit=${hardCount}`
  ])
}

/** The text of a stats node as a client may set it. */
export function quotaStatsText({ random }: World): Blob {
  return random.pick([
    '',
    'count=0,bytes=0',
    'count=5,bytes=100',
    'bytes=7',
    'count=-5',
    'x=1',
    'count=3,bytes=9=;byteHardLimit=12;other=2'
  ])
}
