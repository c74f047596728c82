import { ErrorCode } from '../../../protocol/error-code.ts'
import type { ACL } from '../../../protocol/generated/data.ts'
import type { TxnBody } from '../../../protocol/txn.ts'
import type { AclChecker } from '../../acl/acl-checker.ts'
import type { Identity } from '../../acl/authentication-provider.ts'
import type { HashPort } from '../../ports.ts'
import type { DataTree } from '../../tree/data-tree.ts'
import { digestOfStat, isDigested, pathCrc, prefixCrc } from '../../tree/node-digest.ts'
import type { CoreSettings } from '../core-settings.ts'
import type { QuotaLog } from '../quota-log.ts'
import type { ReconfigPort } from '../role-ports.ts'
import type { ChangeRecord } from './change-record.ts'
import { DataCopies } from './data-copies.ts'
import type { OutstandingChanges } from './outstanding-changes.ts'
import type { PrefixTotals } from './prefix-totals.ts'

/** What a request becomes: the body of its transaction, or the error code that it fails with. */
export type Prepared = TxnBody | number

/** The request being prepared, and what it is checked against. One object, refilled for each request. */
export class PrepareContext {
  readonly tree: DataTree
  readonly changes: OutstandingChanges
  readonly acl: AclChecker
  readonly hash: HashPort
  readonly settings: CoreSettings
  readonly quotaLog: Pick<QuotaLog, 'exceeded'>
  /** Null on a standalone server, which has no ensemble to change. */
  readonly reconfigPort: ReconfigPort | null
  /** Null where no prefix has a limit on what it holds. */
  readonly prefixTotals: PrefixTotals | null
  readonly copies = new DataCopies()
  sessionHi = 0
  sessionLo = 0
  /** OK, or the code of what needs the session: it is being closed or gone, or went to another server. */
  sessionError: ErrorCode = ErrorCode.OK
  identities: readonly Identity[] = []
  /** zxid and time of the transaction in the making. */
  zxidHi = 0
  zxidLo = 0
  timeHi = 0
  timeLo = 0
  /** Tree digest once everything prepared so far has been applied. */
  digestHi = 0
  digestLo = 0

  constructor(
    tree: DataTree,
    changes: OutstandingChanges,
    acl: AclChecker,
    hash: HashPort,
    settings: CoreSettings,
    quotaLog: Pick<QuotaLog, 'exceeded'>,
    reconfigPort: ReconfigPort | null = null,
    prefixTotals: PrefixTotals | null = null
  ) {
    this.tree = tree
    this.changes = changes
    this.acl = acl
    this.hash = hash
    this.settings = settings
    this.quotaLog = quotaLog
    this.reconfigPort = reconfigPort
    this.prefixTotals = prefixTotals
  }

  /** Whether the session of this request has `perm` under `acl`. */
  isAllowed(acl: readonly ACL[], perm: number): boolean {
    return this.acl.isAllowed(acl, perm, this.identities)
  }

  /**
   * Makes a record of an existing or new znode the newest state of its path: stamps it with this transaction and
   * moves the predicted tree digest.
   */
  commitChange(record: ChangeRecord, isEphemeralChange = false): void {
    record.zxidHi = this.zxidHi
    record.zxidLo = this.zxidLo
    const before = record.digest
    record.digest = this.#digestOf(record)
    this.#moveDigest(before, record.digest)
    if (isEphemeralChange) this.changes.addEphemeral(record)
    else this.changes.add(record)
  }

  /** Gives a record other data, as far as a record knows of them. */
  replaceData(record: ChangeRecord, data: Uint8Array | null): void {
    if (this.settings.digestEnabled && isDigested(record.path)) {
      record.prefixCrc = prefixCrc(this.hash, record.pathCrc, data)
    }
  }

  /** CRC-32 over the path of a new child; 0 where there are no digests. */
  pathCrcBelow(parent: ChangeRecord, path: string): number {
    if (!this.settings.digestEnabled || !isDigested(path)) return 0
    return pathCrc(path, parent.path.length, parent.pathCrc)
  }

  #digestOf(record: ChangeRecord): number {
    if (!record.exists || !this.settings.digestEnabled || !isDigested(record.path)) return 0
    if (record.prefixCrc < 0) record.prefixCrc = this.tree.prefixCrc(this.tree.find(record.path))
    return digestOfStat(record.prefixCrc, record.stat)
  }

  /** digest − before + after, modulo 2^64; both are unsigned 32-bit numbers. */
  #moveDigest(before: number, after: number): void {
    const low = (this.digestLo >>> 0) - before + after
    this.digestLo = low | 0
    this.digestHi = (this.digestHi + Math.floor(low / 4294967296)) | 0
  }
}

/** The code with which a request of a session that is closing, gone or elsewhere fails, or OK. */
export function checkSession(context: PrepareContext): ErrorCode {
  return context.sessionError
}

/**
 * The version after a successful change, or null when `expected` neither matches nor is −1. Versions are int32 and
 * wrap; −1 is left out, since it means "any" in requests.
 */
export function nextVersion(current: number, expected: number): number | null {
  if (expected !== -1 && expected !== current) return null
  const next = (current + 1) | 0
  return next === -1 ? 0 : next
}
