import { crc32 } from 'node:zlib'
import type { ACL } from '../../../src/protocol/generated/data.ts'
import { toBigInt } from '../../../src/protocol/int64.ts'
import type { Txn, TxnBody } from '../../../src/protocol/txn.ts'

/**
 * The rules of quorum-protocol section 18, client-protocol sections 7, 8 and 14 and storage-formats section 6, written
 * down as plainly as can be: one map, everything derived by looking through it, bigints. It shares no code with the tree.
 */
export interface NaiveNode {
  data: Buffer | null
  acl: readonly ACL[]
  czxid: bigint
  mzxid: bigint
  pzxid: bigint
  ctime: bigint
  mtime: bigint
  version: number
  cversion: number
  aversion: number
  owner: bigint
}

export interface NaiveEvent {
  readonly type: number
  readonly path: string
  readonly acl: readonly ACL[]
}

const OPEN_ACL: readonly ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const QUOTA = '/zookeeper/quota'
const CONTAINER = -(2n ** 63n)

function builtIn(acl: readonly ACL[], aversion: number): NaiveNode {
  const zero = { czxid: 0n, mzxid: 0n, pzxid: 0n, ctime: 0n, mtime: 0n, version: 0, cversion: 0, owner: 0n }
  return { data: Buffer.alloc(0), acl, ...zero, aversion }
}

export class NaiveTree {
  /** By path, the root under the empty one. */
  readonly nodes = new Map<string, NaiveNode>([
    ['', builtIn(OPEN_ACL, 0)],
    ['/zookeeper', builtIn(OPEN_ACL, 0)],
    ['/zookeeper/quota', builtIn(OPEN_ACL, 0)],
    ['/zookeeper/config', builtIn([{ perms: 1, id: { scheme: 'world', id: 'anyone' } }], -1)]
  ])
  errors: number[] = []
  events: NaiveEvent[] = []

  apply({ header, body }: Txn): void {
    this.errors = []
    this.events = []
    const zxid = toBigInt(header.zxidHi, header.zxidLo)
    const time = toBigInt(header.timeHi, header.timeLo)
    const session = toBigInt(header.clientIdHi, header.clientIdLo)
    if (body.kind === 'closeSession') this.#closeSession(body.paths ?? [], session, zxid)
    else if (body.kind === 'multi') this.#multi(body.operations, session, zxid, time)
    else if (body.kind !== 'createSession') this.errors.push(this.#operation(body, session, zxid, time))
  }

  #multi(operations: readonly TxnBody[], session: bigint, zxid: bigint, time: bigint): void {
    const failed = operations.findIndex((one) => one.kind === 'error')
    if (failed < 0) this.errors = operations.map((one) => this.#operation(one, session, zxid, time))
    else {
      this.errors = operations.map((one, index) => {
        if (one.kind === 'error') return one.err
        return index < failed ? 0 : -2
      })
    }
  }

  #operation(body: TxnBody, session: bigint, zxid: bigint, time: bigint): number {
    if (body.kind === 'create') return this.#create(body, session, zxid, time)
    if (body.kind === 'delete') return this.#delete(body.path, zxid)
    if (body.kind === 'error') return body.err
    if (body.kind !== 'setData' && body.kind !== 'setACL') return 0
    const node = this.nodes.get(keyOf(body.path))
    if (node === undefined) return -101
    if (body.kind === 'setACL') {
      node.acl = body.acl ?? OPEN_ACL
      node.aversion = body.version
      return 0
    }
    const before = node.data?.length ?? 0
    node.data = body.data === null ? null : Buffer.from(body.data)
    node.version = body.version
    node.mzxid = zxid
    node.mtime = time
    this.#adjustQuota(keyOf(body.path), (node.data?.length ?? 0) - before, 0)
    this.#event(3, body.path, node.acl)
    return 0
  }

  #create(body: Extract<TxnBody, { kind: 'create' }>, session: bigint, zxid: bigint, time: bigint): number {
    const parent = this.nodes.get(parentOf(body.path))
    if (parent === undefined) return -101
    const counter = body.parentCversion === -1 ? parent.cversion + 1 : body.parentCversion
    const advance = (): void => {
      if (counter <= parent.cversion) return
      parent.cversion = counter
      parent.pzxid = zxid
    }
    const acl = body.acl ?? OPEN_ACL
    const existing = this.nodes.get(body.path)
    if (existing !== undefined) {
      existing.acl = acl
      if (body.type === 1) advance()
      return -110
    }
    advance()
    const ttl = BigInt.asIntN(64, (0xffn << 56n) | toBigInt(body.ttlHi, body.ttlLo))
    const owner = { persistent: 0n, ephemeral: session, container: CONTAINER, ttl }[body.mode]
    const data = body.data === null ? null : Buffer.from(body.data)
    const zeros = { version: 0, cversion: 0, aversion: 0 }
    this.nodes.set(body.path, {
      data,
      acl,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: time,
      mtime: time,
      ...zeros,
      owner
    })
    if (body.path.startsWith(`${QUOTA}/`) && body.path.endsWith('/zookeeper_stats')) this.#countQuota(body.path)
    this.#adjustQuota(body.path, data?.length ?? 0, 1)
    this.#event(1, body.path, acl)
    this.#event(4, parentOf(body.path), parent.acl)
    return 0
  }

  #delete(path: string, zxid: bigint): number {
    const parent = this.nodes.get(parentOf(path))
    if (parent === undefined) return -101
    if (zxid > parent.pzxid) parent.pzxid = zxid
    const node = this.nodes.get(path)
    if (node === undefined) return -101
    for (const below of this.subtree(path)) {
      const removed = this.nodes.get(below)
      this.nodes.delete(below)
      this.#adjustQuota(below, -(removed?.data?.length ?? 0), -1)
    }
    this.#event(2, path, node.acl)
    this.#event(4, parentOf(path), parent.acl)
    return 0
  }

  #closeSession(paths: readonly string[], session: bigint, zxid: bigint): void {
    for (const path of [...paths, ...this.ephemeralsOf(session)]) this.#delete(path, zxid)
  }

  #event(type: number, path: string, acl: readonly ACL[]): void {
    this.events.push({ type, path: path === '' ? '/' : path, acl })
  }

  #countQuota(statsPath: string): void {
    const stats = this.nodes.get(statsPath)
    const nodes = this.subtree(statsPath.slice(QUOTA.length, -'/zookeeper_stats'.length))
    const bytes = nodes.reduce((sum, path) => sum + (this.nodes.get(path)?.data?.length ?? 0), 0)
    if (stats !== undefined) stats.data = Buffer.from(`count=${nodes.length},bytes=${bytes}`)
  }

  #adjustQuota(path: string, bytes: number, count: number): void {
    for (let at = path; at !== ''; at = parentOf(at)) {
      if (!this.nodes.has(`${QUOTA}${at}/zookeeper_limits`)) continue
      const stats = this.nodes.get(`${QUOTA}${at}/zookeeper_stats`)
      const [, oldCount, oldBytes] = /^count=(-?\d+),bytes=(-?\d+)$/.exec(stats?.data?.toString() ?? '') ?? [
        '',
        '-1',
        '-1'
      ]
      if (stats !== undefined)
        stats.data = Buffer.from(`count=${Number(oldCount) + count},bytes=${Number(oldBytes) + bytes}`)
      return
    }
  }

  /** The path and all below it that exist, longest first. */
  subtree(top: string): string[] {
    return [...this.nodes.keys()]
      .filter((path) => path === top || path.startsWith(`${top}/`))
      .sort((a, b) => b.length - a.length)
  }

  childNames(path: string): string[] {
    const prefix = `${path}/`
    return [...this.nodes.keys()]
      .filter((one) => one.startsWith(prefix) && !one.slice(prefix.length).includes('/'))
      .map((one) => one.slice(prefix.length))
      .sort()
  }

  ephemeralsOf(session: bigint): string[] {
    return [...this.nodes].filter(([, node]) => node.owner === session).map(([path]) => path)
  }

  digest(): bigint {
    let sum = 0n
    for (const [path, node] of this.nodes) if (!path.startsWith('/zookeeper/')) sum += BigInt(nodeDigest(path, node))
    return BigInt.asIntN(64, sum)
  }
}

/** storage-formats section 6. */
export function nodeDigest(path: string, node: NaiveNode): number {
  const stat = Buffer.alloc(60)
  const longs = [node.czxid, node.mzxid, node.pzxid, node.ctime, node.mtime]
  longs.forEach((value, index) => {
    stat.writeBigInt64BE(value, 8 * index)
  })
  stat.writeInt32BE(node.version, 40)
  stat.writeInt32BE(node.cversion, 44)
  stat.writeInt32BE(node.aversion, 48)
  stat.writeBigInt64BE(node.owner, 52)
  return crc32(Buffer.concat([Buffer.from(path, 'utf8'), node.data ?? Buffer.alloc(0), stat]))
}

function keyOf(path: string): string {
  return path === '/' ? '' : path
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
