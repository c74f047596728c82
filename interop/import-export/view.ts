import { createHash } from 'node:crypto'
import type { ZooKeeper } from '../../src/client/index.ts'
import { connectTo, type OpenSession } from './content.ts'

/** All that a client can see of a server's znodes: for each path one line of data, Stat, ACL and children. */
export type View = ReadonlyMap<string, string>

/** Its time is each server's own: that of the moment at which it took the configuration. */
const CONFIG_NODE = '/zookeeper/config'
/** Data longer than this is told by its hash. */
const DATA_SHOWN_BYTES = 64
const DIFFERENCES_SHOWN_MAX = 5
/** Znodes asked for at once, with three requests each: a client takes no more than 10,000 that are not answered. */
const ASKED_AT_ONCE = 1000

/** Looks at every znode as the super user. @param host an IPv4 address */
export async function viewOf(port: number, host = '127.0.0.1'): Promise<View> {
  const zk = await connectTo(port, { host })
  const view = new Map<string, string>()
  for (let paths = ['/']; paths.length > 0; ) {
    const below = await Promise.all(paths.slice(0, ASKED_AT_ONCE).map((path) => look(zk, path, view)))
    paths = [...paths.slice(ASKED_AT_ONCE), ...below.flat()]
  }
  await zk.close()
  return view
}

/** @returns paths of the children */
async function look(zk: ZooKeeper, path: string, view: Map<string, string>): Promise<string[]> {
  const [{ data, stat }, { acl }, names] = await Promise.all([zk.getData(path), zk.getAcl(path), zk.getChildren(path)])
  names.sort()
  const stable = path === CONFIG_NODE ? { ...stat, mtime: 0 } : stat
  const fields = { data: textOf(data), ...stable, acl, children: names.length > DATA_SHOWN_BYTES ? hash(names) : names }
  view.set(
    path,
    JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value))
  )
  return names.map((name) => (path === '/' ? `/${name}` : `${path}/${name}`))
}

/** What differs, in a few lines; null if nothing does. */
export function difference(before: View, after: View): string | null {
  const lines: string[] = []
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(path) ?? 'not there', after.get(path) ?? 'not there']
    if (was !== is) lines.push(`${path}\n    before: ${was}\n    after:  ${is}`)
  }
  if (lines.length === 0) return null
  const more = lines.length > DIFFERENCES_SHOWN_MAX ? [`and ${lines.length - DIFFERENCES_SHOWN_MAX} more`] : []
  return [...lines.slice(0, DIFFERENCES_SHOWN_MAX), ...more].join('\n')
}

/** Goes on with a session, and leaves it open again; what is wrong, or null. */
export async function resumeProblem(port: number, session: OpenSession): Promise<string | null> {
  const { id, password, ephemerals } = session
  const zk = await connectTo(port, { session: { id, password } })
  try {
    if (zk.session?.id !== id) return `the session is ${zk.session?.id.toString(16)} instead of ${id.toString(16)}`
    const found = (await zk.getEphemerals('/')).sort()
    if (found.join(' ') !== ephemerals.join(' ')) return `it owns ${found.join(' ')} instead of ${ephemerals.join(' ')}`
    return null
  } finally {
    await zk.close({ keepSession: true })
  }
}

function textOf(data: Uint8Array | null): string | null {
  if (data === null) return null
  return data.length > DATA_SHOWN_BYTES ? hash([Buffer.from(data)]) : Buffer.from(data).toString('hex')
}

function hash(parts: readonly (string | Buffer)[]): string {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part).update('\0')
  return `${parts.length} ${sum.digest('hex')}`
}
