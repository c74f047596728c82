import type { AclEntry } from '../requests.ts'
import type { Blob } from '../wire/wire-writer.ts'
import type { Belief } from './belief.ts'
import type { Random } from './random.ts'

/** What the choice of a request may depend on. */
export interface World {
  readonly random: Random
  readonly belief: Belief
  /** The request goes out together with others, so that it must not depend on how far those are. */
  pipelined: boolean
  /** Limits and totals of quotas may be written. */
  readonly quotas: boolean
  /** Paths that the connection at hand has watched of late, oldest first. */
  readonly watched: Blob[]
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'é', 'n-', 'x y', '...', '.h', '日本']
const DEPTH_MAX = 5
const SYSTEM_PATHS = ['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota']
const ODD_PATHS: readonly Blob[] = [
  '',
  null,
  '/',
  '//',
  'a',
  'a/b',
  '/a/',
  '/a//b',
  '/.',
  '/..',
  '/a/.',
  '/a/../b',
  '/a/./b',
  '/a\0b',
  '/\u0001',
  '/\u001f',
  '/\u007f',
  '/\u009f',
  '/\u00a0',
  '/\ud7ff',
  '/\ue000',
  '/\uf8ff',
  '/\uf900',
  '/\uffef',
  '/\ufff0',
  '/\uffff',
  '/a/\u{1f600}',
  '\u{1f600}',
  '\0',
  '/zookeeper/',
  '/zookeeper/config/x',
  '/zookeeper/quota/',
  { hex: '2fff' },
  { hex: '2f61c3' },
  { hex: '2feda080' },
  { hex: '2fc080' },
  { hex: '2ff0808080' },
  { hex: '2fe0a0' },
  { hex: '2f61eda0bdedb880' },
  { fill: 70 }
]

/** A path of a node that should exist, or of one of the system's. */
export function existingPath({ random, belief }: Pick<World, 'random' | 'belief'>): string {
  return random.chance(0.06) ? random.pick(SYSTEM_PATHS) : belief.anyPath(random)
}

/** A path for a new node: a known parent (or the root) and a name of few, so that clashes happen. */
export function newPath(world: World): string {
  const parent = world.random.chance(0.15) ? '/' : existingPath(world)
  const usable = parent.split('/').length > DEPTH_MAX ? '/' : parent
  return join(usable, world.random.pick(NAMES))
}

/** Mostly an existing path, else one that may not exist, else an odd one. */
export function anyPath(world: World): Blob {
  return world.random.weighted<() => Blob>([
    [70, () => existingPath(world)],
    [22, () => newPath(world)],
    [3, () => join(newPath(world), world.random.pick(NAMES))],
    [5, () => oddPath(world)]
  ])()
}

const WATCHED_COUNT_MAX = 30

/** Remembers a path that the connection watches, for `watchedPath`. */
export function remember({ watched }: World, path: Blob): void {
  watched.push(path)
  if (watched.length > WATCHED_COUNT_MAX) watched.shift()
}

/** A path that the connection watches or watched, if there is one; else any. */
export function watchedPath(world: World): Blob {
  return world.watched.length > 0 && world.random.chance(0.7) ? world.random.pick(world.watched) : anyPath(world)
}

/** Paths that are invalid, or valid and surprising. */
export function oddPath(world: World): Blob {
  if (world.random.chance(0.02)) return `/${'long'.repeat(world.random.between(100, 4000))}`
  return world.random.pick(ODD_PATHS)
}

function join(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/** Node data: null, empty, text, bytes, and rarely big. */
export function data({ random }: World): Blob {
  return random.weighted<() => Blob>([
    [10, () => null],
    [12, () => ''],
    [58, () => `v${random.below(1000)}`],
    [15, () => ({ hex: random.hex(random.between(1, 64)) })],
    [4.9, () => ({ fill: random.between(100, 5000) })],
    [0.1, () => ({ fill: random.between(100_000, 1_000_000) })]
  ])()
}

/** A version argument: any, the believed one, or a wrong one. */
export function version({ random }: World, believed: number): number {
  return random.weighted<() => number>([
    [45, () => -1],
    [38, () => believed],
    [8, () => believed + 1],
    [5, () => random.below(5)],
    [4, () => random.pick([-2, 0x7fffffff, -0x80000000, 1 << 20])]
  ])()
}

const OPEN: readonly AclEntry[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]
// Hashes of u1:pw1 and u2:pw2, so that these entries match connections which the generator authenticates.
export const DIGEST_USERS = ['u1:pw1', 'u2:pw2', 'u3', ':nouser', 'üser:pässword', '', 'u1:pw1:more']
const DIGEST_IDS = [
  'u1:cO3JQ7NLKx81M3VewVIrTBCVEVo=',
  'u2:4Stp4FP2yVYM3T4fX3ahWx1yyT4=',
  'someone:hash',
  ':b',
  'emoji😀:x'
]
const ODD_ENTRIES: readonly (readonly [scheme: Blob, id: Blob])[] = [
  ['world', 'nobody'],
  ['world', null],
  ['world', ''],
  ['digest', 'nocolon'],
  ['digest', 'a:b:c'],
  ['digest', 'a:'],
  ['digest', ''],
  ['digest', null],
  ['ip', '1.2.3'],
  ['ip', '10.0.0.0/33'],
  ['ip', '10.0.0.0/'],
  ['ip', '10.0.0.0/-1'],
  ['ip', '10.0.0.0/8/8'],
  ['ip', '256.1.1.1'],
  ['ip', '::1'],
  ['ip', '::1/128'],
  ['ip', '::1/129'],
  ['ip', '::ffff:1.2.3.4'],
  ['ip', 'fe80::1%eth0'],
  ['ip', 'localhost'],
  ['ip', '01.2.3.4'],
  ['ip', ' 127.0.0.1'],
  ['ip', ''],
  ['ip', null],
  ['x509', 'CN=a'],
  ['sasl', 'bob'],
  ['super', ''],
  ['super', 'super'],
  ['auth', 'ignored'],
  ['WORLD', 'anyone'],
  ['Digest', 'a:b'],
  ['', ''],
  [null, null],
  [null, 'x'],
  ['nosuch', 'x'],
  [{ hex: 'ff' }, 'x'],
  ['digest', { hex: '613aff' }]
]

/** A list of ACL entries, open more often than not; null, empty, invalid and odd ones included. */
export function acl({ random, pipelined }: World): readonly AclEntry[] | null {
  return random.weighted<() => readonly AclEntry[] | null>([
    [82, () => OPEN],
    [1, () => null],
    [1, () => []],
    [3, () => [{ perms: random.below(32), scheme: 'world', id: 'anyone' }]],
    [4, () => [{ perms: 31, scheme: 'auth', id: random.pick<Blob>(['', null, 'x']) }]],
    [9, () => Array.from({ length: random.between(1, 5) }, () => entry(random, pipelined))]
  ])()
}

function entry(random: Random, pipelined: boolean): AclEntry {
  const perms = random.weighted<() => number>([
    [60, () => 31],
    [30, () => random.below(32)],
    [10, () => random.pick([0, 32, 63, -1, 0x7fffffff, -0x80000000])]
  ])()
  return random.weighted<() => AclEntry>([
    [30, () => ({ perms, scheme: 'world', id: 'anyone' })],
    [30, () => ({ perms, scheme: 'digest', id: random.pick(DIGEST_IDS) })],
    [8, () => ({ perms, scheme: 'auth', id: '' })],
    [
      14,
      () => ({
        perms,
        scheme: 'ip',
        id: random.pick(['127.0.0.1', '127.0.0.0/8', '10.0.0.0/8', '0.0.0.0/0', '127.0.0.1/32'])
      })
    ],
    [18, () => oddEntry(random, perms, pipelined)]
  ])()
}

/**
 * A null id raises an exception in Apache ZooKeeper that leaves what a multi did before it among the pending changes:
 * what follows at once is prepared over them. So there is none where something follows at once.
 */
function oddEntry(random: Random, perms: number, pipelined: boolean): AclEntry {
  const [scheme, id] = random.pick(ODD_ENTRIES)
  return { perms, scheme, id: pipelined && id === null ? '' : id }
}
