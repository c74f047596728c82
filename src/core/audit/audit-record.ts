/**
 * What the audit log is told: who changed what, and how it ended. Reads are not audited.
 *
 * @see `AuditEvent`, `AuditConstants`
 */
export interface AuditRecord {
  /** `0x` and the session's id in hexadecimal. */
  readonly session: string
  /** Names of the session's identities, with commas between; null if none of them has a name. */
  readonly user: string | null
  /** Address of the client; null for what the server does by itself. */
  readonly ip: string | null
  readonly operation: AuditOperation
  readonly znode: string | null
  /** How the znode was to be created, in upstream's words. */
  readonly znodeType: string | null
  /** The ACL that was asked for, as text. */
  readonly acl: string | null
  readonly result: 'success' | 'failure'
}

export type AuditOperation =
  | 'create'
  | 'delete'
  | 'setData'
  | 'setAcl'
  | 'multiOperation'
  | 'reconfig'
  | 'ephemeralZNodeDeletionOnSessionCloseOrExpire'
