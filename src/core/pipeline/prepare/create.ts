import { ErrorCode } from '../../../protocol/error-code.ts'
import type { ACL, StatPersisted } from '../../../protocol/generated/data.ts'
import { CreateMode, OpCode, Perm } from '../../../protocol/op-code.ts'
import { parentOf, pathProblem, sequentialPath } from '../../../protocol/path.ts'
import { emptyStat } from '../../tree/empty-stat.ts'
import type { ChangeRecord } from './change-record.ts'
import { checkSession, type PrepareContext, type Prepared } from './prepare-context.ts'
import { isCreateOverQuota } from './quota.ts'

/** Largest TTL in ms: the stored owner has 40 bits for it. */
const TTL_MAX_HI = 0xff
const CONTAINER_OWNER_HI = 0x80000000 | 0
const TTL_OWNER_HI = 0xff000000 | 0

/** The kinds of znode a create can make. */
export type CreateKind = 'persistent' | 'ephemeral' | 'container' | 'ttl'

/** A create as asked for, of any of the four request types. */
export interface CreateIntent {
  readonly type: number
  /** Null, as a request may have it, fails with MARSHALLINGERROR when its turn comes. */
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly ACL[] | null
  readonly flags: number
  /** −1 when the request carries none. */
  readonly ttlHi: number
  readonly ttlLo: number
}

/**
 * create, create2, createContainer, createTTL outside a multi: the request type decides what is made, the flags only
 * whether it is sequential or ephemeral (client-protocol section 6).
 */
export function prepareCreate(context: PrepareContext, intent: CreateIntent): Prepared {
  const { flags, type } = intent
  if (!isKnownFlags(flags)) return ErrorCode.BADARGUMENTS
  const problem = ttlProblem(context, intent)
  if (problem !== ErrorCode.OK) return problem
  if (type === OpCode.createTTL && !isTtlFlags(flags)) return ErrorCode.BADARGUMENTS
  return createNode(context, intent, type, kindOutsideMulti(type, flags))
}

/** A create whose kind has been decided; `type` is that of the transaction. */
export function createNode(context: PrepareContext, intent: CreateIntent, type: number, kind: CreateKind): Prepared {
  const session = checkSession(context)
  if (session !== ErrorCode.OK) return session
  if (intent.path === null) return ErrorCode.MARSHALLINGERROR
  const parentPath = parentOf(intent.path)
  if (parentPath === null || intent.path.includes('\0')) return ErrorCode.BADARGUMENTS
  const { acl, err } = context.acl.fixup(intent.acl, context.identities)
  if (acl === null) return err
  const parent = context.changes.recordFor(parentPath)
  if (parent === null) return ErrorCode.NONODE
  if (!context.isAllowed(parent.acl, Perm.create)) return ErrorCode.NOAUTH
  const counter = parent.stat.cversion
  const path = isSequential(intent.flags) ? sequentialPath(intent.path, counter) : intent.path
  if (pathProblem(path) !== null) return ErrorCode.BADARGUMENTS
  if (context.changes.exists(path)) return ErrorCode.NODEEXISTS
  if (isSessionOwned(context, parent.stat)) {
    return ErrorCode.NOCHILDRENFOREPHEMERALS
  }
  if (isCreateOverQuota(context, path, intent.data)) return ErrorCode.QUOTAEXCEEDED

  const parentCversion = (counter + 1) | 0
  parent.stat.cversion = parentCversion
  parent.stat.pzxidHi = context.zxidHi
  parent.stat.pzxidLo = context.zxidLo
  parent.childCount++
  context.commitChange(parent)
  addNewNode(context, intent, parent, path, acl, kind)
  return {
    kind: 'create',
    type: type as 1 | 15 | 19 | 21,
    path,
    data: intent.data,
    acl,
    mode: kind,
    ttlHi: kind === 'ttl' ? intent.ttlHi : 0,
    ttlLo: kind === 'ttl' ? intent.ttlLo : 0,
    parentCversion
  }
}

function addNewNode(
  context: PrepareContext,
  intent: CreateIntent,
  parent: ChangeRecord,
  path: string,
  acl: readonly ACL[],
  kind: CreateKind
): void {
  const stat = emptyStat()
  stat.czxidHi = stat.mzxidHi = stat.pzxidHi = context.zxidHi
  stat.czxidLo = stat.mzxidLo = stat.pzxidLo = context.zxidLo
  stat.ctimeHi = stat.mtimeHi = context.timeHi
  stat.ctimeLo = stat.mtimeLo = context.timeLo
  if (kind === 'ephemeral') {
    stat.ephemeralOwnerHi = context.sessionHi
    stat.ephemeralOwnerLo = context.sessionLo
  } else if (kind === 'container') {
    stat.ephemeralOwnerHi = CONTAINER_OWNER_HI
  } else if (kind === 'ttl') {
    stat.ephemeralOwnerHi = TTL_OWNER_HI | intent.ttlHi
    stat.ephemeralOwnerLo = intent.ttlLo
  }
  const record: ChangeRecord = {
    path,
    zxidHi: 0,
    zxidLo: 0,
    exists: true,
    stat,
    childCount: 0,
    acl,
    pathCrc: context.pathCrcBelow(parent, path),
    prefixCrc: 0,
    digest: 0,
    hash: context.tree.pathHash(path),
    chained: null
  }
  context.replaceData(record, intent.data)
  context.commitChange(record, kind === 'ephemeral')
}

/** UNIMPLEMENTED, BADARGUMENTS or OK for the TTL of a create, in the order that upstream checks. */
export function ttlProblem(context: PrepareContext, intent: CreateIntent): ErrorCode {
  if (isTtlFlags(intent.flags)) {
    if (!context.settings.extendedTypesEnabled) return ErrorCode.UNIMPLEMENTED
    return isTtlValid(intent.ttlHi, intent.ttlLo) ? ErrorCode.OK : ErrorCode.BADARGUMENTS
  }
  return intent.ttlHi >= 0 ? ErrorCode.BADARGUMENTS : ErrorCode.OK
}

function isTtlValid(hi: number, lo: number): boolean {
  return hi >= 0 && hi <= TTL_MAX_HI && (hi !== 0 || lo !== 0)
}

/** Whether the flags of a create name a mode. */
export function isKnownFlags(flags: number): boolean {
  return flags >= CreateMode.persistent && flags <= CreateMode.persistentSequentialWithTtl
}

export function isTtlFlags(flags: number): boolean {
  return flags === CreateMode.persistentWithTtl || flags === CreateMode.persistentSequentialWithTtl
}

function isSequential(flags: number): boolean {
  return (
    flags === CreateMode.persistentSequential ||
    flags === CreateMode.ephemeralSequential ||
    flags === CreateMode.persistentSequentialWithTtl
  )
}

function kindOutsideMulti(type: number, flags: number): CreateKind {
  if (type === OpCode.createContainer) return 'container'
  if (type === OpCode.createTTL) return 'ttl'
  return flags === CreateMode.ephemeral || flags === CreateMode.ephemeralSequential ? 'ephemeral' : 'persistent'
}

/** Whether the stored owner is a session's: neither 0 nor the mark of a container or TTL znode. */
export function isSessionOwned(context: PrepareContext, stat: StatPersisted): boolean {
  const { ephemeralOwnerHi: hi, ephemeralOwnerLo: lo } = stat
  if (hi === 0 && lo === 0) return false
  if (hi === CONTAINER_OWNER_HI && lo === 0) return false
  return !(context.settings.extendedTypesEnabled && hi >>> 24 === 0xff)
}
