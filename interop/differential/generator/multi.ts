import type { Request } from '../requests.ts'
import { check, create, createTtl, orderlyRequest, remove, setData } from './operations.ts'
import { acl, anyPath, data, newPath, type World } from './values.ts'

/** A multi of writes: mostly of kinds that it may hold, sometimes of any. */
export function multi(world: World): Request {
  const { random } = world
  const length = random.weighted([
    [3, 0],
    [20, 1],
    [60, random.between(2, 6)],
    [3, random.between(10, 40)]
  ])
  const ops = Array.from({ length }, () => part(world))
  return { op: 14, fields: { ops: random.chance(0.35) ? related(world, ops) : ops } }
}

function part(world: World): Request {
  return world.random.weighted<(w: World) => Request>([
    [45, create],
    [6, containerOrTtl],
    [17, setData],
    [14, remove],
    [16, check],
    [1, orderlyRequest]
  ])(world)
}

function containerOrTtl(world: World): Request {
  const { random } = world
  if (random.chance(0.5)) return createTtl(world)
  const flags = random.pick([4, 4, 4, 0, 2, 5])
  return { op: 19, fields: { path: newPath(world), data: data(world), acl: acl(world), flags } }
}

/** Adds operations on a node that the same multi makes: what comes later must see what came before. */
function related(world: World, ops: readonly Request[]): Request[] {
  const { random } = world
  const path = newPath(world)
  const open = [{ perms: 31, scheme: 'world', id: 'anyone' }]
  const chain: Request[] = [{ op: random.pick([1, 15]), fields: { path, data: data(world), acl: open, flags: 0 } }]
  if (random.chance(0.6))
    chain.push({ op: 5, fields: { path, data: data(world), version: random.pick([0, 0, -1, 1]) } })
  if (random.chance(0.5))
    chain.push({ op: 15, fields: { path: `${path}/k`, data: '', acl: open, flags: random.pick([0, 1, 2, 3]) } })
  if (random.chance(0.4)) chain.push({ op: 13, fields: { path, version: random.pick([1, 1, 0, -1]) } })
  if (random.chance(0.3)) chain.push({ op: 2, fields: { path: `${path}/k`, version: -1 } })
  if (random.chance(0.4)) chain.push({ op: 2, fields: { path, version: -1 } })
  return random.chance(0.5) ? [...chain, ...ops.slice(0, 2)] : chain
}

/** A multiRead of getData and getChildren, rarely with something else in it. */
export function multiRead(world: World): Request {
  const { random } = world
  const ops = Array.from({ length: random.below(6) }, (): Request => {
    if (random.chance(0.03)) return part(world)
    return { op: random.pick([4, 8]), fields: { path: anyPath(world), watch: random.chance(0.2) ? 1 : 0 } }
  })
  return { op: 22, fields: { ops } }
}
