import { connect, Perm, type ZooKeeper } from '../../src/client/index.ts'

/** Znodes of all kinds, and sessions that stay open without a connection: what a move must not lose. */

/** A session that nobody is connected to at the moment. */
export interface OpenSession {
  readonly id: bigint
  readonly password: Uint8Array
  /** Paths of its ephemeral znodes, sorted. */
  readonly ephemerals: readonly string[]
}

/** Knows the super user of the suite's settings, whom no ACL stops. */
export const SUPER = { scheme: 'digest', auth: 'super:admin' } as const
/** Longest that a server with a tick of two seconds grants; a server that starts gives it anew. */
const SESSION_TIMEOUT_MS = 40_000
const OWNER = { scheme: 'digest', auth: 'owner:secret' } as const
/** SHA-1 of `reader:secret`, in Base64. */
const READER_ID = 'reader:TwMYkJISsEPORbrSYGWeRLjeNEk='
const BIG_BYTES = 700_000
const MANY_COUNT = 1_000
const DAY_MS = 86_400_000

interface ConnectOptions {
  /** Default: the loopback address. */
  readonly host?: string
  readonly session?: Pick<OpenSession, 'id' | 'password'>
}

export function connectTo(port: number, { host = '127.0.0.1', ...more }: ConnectOptions = {}) {
  return connect(`${host}:${port}`, { sessionTimeoutMs: SESSION_TIMEOUT_MS, auth: [SUPER], ...more })
}

/** Fills an empty server. */
export async function fill(port: number): Promise<OpenSession[]> {
  const zk = await connectTo(port)
  await fillData(zk)
  await fillKinds(zk)
  await fillAcls(port, zk)
  await fillQuotas(zk)
  await writeInTransactions(zk)
  await zk.close()
  return Promise.all([openSession(port, '/live/one'), openSession(port, '/live/two')])
}

async function fillData(zk: ZooKeeper): Promise<void> {
  await zk.create('/data')
  await zk.create('/data/null', null)
  await zk.create('/data/empty', '')
  await zk.create('/data/text', 'a text')
  await zk.create('/data/big', Buffer.alloc(BIG_BYTES, 'zookeeper '))
  await zk.create('/data/noise', noise(200_000))
  await zk.create('/data/näme-名', Buffer.from([0, 0xff, 0x80]))
  for (let version = 0; version < 5; version++) await zk.setData('/data/text', `version ${version}`, version)
  await zk.create('/many')
  const names = Array.from({ length: MANY_COUNT }, (_, index) => `/many/child-${index}`)
  await Promise.all(names.map((path) => zk.create(path, path)))
  await Promise.all(names.filter((_, index) => index % 3 === 0).map((path) => zk.delete(path)))
}

async function fillKinds(zk: ZooKeeper): Promise<void> {
  await zk.create('/kinds')
  for (let count = 0; count < 3; count++) await zk.create('/kinds/seq-', null, { mode: 'persistentSequential' })
  await zk.create('/kinds/container', 'c', { mode: 'container' })
  await zk.create('/kinds/container/child')
  await zk.create('/kinds/ttl', 't', { mode: 'persistentWithTtl', ttlMs: DAY_MS })
  await zk.create('/kinds/ttl-', 't', { mode: 'persistentSequentialWithTtl', ttlMs: 0xffffffffff })
  // Its session is closed in order at the end, and it goes; what stays is the parent's counter.
  await zk.create('/kinds/gone', null, { mode: 'ephemeral' })
}

async function fillAcls(port: number, zk: ZooKeeper): Promise<void> {
  const owner = await connect(`127.0.0.1:${port}`, { auth: [OWNER] })
  await owner.create('/acl')
  await owner.create('/acl/mine', 'm', { acl: [{ perms: Perm.all, scheme: 'auth', id: '' }] })
  await owner.close()
  const reader = { perms: Perm.read, scheme: 'digest', id: READER_ID }
  const local = { perms: Perm.read | Perm.write, scheme: 'ip', id: '127.0.0.1' }
  const network = { perms: Perm.read, scheme: 'ip', id: '10.0.0.0/8' }
  await zk.create('/acl/digest', 'd', { acl: [reader] })
  await zk.create('/acl/mixed', 'x', { acl: [local, network, reader] })
  await zk.create('/acl/open', 'o', { acl: [{ perms: Perm.all, scheme: 'world', id: 'anyone' }] })
  await zk.create('/acl/shut', 's', { acl: [{ perms: Perm.read, scheme: 'world', id: 'anyone' }] })
  await zk.setAcl('/acl/open', [local, { perms: Perm.read, scheme: 'world', id: 'anyone' }])
  await zk.setAcl('/acl/open', [local])
}

async function fillQuotas(zk: ZooKeeper): Promise<void> {
  await zk.create('/limited', 'l')
  await zk.create('/zookeeper/quota/limited')
  await zk.create('/zookeeper/quota/limited/zookeeper_limits', 'count=100,bytes=10000')
  await zk.create('/zookeeper/quota/limited/zookeeper_stats', 'count=1,bytes=1')
  for (let count = 0; count < 4; count++) await zk.create(`/limited/${count}`, 'some bytes')
}

async function writeInTransactions(zk: ZooKeeper): Promise<void> {
  await zk.create('/multi')
  await zk
    .transaction()
    .create('/multi/a', 'a')
    .create('/multi/b', 'b', { mode: 'container' })
    .setData('/multi/a', 'changed')
    .check('/multi/a', 1)
    .create('/multi/c')
    .delete('/multi/c')
    .commit()
  await zk
    .transaction()
    .create('/multi/never')
    .delete('/multi/not-there')
    .commit()
    .catch(() => undefined) // that it fails is what is logged
  await zk.create('/multi').catch(() => undefined)
}

async function openSession(port: number, path: string): Promise<OpenSession> {
  const zk = await connectTo(port)
  if ((await zk.exists('/live')) === null) await zk.create('/live').catch(() => undefined)
  await zk.create(path, 'alive', { mode: 'ephemeral' })
  await zk.create(`${path}-seq-`, 'alive', { mode: 'ephemeralSequential' })
  const { session } = zk
  if (session === null) throw new Error('the client has no session')
  const ephemerals = (await zk.getEphemerals('/')).sort()
  await zk.close({ keepSession: true })
  return { ...session, ephemerals }
}

/** Some writes, so that what a server does next differs from what was brought: counters must go on. */
export async function goOn(port: number, name: string): Promise<void> {
  const zk = await connectTo(port)
  await zk.create('/kinds/seq-', name, { mode: 'persistentSequential' })
  await zk.setData('/data/text', `by ${name}`)
  await zk.create(`/data/${name}`, name)
  await zk.create(`/limited/${name}`, name)
  await zk.transaction().create(`/multi/${name}`, name).setData('/multi/a', name).commit()
  await zk.create('/kinds/seq-', name, { mode: 'persistentSequential' })
  await zk.close()
}

/** Bytes that no compression makes shorter, the same in each run. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 0x2545f491
  for (let at = 0; at < length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state & 0xff
  }
  return bytes
}
