import type { FieldValue, Request } from '../requests.ts'
import type { Blob } from '../wire/wire-writer.ts'
import { quotaNode, quotaStatsText, quotaText } from './quota.ts'
import {
  acl,
  anyPath,
  data,
  existingPath,
  newPath,
  oddPath,
  remember,
  version,
  type World,
  watchedPath
} from './values.ts'

const WATCHER_TYPES = [1, 2, 3, 4, 5, 5, 2, 0, 6, -1]

type Maker = (world: World) => Request

function request(op: number, fields: Readonly<Record<string, FieldValue>>): Request {
  return { op, fields }
}

/** create and create2. */
export function create(world: World): Request {
  const { random } = world
  const flags = random.weighted<() => number>([
    [58, () => 0],
    [14, () => 1],
    [11, () => 2],
    [9, () => 3],
    [3, () => 4],
    [2, () => random.pick([5, 6])],
    [3, () => random.pick([7, 8, -1, 99, 1 << 30, -0x80000000])]
  ])()
  return request(random.chance(0.6) ? 1 : 15, { path: createPath(world), data: data(world), acl: acl(world), flags })
}

function createPath(world: World): Blob {
  return world.random.weighted<() => Blob>([
    [82, () => newPath(world)],
    [8, () => existingPath(world)],
    [5, () => `${newPath(world)}/`],
    [5, () => oddPath(world)]
  ])()
}

function createContainer(world: World): Request {
  const flags = world.random.weighted<() => number>([
    [80, () => 4],
    [12, () => world.random.pick([0, 2])],
    [8, () => world.random.pick([5, 6, 7, -1])]
  ])()
  return request(19, { path: createPath(world), data: data(world), acl: acl(world), flags })
}

/**
 * createContainer with the flags of an ephemeral node makes a container. It is not sent in bursts: until it is applied,
 * Apache ZooKeeper takes the node for an ephemeral one, under which nothing can be created.
 */
function createContainerAsEphemeral(world: World): Request {
  const flags = world.random.pick([1, 3])
  return request(19, { path: createPath(world), data: data(world), acl: acl(world), flags })
}

/** A negative ttl comes with the TTL flags only: with flags 0 to 4 it stops Apache ZooKeeper 3.9.5 for good. */
export function createTtl(world: World): Request {
  const { random } = world
  const ttlFlags = random.chance(0.85)
  const flags = ttlFlags ? random.pick([5, 6]) : random.pick([0, 1, 2, 3, 4, 7, -1])
  const ttl = random.weighted<() => string>([
    [70, () => String(random.between(1, 1_000_000))],
    [8, () => '1099511627775'],
    [6, () => '1099511627776'],
    [6, () => '0'],
    [5, () => '9223372036854775807'],
    [5, () => (ttlFlags ? random.pick(['-1', '-9223372036854775808', '-1000']) : '5')]
  ])()
  return request(21, { path: createPath(world), data: data(world), acl: acl(world), flags, ttl })
}

export function remove(world: World): Request {
  const path = anyPath(world)
  return request(2, { path, version: version(world, believedVersion(world, path)) })
}

export function setData(world: World): Request {
  const path = anyPath(world)
  return request(5, { path, data: dataFor(world, path), version: version(world, believedVersion(world, path)) })
}

/**
 * Data for a path. The nodes of a quota get what can be parsed: other stats stop Apache ZooKeeper 3.9.5, and under
 * other limits it refuses writes, which zoonode does not.
 */
function dataFor(world: World, path: Blob): Blob {
  if (typeof path !== 'string') return data(world)
  if (path.endsWith('/zookeeper_stats')) return quotaStatsText(world)
  return path.endsWith('/zookeeper_limits') ? quotaText(world) : data(world)
}

export function check(world: World): Request {
  const path = anyPath(world)
  return request(13, { path, version: version(world, believedVersion(world, path)) })
}

function setAcl(world: World): Request {
  const path = anyPath(world)
  const believed = typeof path === 'string' ? world.belief.aversion(path) : 0
  return request(7, { path, acl: acl(world), version: version(world, believed) })
}

function believedVersion(world: World, path: Blob): number {
  return typeof path === 'string' ? world.belief.version(path) : 0
}

/** exists, getData, getChildren, getChildren2 with or without watch. */
function read(op: number, watchChance = 0.35): Maker {
  return (world) => {
    const path = anyPath(world)
    const watch = world.random.chance(watchChance) ? world.random.pick([1, 1, 1, 255]) : 0
    if (watch !== 0) remember(world, path)
    return request(op, { path, watch })
  }
}

function onPath(op: number): Maker {
  return (world) => request(op, { path: anyPath(world) })
}

/** checkWatches and removeWatches. */
function aboutWatch(op: number): Maker {
  return (world) => request(op, { path: watchedPath(world), kind: world.random.pick(WATCHER_TYPES) })
}

/** No null path: both accept it, but only Apache ZooKeeper lists it among the watches. */
function addWatch(world: World): Request {
  const path = anyPath(world) ?? '/'
  remember(world, path)
  return request(106, { path, kind: world.random.pick([0, 0, 0, 1, 1, 1, 2, -1, 7]) })
}

function setWatches(world: World): Request {
  const { random } = world
  const list = (): readonly Blob[] | null => {
    if (random.chance(0.03)) return null
    return Array.from({ length: random.below(5) }, () => watchedPath(world))
  }
  const op = random.chance(0.5) ? 101 : 105
  const relativeZxid = random.chance(0.9)
    ? { zxidsBack: random.below(200) }
    : random.pick(['0', '-1', '9223372036854775807'])
  const both = { relativeZxid, data: list(), exist: list(), child: list() }
  const kept = (): readonly Blob[] | null => list()?.filter((path) => path !== null) ?? null
  return { op, xid: -8, fields: op === 105 ? { ...both, persistent: kept(), recursive: kept() } : both }
}

function reconfig(world: World): Request {
  const { random } = world
  const text = (): Blob => random.pick<Blob>([null, '', '2', 'server.2=127.0.0.1:2888:3888;2181', 'nonsense', '1,2,3'])
  return request(16, {
    joining: text(),
    leaving: text(),
    newMembers: text(),
    configVersion: random.pick(['-1', '0', '5'])
  })
}

function quotaWork(world: World): Request {
  const path = quotaNode(world)
  if (!world.quotas) return request(4, { path, watch: 0 })
  const text = path.endsWith('_limits') ? quotaText(world) : quotaStatsText(world)
  return world.random.weighted<() => Request>([
    [55, () => request(1, { path, data: text, acl: [{ perms: 31, scheme: 'world', id: 'anyone' }], flags: 0 })],
    [15, () => request(5, { path, data: text, version: -1 })],
    [15, () => request(2, { path, version: -1 })],
    [15, () => request(4, { path, watch: 0 })]
  ])()
}

/** Requests that a server answers in order and that never close the connection: what a pipelined burst may hold. */
const ORDERLY: readonly (readonly [number, Maker])[] = [
  [20, create],
  [2.5, createContainer],
  [3, createTtl],
  [11, remove],
  [12, setData],
  [7, read(3)],
  [7, read(4)],
  [3, onPath(6)],
  [4, read(8)],
  [4, read(12)],
  [2, onPath(9)],
  [1.5, () => ({ op: 11, xid: -2 })],
  [3, aboutWatch(17)],
  [3, aboutWatch(18)],
  [4, addWatch],
  [2.5, setWatches],
  [1.5, onPath(103)],
  [1.5, onPath(104)],
  [1, () => ({ op: 107 })],
  [0.5, reconfig],
  [1.2, onPath(20)],
  [3, quotaWork]
]

/**
 * setACL is not sent in bursts: until it is applied, Apache ZooKeeper checks what follows it by the old ACL, so the
 * answers depend on how far its pipeline is.
 */
const SINGLE: readonly (readonly [number, Maker])[] = [...ORDERLY, [4, setAcl], [0.5, createContainerAsEphemeral]]

/** One request that need not be alone on its way. */
export function orderlyRequest(world: World): Request {
  return world.random.weighted(ORDERLY)(world)
}

/** One request of any kind that never closes the connection, its fields good or bad. */
export function singleRequest(world: World): Request {
  return world.random.weighted(SINGLE)(world)
}
