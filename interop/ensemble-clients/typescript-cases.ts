import {
  type ClientOptions,
  ConnectionLossError,
  CREATOR_ALL_ACL,
  connect,
  deleteSubtree,
  NoAuthError,
  ReconfigDisabledError,
  SessionExpiredError,
  type WatchedEvent,
  ZkError,
  ZooKeeper
} from '../../src/client/index.ts'
import { waitFor } from '../harness/wait-for.ts'

/** Asks the harness for what a case does to the servers. */
export interface ServerControl {
  readonly connectString: string
  kill(): Promise<void>
  start(): Promise<void>
}

export interface ClientCase {
  readonly name: string
  run(servers: ServerControl): Promise<void>
}

const TIMEOUT_MS = 60_000
const SESSION_TIMEOUT_MS = 10_000
const SHORT_SESSION_MS = 1_000
const PIPELINED = 2_000
const WRITES_AROUND_KILL = 300
const OPTIONS: ClientOptions = { sessionTimeoutMs: SESSION_TIMEOUT_MS, requestTimeoutMs: TIMEOUT_MS }

/** The library of this project. Sessions may be with different servers: a read that has to see another session's write comes after a sync. */
export const TYPESCRIPT_CASES: readonly ClientCase[] = [
  { name: 'znodes of all modes, their Stats, and their end with the session', run: modes },
  { name: '2,000 pipelined writes and reads are answered in order', run: pipeline },
  { name: 'transactions happen as a whole', run: transactions },
  { name: 'multiRead, subtrees and counts', run: subtrees },
  { name: 'ACLs and identities', run: acls },
  { name: 'one-shot, persistent and recursive watches', run: watches },
  { name: 'sync shows what another session wrote', run: syncs },
  { name: 'a session is taken up by another client', run: resumption },
  { name: 'a session that nobody keeps expires with its ephemerals', run: expiry },
  { name: 'containers and TTL znodes go', run: dueZnodes },
  { name: 'the configuration is read, and reconfig refused', run: configuration },
  { name: 'the server is killed under writes: what was acknowledged is there, once', run: killUnderWrites },
  { name: 'session, ephemerals and watches outlive a kill', run: outliveKill }
]

let rootCount = 0

async function withRoot(
  { connectString }: ServerControl,
  act: (zk: ZooKeeper, root: string) => Promise<void>
): Promise<void> {
  await withClient(connectString, async (zk) => act(zk, await zk.create(`/typescript-${++rootCount}`)))
}

async function withClient(
  connectString: string,
  act: (zk: ZooKeeper) => Promise<void>,
  options: ClientOptions = OPTIONS
): Promise<void> {
  const zk = await connect(connectString, { ...options, connectTimeoutMs: TIMEOUT_MS })
  try {
    await act(zk)
  } finally {
    await zk.close()
  }
}

async function modes(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    await withClient(servers.connectString, async (other) => {
      const made = [
        await other.create(`${root}/p`, 'p'),
        await other.create(`${root}/e`, 'e', { mode: 'ephemeral' }),
        await other.create(`${root}/s-`, null, { mode: 'persistentSequential' }),
        await other.create(`${root}/es-`, null, { mode: 'ephemeralSequential' })
      ]
      equal(made, [`${root}/p`, `${root}/e`, `${root}/s-0000000002`, `${root}/es-0000000003`], 'paths')
      const { path, stat } = await other.create2(`${root}/c2`, 'four')
      equal(await other.exists(path), stat, 'Stat')
      await zk.sync(root)
      equal((await zk.exists(`${root}/e`))?.ephemeralOwner, other.session?.id, 'owner')
    })
    await zk.sync(root)
    equal((await zk.getChildren(root)).sort(), ['c2', 'p', 's-0000000002'], 'children after the close')
    equal((await zk.exists(root))?.cversion, 7, 'cversion')
  })
}

async function pipeline(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    const order: number[] = []
    const create = async (index: number): Promise<string> => {
      const made = await zk.create(`${root}/n-`, String(index), { mode: 'persistentSequential' })
      order.push(index)
      return made
    }
    const numbers = Array.from({ length: PIPELINED }, (_, index) => index)
    const made = await Promise.all(numbers.map(create))
    equal(order, numbers, 'order of the answers')
    const read = await Promise.all(made.map((path) => zk.getData(path)))
    equal(
      read.map(({ data }) => data?.toString()),
      numbers.map(String),
      'data'
    )
  })
}

async function transactions(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    await zk.transaction().create(`${root}/a`, 'a').check(`${root}/a`, 0).create(`${root}/a/b`).commit()
    equal(await zk.getChildren(`${root}/a`), ['b'], 'children')
    const failing = zk.transaction().create(`${root}/c`).check(root, 99).delete(`${root}/a/b`)
    check((await errorOf(failing.commit())) instanceof ZkError, 'the second fails')
    equal([await zk.exists(`${root}/c`), await zk.getChildren(`${root}/a`)], [null, ['b']], 'nothing happened')
  })
}

async function subtrees(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    for (const path of ['/a', '/a/b', '/a/b/c', '/d']) await zk.create(root + path, path)
    equal(await zk.getAllChildrenNumber(root), 4, 'znodes below')
    const results = await zk.multiRead([
      { kind: 'getData', path: `${root}/d` },
      { kind: 'getChildren', path: `${root}/missing` },
      { kind: 'getChildren', path: `${root}/a` }
    ])
    equal(results.length, 3, 'results')
    await deleteSubtree(zk, `${root}/a`)
    equal(await zk.getChildren(root), ['d'], 'what is left')
  })
}

async function acls(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    await withClient(servers.connectString, async (owner) => {
      await owner.addAuth('digest', 'owner:secret')
      await owner.create(`${root}/own`, 'secret', { acl: CREATOR_ALL_ACL })
      await zk.sync(root)
      check((await errorOf(zk.getData(`${root}/own`))) instanceof NoAuthError, 'others may not read')
      check((await errorOf(zk.setData(`${root}/own`, 'x'))) instanceof NoAuthError, 'others may not write')
      await zk.addAuth('digest', 'owner:secret')
      equal((await zk.getData(`${root}/own`)).data?.toString(), 'secret', 'data')
      check(
        (await zk.whoAmI()).some(({ scheme }) => scheme === 'digest'),
        'the server knows the identity'
      )
    })
  })
}

async function watches(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    const seen: string[] = []
    const note =
      (kind: string) =>
      ({ type, path }: WatchedEvent): void =>
        void seen.push(`${kind} ${type} ${path.slice(root.length)}`)
    await zk.getData(root, { watch: note('data') })
    await zk.exists(`${root}/a`, { watch: note('exists') })
    await zk.addWatch(root, 'persistent', note('persistent'))
    await zk.addWatch(root, 'persistentRecursive', note('recursive'))
    await withClient(servers.connectString, async (writer) => {
      await writer.setData(root, 'x')
      await writer.setData(root, 'y')
      await writer.create(`${root}/a`)
      await writer.delete(`${root}/a`)
    })
    await zk.sync(root)
    const expected = [
      'data nodeDataChanged ',
      'exists nodeCreated /a',
      'persistent nodeDataChanged ',
      'persistent nodeDataChanged ',
      'persistent nodeChildrenChanged ',
      'persistent nodeChildrenChanged ',
      'recursive nodeDataChanged ',
      'recursive nodeDataChanged ',
      'recursive nodeCreated /a',
      'recursive nodeDeleted /a'
    ]
    equal(seen.toSorted(), expected.toSorted(), 'events')
  })
}

async function syncs(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    await withClient(servers.connectString, async (writer) => {
      for (let round = 1; round <= 50; round++) {
        await writer.setData(root, String(round))
        zk.sync(root).catch(() => undefined) // the read behind it fails as well then
        equal((await zk.getData(root)).data?.toString(), String(round), 'data after sync')
      }
    })
  })
}

async function resumption(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    const first = await connect(servers.connectString, OPTIONS)
    await first.create(`${root}/e`, null, { mode: 'ephemeral' })
    const { session } = first
    check(session !== null, 'there is a session')
    await first.close({ keepSession: true })
    await withClient(
      servers.connectString,
      async (second) => {
        equal(second.session?.id, session?.id, 'session')
        equal(await second.getEphemerals(), [`${root}/e`], 'ephemerals')
      },
      session === null ? OPTIONS : { ...OPTIONS, session }
    )
    await zk.sync(root)
    equal(await zk.exists(`${root}/e`), null, 'the ephemeral after the close')
    if (session === null) return
    const third = new ZooKeeper(servers.connectString, { ...OPTIONS, session })
    check((await errorOf(third.connected(TIMEOUT_MS))) instanceof SessionExpiredError, 'the session is over')
    await third.close()
  })
}

async function expiry(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    const gone = new Promise<string>((resolve) => {
      zk.addWatch(root, 'persistentRecursive', ({ type }) => {
        if (type === 'nodeDeleted') resolve(type)
      }).catch(() => undefined)
    })
    const leaving = await connect(servers.connectString, { ...OPTIONS, sessionTimeoutMs: SHORT_SESSION_MS })
    await leaving.create(`${root}/e`, null, { mode: 'ephemeral' })
    const left = performance.now()
    await leaving.close({ keepSession: true })
    await gone
    const took = performance.now() - left
    check(took > SHORT_SESSION_MS / 2 && took < 6 * SHORT_SESSION_MS, `expired after ${Math.round(took)} ms`)
  })
}

async function dueZnodes(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    await zk.create(`${root}/container`, null, { mode: 'container' })
    await zk.create(`${root}/container/child`)
    await zk.delete(`${root}/container/child`)
    await zk.create(`${root}/ttl`, null, { mode: 'persistentWithTtl', ttlMs: 300 })
    const isEmpty = async () => ((await zk.getChildren(root)).length === 0 ? true : null)
    await waitFor('both to go', TIMEOUT_MS, isEmpty)
  })
}

async function configuration(servers: ServerControl): Promise<void> {
  await withClient(servers.connectString, async (zk) => {
    const text = (await zk.getConfig()).data?.toString() ?? ''
    check(/^(server\.\d+=\S+:participant\S*\n){3}version=\d+$/.test(text), `configuration: ${text}`)
    const attempt = zk.reconfig({ joining: 'server.9=127.0.0.1:1:2;3' })
    check((await errorOf(attempt)) instanceof ReconfigDisabledError, 'reconfig is refused')
  })
}

/** A write that failed with its connection may have happened or not; it is looked for before it is tried again. */
async function killUnderWrites(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    const killAt = WRITES_AROUND_KILL / 3
    let restart: Promise<void> = Promise.resolve()
    for (let index = 0; index < WRITES_AROUND_KILL; index++) {
      if (index === killAt) restart = servers.kill().then(() => servers.start())
      await retrying(async () => {
        const known = await zk.exists(`${root}/${index}`)
        if (known === null) await zk.create(`${root}/${index}`, String(index))
      })
    }
    await restart
    await retrying(async () => {
      await zk.sync(root)
      const stat = await zk.exists(root)
      equal([stat?.numChildren, stat?.cversion], [WRITES_AROUND_KILL, WRITES_AROUND_KILL], 'znodes and creations')
    })
  })
}

async function outliveKill(servers: ServerControl): Promise<void> {
  await withRoot(servers, async (zk, root) => {
    const seen: string[] = []
    const id = zk.session?.id
    await zk.create(`${root}/e`, null, { mode: 'ephemeral' })
    await zk.addWatch(root, 'persistentRecursive', ({ type, path }) => void seen.push(`${type} ${path}`))
    await zk.getData(root, { watch: ({ type, path }) => void seen.push(`once ${type} ${path}`) })
    await servers.kill()
    await servers.start()
    await retrying(() => zk.sync(root))
    await zk.setData(root, 'after')
    await zk.sync(root)
    equal(zk.session?.id, id, 'session')
    equal((await zk.exists(`${root}/e`))?.ephemeralOwner, id, 'owner')
    equal(seen.toSorted(), [`nodeDataChanged ${root}`, `once nodeDataChanged ${root}`], 'events')
  })
}

async function retrying(act: () => Promise<unknown>): Promise<void> {
  await waitFor('the servers to answer', 2 * TIMEOUT_MS, async () => {
    try {
      await act()
      return true
    } catch (error) {
      if (error instanceof ConnectionLossError) return null
      throw error
    }
  })
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  return null
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

function equal(found: unknown, expected: unknown, what: string): void {
  const text = (value: unknown) => JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}n` : one))
  check(text(found) === text(expected), `${what}: expected ${text(expected)}, found ${text(found)}`.slice(0, 1_000))
}
