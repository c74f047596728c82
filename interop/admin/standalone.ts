import { connect, Perm, type ZooKeeper } from '../../src/client/index.ts'
import { freePort } from '../harness/free-port.ts'
import { Server, type ServerKind } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import { difference as viewDifference, viewOf } from '../import-export/view.ts'
import { type Ask, ask, askBytes } from './ask.ts'
import { difference, essence } from './compare.ts'
import { COMMANDS, NAMES_ONLY, REQUESTS, RESETS } from './requests.ts'

export type Tell = (name: string, problem: string | null) => void

const AS_SUPER = { Authorization: 'digest super:admin' }
const INTERVAL_MS = 1000
const DEADLINE_MS = 60_000

interface Side {
  readonly server: Server
  readonly adminPort: number
}

/** One server of each kind, side by side. */
export async function compareStandalone(folder: string, tell: Tell): Promise<void> {
  const [apache, zoonode] = await Promise.all([started('apache', folder), started('zoonode', folder)])
  const clients: ZooKeeper[] = []
  try {
    for (const { server } of [apache, zoonode]) clients.push(...(await useServer(server.port)))
    await compareAnswers(apache, zoonode, tell)
    await snapshotsGoBothWays(apache, zoonode, tell)
    await compareSheds(zoonode, tell)
  } finally {
    await Promise.allSettled(clients.map((client) => client.close()))
    await Promise.all([apache.server.kill(), zoonode.server.kill()])
  }
}

async function started(kind: ServerKind, folder: string): Promise<Side> {
  const adminPort = await freePort()
  const config = {
    'admin.enableServer': 'true',
    'admin.serverAddress': '127.0.0.1',
    'admin.serverPort': String(adminPort),
    'admin.rateLimiterIntervalInMS': String(INTERVAL_MS),
    'DigestAuthenticationProvider.superDigest': 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs=',
    maxClientCnxns: '100'
  }
  const server = new Server(kind, `${folder}/${kind}`, { config })
  await server.start()
  return { server, adminPort }
}

/** The same on each server: znodes, an ephemeral one, watches, a digest in the log; the root belongs to `foo` not. */
async function useServer(port: number): Promise<ZooKeeper[]> {
  const address = `127.0.0.1:${port}`
  const owner = await connect(address, { sessionTimeoutMs: 20_000, auth: [{ scheme: 'digest', auth: 'super:admin' }] })
  const watcher = await connect(address, { sessionTimeoutMs: 20_000 })
  await owner.create('/a', 'text')
  for (let index = 0; index < 150; index++) await owner.create(`/a/n${index}`, `data ${index}`)
  await owner.create('/a/eph', null, { mode: 'ephemeral' })
  await owner.setAcl('/', [
    { scheme: 'world', id: 'anyone', perms: Perm.read | Perm.create },
    { scheme: 'ip', id: '127.0.0.1', perms: Perm.all }
  ])
  await watcher.exists('/a', { watch: ignore })
  await watcher.getData('/a/n1', { watch: ignore })
  return [owner, watcher]
}

async function compareAnswers(apache: Side, zoonode: Side, tell: Tell): Promise<void> {
  const compare = async (what: string, request: Ask): Promise<void> => {
    const [theirs, ours] = await Promise.all([ask(apache.adminPort, request), ask(zoonode.adminPort, request)])
    tell(what, difference(essence(theirs), essence(ours)))
  }
  for (const command of COMMANDS) await compare(command, { path: `/commands/${command}` })
  for (const command of NAMES_ONLY) {
    const names = async ({ adminPort }: Side): Promise<string> => {
      const { body } = await ask(adminPort, { path: `/commands/${command}` })
      return Object.keys(body as object)
        .sort()
        .filter(isOfBoth)
        .join('\n') // an answer of a command is an object
    }
    tell(`${command}: names`, difference(await names(apache), await names(zoonode)))
  }
  const index = async ({ adminPort }: Side): Promise<string> =>
    String((await ask(adminPort, { path: '/commands' })).body).replace(
      /.*(?:shed_connections|slow|transfer_leadership).*\n<br\/>\n/g,
      ''
    )
  tell('the index', difference(await index(apache), await index(zoonode)))
  const properties = await ask(zoonode.adminPort, { path: '/commands/sysp' })
  const port = (properties.body as Record<string, unknown>)['zookeeper.admin.serverPort']
  tell('system_properties', port === String(zoonode.adminPort) ? null : `admin.serverPort is shown as ${String(port)}`)
  for (const { what, ...request } of REQUESTS) await compare(what, request)
  for (const command of RESETS) await compare(command, { path: `/commands/${command}` })
}

/** Figures of 3.10 and our own are more than 3.9's. */
function isOfBoth(name: string): boolean {
  return !/op_count_|ttl_node_|disk_full_count|tracing_requests_/.test(name)
}

async function snapshotsGoBothWays(apache: Side, zoonode: Side, tell: Tell): Promise<void> {
  for (const [from, to] of [
    [zoonode, apache],
    [apache, zoonode]
  ] as const) {
    const what = `a snapshot of ${from.server.kind} restored into ${to.server.kind}`
    await addMarks(from.server.port, to.server.port)
    const wanted = await viewOf(from.server.port)
    const bytes = await unlimited(() => askBytes(from.adminPort, { path: '/commands/snapshot', headers: AS_SUPER }))
    const request = { path: '/commands/restore', method: 'POST', headers: AS_SUPER, body: bytes }
    const answer = await unlimited(async () => {
      const got = await ask(to.adminPort, request)
      if (got.status === 429) throw new Error('limited')
      return got
    })
    if (answer.status !== 200) {
      tell(what, `${answer.status} ${JSON.stringify(answer.body)}`)
      continue
    }
    tell(what, viewDifference(wanted, await viewOf(to.server.port)))
  }
  await zoonode.server.kill()
  const before = await viewOf(apache.server.port)
  await zoonode.server.start()
  tell('what was restored is there after kill -9', viewDifference(before, await viewOf(zoonode.server.port)))
}

/** So that the two servers differ before the restore. */
async function addMarks(fromPort: number, toPort: number): Promise<void> {
  for (const [port, path] of [
    [fromPort, '/wanted'],
    [toPort, '/unwanted']
  ] as const) {
    const zk = await connect(`127.0.0.1:${port}`, { auth: [{ scheme: 'digest', auth: 'super:admin' }] })
    await zk.create(`${path}-${port}`, path)
    await zk.close()
  }
}

/** Tries again until the rate limit lets it through. */
function unlimited<T>(work: () => Promise<T>): Promise<T> {
  return waitFor('the rate limit', DEADLINE_MS, async () => {
    try {
      return await work()
    } catch (error) {
      if (/429|limited/.test(String(error))) return null
      throw error
    }
  })
}

/** 3.10's command, which 3.9.5 has not. */
async function compareSheds({ adminPort, server }: Side, tell: Tell): Promise<void> {
  const shed = (body: string) =>
    ask(adminPort, { path: '/commands/shed_connections', method: 'POST', headers: AS_SUPER, body })
  const zk = await connect(`127.0.0.1:${server.port}`)
  const none = await shed('{"percentage": 0}')
  tell(
    'shed_connections of 0 %',
    JSON.stringify(none.body).includes('"connections_shed":0') ? null : JSON.stringify(none)
  )
  const all = await shed('{"percentage": 100}')
  const count = (all.body as Record<string, unknown>).connections_shed
  tell('shed_connections of all', typeof count === 'number' && count >= 1 ? null : JSON.stringify(all))
  const bad = await shed('{"percentage": 101}')
  tell('shed_connections of more than all', bad.status === 400 ? null : JSON.stringify(bad))
  await zk.close()
}

function ignore(): void {
  // The watch is there to be listed.
}
