import type { AclEntry } from '../../client/acl.ts'
import type { CreateModeName } from '../../client/operations/create.ts'
import type { AdminTarget } from '../http/admin-target.ts'
import { ConsoleError } from './console-error.ts'
import type { Job } from './jobs.ts'
import {
  badRequest,
  type ConsoleCall,
  type ConsoleJob,
  type ConsoleRoute,
  change,
  integerMember,
  member,
  textMember
} from './route.ts'
import { deleteTree } from './tree-deletion.ts'
import { shownStat } from './tree-routes.ts'

/** Of an ephemeral znode the console's own session would be the owner, and take it away with it. */
const MODES: readonly CreateModeName[] = [
  'persistent',
  'persistentSequential',
  'container',
  'persistentWithTtl',
  'persistentSequentialWithTtl'
]
const ANY_VERSION = -1
const VERSION_MAX = 0x7fffffff
const ACL_ENTRIES_MAX = 1_000
const PERMS_ALL = 31
const COUNT_MAX = 0x7fffffff
/** What is around path and data, a short ACL included. */
const REQUEST_BYTES = 256

/** What changes the tree. Versions are always given: nothing is overwritten that the user has not seen. */
export const changeRoutes: ReadonlyMap<string, ConsoleRoute> = new Map([
  ['set', change(set)],
  ['create', change(create)],
  ['delete', change(remove)],
  ['acl', change(setAcl)]
])

/** What changes many znodes. */
export const changeJobs: ReadonlyMap<string, ConsoleJob> = new Map([
  ['delete-tree', { method: 'POST', needsLogin: true, run: removeTree }]
])

async function set({ body, client, target }: ConsoleCall): Promise<unknown> {
  const path = textMember(body, 'path')
  const data = dataOf(body)
  checkLength(target, path, data)
  const zk = await client()
  return { stat: shownStat(await zk.setData(path, data, versionOf(body))) }
}

async function create({ body, client, target }: ConsoleCall): Promise<unknown> {
  const mode = MODES.find((one) => one === member(body, 'mode'))
  if (mode === undefined) throw badRequest(`mode is none of ${MODES.join(', ')}`)
  const acl = member(body, 'acl') === undefined ? {} : { acl: aclOf(body) }
  const ttl = /ttl$/i.test(mode) ? { ttlMs: integerMember(body, 'ttlMs', 1, 0xffffffffff) } : {}
  const path = textMember(body, 'path')
  const data = dataOf(body)
  checkLength(target, path, data)
  const zk = await client()
  return { path: await zk.create(path, data, { mode, ...acl, ...ttl }) }
}

async function remove({ body, client }: ConsoleCall): Promise<unknown> {
  const zk = await client()
  await zk.delete(textMember(body, 'path'), versionOf(body))
  return {}
}

/** Only as many as the user has agreed to: a tree that has grown since is asked for again. */
async function removeTree(call: ConsoleCall, job: Job): Promise<unknown> {
  const { body, client, walks } = call
  const path = textMember(body, 'path')
  const agreedCount = integerMember(body, 'count', 1, COUNT_MAX)
  const version = versionOf(body)
  const zk = await client()
  const total = (await zk.getAllChildrenNumber(path)) + 1
  if (total > agreedCount) throw new ConsoleError(409, 'TREE_HAS_GROWN', `it has ${total} znodes by now`)
  return deleteTree(zk, (parent) => walks.names(call, zk, parent), path, version, job)
}

async function setAcl({ body, client }: ConsoleCall): Promise<unknown> {
  const zk = await client()
  return { stat: shownStat(await zk.setAcl(textMember(body, 'path'), aclOf(body), versionOf(body))) }
}

/** A server cuts off who sends more than it takes, as its clients know, and says nothing. @throws ConsoleError */
function checkLength({ view }: AdminTarget, path: string, data: Buffer | null): void {
  const { juteMaxBufferBytes } = view.settings.client
  if ((data?.length ?? 0) + Buffer.byteLength(path) + REQUEST_BYTES <= juteMaxBufferBytes) return
  throw new ConsoleError(
    413,
    'TOO_LARGE',
    `a request may have ${juteMaxBufferBytes} bytes (jute.maxbuffer), its path and data are longer`
  )
}

/** Null is data of its own: none. */
function dataOf(body: unknown): Buffer | null {
  const base64 = member(body, 'data')
  if (base64 === null) return null
  if (typeof base64 !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw badRequest('data is no base64')
  return Buffer.from(base64, 'base64')
}

function versionOf(body: unknown): number {
  const version = integerMember(body, 'version', -VERSION_MAX - 1, VERSION_MAX)
  if (version === ANY_VERSION) throw badRequest('the version that was seen is missing')
  return version
}

function aclOf(body: unknown): AclEntry[] {
  const entries = member(body, 'acl')
  if (!Array.isArray(entries) || entries.length > ACL_ENTRIES_MAX) throw badRequest('acl is no list, or too long')
  return entries.map((entry: unknown) => ({
    scheme: textMember(entry, 'scheme'),
    id: textMember(entry, 'id'),
    perms: integerMember(entry, 'perms', 0, PERMS_ALL)
  }))
}
