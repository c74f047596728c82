import type { ACL, StatPersisted } from '../../../protocol/generated/data.ts'

/** A znode as it will be when the change that made this record has been applied. */
export interface ChangeRecord {
  /** Empty for the root. */
  readonly path: string
  /** Transaction of the change; the record is dropped when that one has been applied. */
  zxidHi: number
  zxidLo: number
  /** False when the change deletes the znode. */
  exists: boolean
  /** Stored form, as in the tree. */
  readonly stat: StatPersisted
  childCount: number
  acl: readonly ACL[]
  /** CRC-32 over the path. */
  pathCrc: number
  /** CRC-32 over path and data, on which the znode's digest is built; -1: that of the tree's node, which has the same data. */
  prefixCrc: number
  /** The znode's digest, unsigned; 0 for those that do not count. */
  digest: number
  /** `pathHash` of the path. */
  readonly hash: number
  /** For `PendingRecords` only: the next record in the same bucket. */
  chained: ChangeRecord | null
}
