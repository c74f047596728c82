import type { ACL } from '../../src/protocol/generated/data.ts'
import { AddWatchMode, CreateMode, OpCode, WatcherType } from '../../src/protocol/op-code.ts'
import type { Dice } from './dice.ts'
import type { RequestBody } from './request-bodies.ts'
import {
  checkBody,
  createBody,
  deleteBody,
  emptyBody,
  multiBody,
  OPEN_ACL,
  pathBody,
  readBody,
  setAclBody,
  setDataBody,
  watchBody
} from './request-bodies.ts'

/** What the generator knows of the tree, to aim at it. */
export interface Aim {
  /** Paths that exist, or did a moment ago, but for those that hold quotas. */
  readonly paths: readonly string[]
  has(path: string): boolean
  versionOf(path: string): number
}

const TOPS = ['/a', '/b', '/c', '/q']
const BIG_NODE = '/q'
const BIG_NODE_CHILD_COUNT = 270
const NAMES = ['x', 'y', 'z']
const SEQUENTIAL_NAMES = ['s-', '']
export const DIGEST_USERS = ['ann:secret', 'bob:pass']
const ANN_ACL: ACL = { perms: 31, id: { scheme: 'digest', id: 'ann:1kgFATDMCnwL3c4SM6iM26xfSMU=' } }

const ACLS: readonly (readonly ACL[] | null)[] = [
  [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }, ANN_ACL],
  [ANN_ACL],
  [{ perms: 31, id: { scheme: 'auth', id: '' } }],
  [{ perms: 31, id: { scheme: 'ip', id: '10.0.0.0/24' } }],
  [{ perms: 31, id: { scheme: 'nobody', id: 'x' } }],
  [],
  null
]

/** Requests of every kind, most of them sensible, out of a small world so that they meet. */
export class RandomRequests {
  readonly #dice: Dice
  readonly #usesQuotas: boolean
  readonly #hasBigNode: boolean

  /** @param hasBigNode `/q` gets hundreds of children, as lists that long are kept serialised */
  constructor(dice: Dice, usesQuotas: boolean, hasBigNode: boolean) {
    this.#dice = dice
    this.#usesQuotas = usesQuotas
    this.#hasBigNode = hasBigNode
  }

  next(aim: Aim): RequestBody {
    const isFew = aim.paths.length < BIG_NODE_CHILD_COUNT
    if (this.#hasBigNode && isFew && aim.has(BIG_NODE) && this.#dice.chance(0.3)) return this.#fill()
    const kind = this.#dice.weighted({
      create: 22,
      setData: 16,
      delete: 12,
      deleteContainer: 0.5,
      multi: 9,
      setAcl: 2,
      quota: this.#usesQuotas ? 2 : 0,
      read: 26,
      watch: 4,
      sync: 3,
      multiRead: 2,
      ping: 2,
      reconfig: 0.3
    })
    switch (kind) {
      case 'create':
        return this.#create(aim)
      case 'setData':
        return this.#setData(aim)
      case 'delete':
        return this.#delete(aim)
      case 'deleteContainer':
        return pathBody(OpCode.deleteContainer, this.#path(aim))
      case 'multi':
        return this.#multi(aim)
      case 'setAcl':
        return setAclBody(this.#path(aim), this.#dice.chance(0.7) ? OPEN_ACL : (this.#acl() ?? []), -1)
      case 'quota':
        return this.#quota(aim)
      case 'read':
        return this.#read(aim)
      case 'watch':
        return this.#watch(aim)
      case 'sync':
        return pathBody(OpCode.sync, this.#path(aim))
      case 'multiRead':
        return multiBody(
          OpCode.multiRead,
          this.#several(1, 4, () => this.#memberRead(aim))
        )
      case 'ping':
        return emptyBody(OpCode.ping)
      case 'reconfig':
        return emptyBody(OpCode.reconfig)
    }
  }

  data(): Uint8Array | null {
    if (this.#dice.chance(0.05)) return null
    const sizeBytes = this.#dice.chance(0.02) ? this.#dice.between(1000, 5000) : this.#dice.below(12)
    return Buffer.alloc(sizeBytes, this.#dice.below(256))
  }

  #create(aim: Aim): RequestBody {
    const dice = this.#dice
    const mode = dice.weighted({ plain: 40, ephemeral: 22, sequential: 20, both: 10, container: 6, ttl: 6, odd: 1 })
    const isSequential = mode === 'sequential' || mode === 'both' || (mode === 'ttl' && dice.chance(0.3))
    const path = this.#newPath(aim, isSequential ? SEQUENTIAL_NAMES : NAMES)
    const fields = { path, data: this.data(), acl: dice.chance(0.9) ? OPEN_ACL : this.#acl() }
    const type = dice.chance(0.5) ? OpCode.create : OpCode.create2
    switch (mode) {
      case 'plain':
        return createBody(type, { ...fields, flags: CreateMode.persistent }, 0)
      case 'ephemeral':
        return createBody(type, { ...fields, flags: CreateMode.ephemeral }, 0)
      case 'sequential':
        return createBody(type, { ...fields, flags: CreateMode.persistentSequential }, 0)
      case 'both':
        return createBody(type, { ...fields, flags: CreateMode.ephemeralSequential }, 0)
      case 'container':
        return createBody(OpCode.createContainer, { ...fields, flags: CreateMode.container }, 0)
      case 'ttl': {
        const flags = isSequential ? CreateMode.persistentSequentialWithTtl : CreateMode.persistentWithTtl
        return createBody(OpCode.createTTL, { ...fields, flags }, dice.between(1, 8000))
      }
      case 'odd':
        return createBody(
          dice.pick([type, OpCode.createTTL]),
          { ...fields, flags: dice.between(-2, 8) },
          dice.between(-1, 1)
        )
    }
  }

  /** Many children at once for the big node. */
  #fill(): RequestBody {
    const fields = { path: `${BIG_NODE}/`, data: null, acl: OPEN_ACL, flags: CreateMode.persistentSequential }
    return multiBody(
      OpCode.multi,
      Array.from({ length: BIG_NODE_CHILD_COUNT }, () => createBody(OpCode.create, fields, 0))
    )
  }

  #setData(aim: Aim): RequestBody {
    const path = this.#path(aim)
    return setDataBody(path, this.data(), this.#version(aim, path))
  }

  #delete(aim: Aim): RequestBody {
    const path = this.#path(aim)
    return deleteBody(path, this.#version(aim, path))
  }

  #multi(aim: Aim): RequestBody {
    const member = (): RequestBody => {
      const kind = this.#dice.weighted({ create: 40, setData: 25, delete: 20, check: 12, odd: 0.5 })
      if (kind === 'create') return this.#create(aim)
      if (kind === 'setData') return this.#setData(aim)
      if (kind === 'delete') return this.#delete(aim)
      if (kind === 'odd') return this.#memberRead(aim)
      const path = this.#path(aim)
      return checkBody(path, this.#version(aim, path))
    }
    return multiBody(OpCode.multi, this.#several(0, 5, member))
  }

  /** As setQuota and delQuota of the shell do it, in one multi; only one path of a branch has a quota. */
  #quota(aim: Aim): RequestBody {
    const path = this.#dice.pick(TOPS)
    const holder = `/zookeeper/quota${path}`
    const numbers = `count=${this.#dice.between(1, 12)},bytes=${this.#dice.between(-1, 60)}`
    const hard = `;byteHardLimit=${this.#dice.between(-1, 80)},countHardLimit=${this.#dice.between(-1, 15)}`
    const limits = Buffer.from(numbers + (this.#dice.chance(0.5) ? hard : ''))
    const create = (at: string, data: Buffer): RequestBody =>
      createBody(OpCode.create, { path: at, data, acl: OPEN_ACL, flags: CreateMode.persistent }, 0)
    if (aim.has(holder)) {
      if (this.#dice.chance(0.5)) return setDataBody(`${holder}/zookeeper_limits`, limits, -1)
      const paths = [`${holder}/zookeeper_limits`, `${holder}/zookeeper_stats`, holder]
      return multiBody(
        OpCode.multi,
        paths.map((one) => deleteBody(one, -1))
      )
    }
    const stats = create(`${holder}/zookeeper_stats`, Buffer.from('count=0,bytes=0'))
    return multiBody(OpCode.multi, [
      create(holder, Buffer.alloc(0)),
      create(`${holder}/zookeeper_limits`, limits),
      stats
    ])
  }

  #read(aim: Aim): RequestBody {
    const type = this.#dice.pick([
      OpCode.exists,
      OpCode.exists,
      OpCode.getData,
      OpCode.getData,
      OpCode.getChildren,
      OpCode.getChildren2,
      OpCode.getACL,
      OpCode.getEphemerals,
      OpCode.getAllChildrenNumber
    ])
    const isOfQuota = this.#usesQuotas && this.#dice.chance(0.1)
    const path = isOfQuota ? `/zookeeper/quota${this.#dice.pick(TOPS)}/zookeeper_stats` : this.#path(aim)
    if (type === OpCode.getEphemerals) return pathBody(type, this.#dice.pick(['/', path]))
    if (type === OpCode.getACL || type === OpCode.getAllChildrenNumber) return pathBody(type, path)
    return readBody(type, path, this.#dice.chance(0.4))
  }

  #memberRead(aim: Aim): RequestBody {
    return readBody(this.#dice.pick([OpCode.getData, OpCode.getChildren]), this.#path(aim), false)
  }

  #watch(aim: Aim): RequestBody {
    const path = this.#path(aim)
    const type = this.#dice.pick([OpCode.addWatch, OpCode.addWatch, OpCode.checkWatches, OpCode.removeWatches])
    if (type !== OpCode.addWatch) {
      return watchBody(type, path, this.#dice.between(WatcherType.children, WatcherType.persistentRecursive))
    }
    return watchBody(type, path, this.#dice.pick([AddWatchMode.persistent, AddWatchMode.persistentRecursive]))
  }

  #path(aim: Aim): string {
    if (this.#hasBigNode && this.#dice.chance(0.3)) return BIG_NODE
    if (aim.paths.length > 0 && this.#dice.chance(0.75)) return this.#dice.pick(aim.paths)
    return this.#newPath(aim, NAMES)
  }

  #newPath(aim: Aim, names: readonly string[]): string {
    const dice = this.#dice
    if (names === NAMES && dice.chance(0.35)) return dice.pick(TOPS)
    const below = aim.paths.filter((path) => path.split('/').length <= 4 && !path.startsWith('/zookeeper'))
    const parent = below.length > 0 && dice.chance(0.8) ? dice.pick(below) : dice.pick(TOPS)
    return `${parent === '/' ? '' : parent}/${dice.pick(names)}`
  }

  #version(aim: Aim, path: string): number {
    const dice = this.#dice
    if (dice.chance(0.6)) return -1
    return dice.chance(0.75) ? aim.versionOf(path) : dice.below(4)
  }

  #acl(): readonly ACL[] | null {
    return this.#dice.pick(ACLS)
  }

  #several<T>(low: number, high: number, make: () => T): T[] {
    return Array.from({ length: this.#dice.between(low, high) }, make)
  }
}
