import type { AclEntry } from '../../client/acl.ts'
import { NoAuthError } from '../../client/errors.ts'
import type { Stat } from '../../client/stat.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import { childPath } from '../../protocol/path.ts'
import type { AdminTarget } from '../http/admin-target.ts'
import { ChildPages, type NameFilter } from './child-pages.ts'
import { ConsoleError } from './console-error.ts'
import { LogHistory } from './log-history.ts'
import {
  badRequest,
  type ConsoleCall,
  type ConsoleRoute,
  change,
  hex,
  numberParameter,
  parameter,
  read,
  textMember
} from './route.ts'
import { unlessRefused } from './unless-refused.ts'

/** Data that is shown, unasked and when all of it is wanted. More of it can be downloaded. */
const SHOWN_BYTES_MAX = 256 * 1024
const WHOLE_BYTES_MAX = 4 * 1024 * 1024
const PAGE_COUNT = 200
const PAGE_COUNT_MAX = 500

/** What is read of the tree, with the permissions of whoever asks. */
export function treeRoutes(): ReadonlyMap<string, ConsoleRoute> {
  const log = new LogHistory()
  const pages = new ChildPages()
  return new Map([
    ['node', read(node)],
    ['children', read((call) => children(pages, call))],
    ['history', change(({ body, target, client }) => history(log, textMember(body, 'path'), target, client))],
    ['count', read(count)]
  ])
}

/** A Stat as the page shows it: 64-bit numbers as text. */
export function shownStat(stat: Stat): Record<string, string | number> {
  return {
    czxid: hex(stat.czxid),
    mzxid: hex(stat.mzxid),
    pzxid: hex(stat.pzxid),
    ctime: stat.ctime,
    mtime: stat.mtime,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: hex(stat.ephemeralOwner),
    dataLength: stat.dataLength,
    numChildren: stat.numChildren
  }
}

async function node({ query, client }: ConsoleCall): Promise<unknown> {
  const path = parameter(query, 'path')
  const bytesMax = query.has('whole') ? WHOLE_BYTES_MAX : SHOWN_BYTES_MAX
  const zk = await client()
  const [stat, data, acl] = await Promise.all([
    zk.exists(path),
    unlessForbidden(() => zk.getData(path)),
    unlessForbidden(() => zk.getAcl(path))
  ])
  if (stat === null) throw new ConsoleError(404, 'NO_NODE', `there is no znode ${path}`)
  return {
    path,
    // What was read together belongs together: a version that a change is compared with must be that of the data shown.
    stat: shownStat(data?.stat ?? stat),
    data: data === null ? null : shownData(data.data, bytesMax),
    acl: acl === null ? null : acl.acl.map(shownAclEntry),
    aversion: acl?.stat.aversion ?? stat.aversion
  }
}

function shownData(data: Buffer | null, bytesMax: number): { base64: string | null; lengthBytes: number } {
  if (data === null) return { base64: null, lengthBytes: 0 }
  return { base64: data.subarray(0, bytesMax).toString('base64'), lengthBytes: data.length }
}

function shownAclEntry({ scheme, id, perms }: AclEntry): { scheme: string; id: string; perms: number } {
  return { scheme, id, perms }
}

/** Null where the ACL forbids it; the node itself may be seen all the same, as by any client. */
function unlessForbidden<T>(work: () => Promise<T>): Promise<T | null> {
  return unlessRefused(work, NoAuthError)
}

/** A page of a node's children by name: those behind `after` that `filter` lets through. */
async function children(pages: ChildPages, call: ConsoleCall): Promise<unknown> {
  const { query, client, walks } = call
  const path = parameter(query, 'path')
  const limit = numberParameter(query, 'limit', PAGE_COUNT, PAGE_COUNT_MAX)
  const zk = await client()
  const stat = await zk.exists(path)
  if (stat === null) throw new ConsoleError(404, 'NO_NODE', `there is no znode ${path}`)
  const filter = nameFilter(query)
  const page = await pages.page({ client: zk, path, stat, filter, after: query.get('after') ?? '', limit }, () =>
    walks.slices(call, zk, path)
  )
  const shown = await Promise.all(page.names.map((name) => child(zk, path, name)))
  return {
    path,
    children: shown.filter((one) => one !== null),
    total: stat.numChildren,
    matching: page.matchCount,
    pzxid: hex(stat.pzxid),
    // A cursor, not a number: names may come and go between two pages.
    next: page.hasMore ? (page.names.at(-1) ?? null) : null
  }
}

/** @throws ConsoleError */
function nameFilter(query: URLSearchParams): NameFilter {
  const kind = query.get('match') ?? 'contains'
  if (kind !== 'contains' && kind !== 'prefix') throw badRequest('match is neither contains nor prefix')
  return { kind, text: query.get('filter') ?? '' }
}

/** Null if it has gone in between. Of one that may not be read there is its name. */
async function child(zk: ZooKeeper, parent: string, name: string): Promise<unknown> {
  const stat = await unlessForbidden(async () => (await zk.exists(childPath(parent, name))) ?? 'gone')
  if (stat === 'gone') return null
  if (stat === null) return { name, numChildren: 0, dataLength: null, isEphemeral: false, isRefused: true }
  return { name, numChildren: stat.numChildren, dataLength: stat.dataLength, isEphemeral: isEphemeral(stat) }
}

/** Containers and nodes with a time to live use the same field for what they are. */
function isEphemeral({ ephemeralOwner }: Stat): boolean {
  const owner = BigInt.asUintN(64, ephemeralOwner)
  return owner !== 0n && owner !== 1n << 63n && owner >> 56n !== 0xffn
}

/**
 * Who changed a znode, from the log. The log knows no ACLs: only who may read the znode as it is now is told, and as it is work
 * for the machine, only who has logged in.
 */
async function history(
  log: LogHistory,
  path: string,
  target: AdminTarget,
  client: ConsoleCall['client']
): Promise<unknown> {
  const zk = await client()
  await zk.getData(path)
  return { changes: await log.changesOf(path, target.view.settings) }
}

async function count({ query, client }: ConsoleCall): Promise<unknown> {
  const zk = await client()
  return { count: await zk.getAllChildrenNumber(parameter(query, 'path')) }
}
