import type { ACL } from './generated/data.ts'
import { OpCode } from './op-code.ts'
import { TxnFormatError } from './txn-format-error.ts'

/** What a transaction says, as the tree needs it: nine shapes for the eleven records that there are. */

/** How a created node lives; decides the transaction's record and the stored ephemeralOwner. */
export type NodeMode = 'persistent' | 'ephemeral' | 'container' | 'ttl'

export interface CreateBody {
  readonly kind: 'create'
  /**
   * 1 create, 15 create2, 19 createContainer, 21 createTTL. 1 and 15 are CreateTxn with mode persistent or ephemeral;
   * 19 goes with container, 21 with ttl: a body where these disagree is refused by the encoder.
   */
  readonly type: 1 | 15 | 19 | 21
  readonly path: string
  readonly data: Uint8Array | null
  /** Null is interned as the open list (key -1), as upstream does. */
  readonly acl: readonly ACL[] | null
  readonly mode: NodeMode
  /** Milliseconds, 1 to 0xffffffffff, for mode ttl; 0 otherwise. */
  readonly ttlHi: number
  readonly ttlLo: number
  /** Stored create counter of the parent after this create; -1 (the oldest format) means "one more than it is". */
  readonly parentCversion: number
}

export interface DeleteBody {
  readonly kind: 'delete'
  /** 2 delete, 20 deleteContainer. */
  readonly type: 2 | 20
  readonly path: string
}

export interface SetDataBody {
  readonly kind: 'setData'
  /** 5 setData, 16 reconfig (which sets the data of /zookeeper/config). */
  readonly type: 5 | 16
  readonly path: string
  readonly data: Uint8Array | null
  /** The version that the node has afterwards. */
  readonly version: number
}

export interface SetAclBody {
  readonly kind: 'setACL'
  readonly path: string
  readonly acl: readonly ACL[] | null
  /** The aversion that the node has afterwards. */
  readonly version: number
}

interface CheckBody {
  readonly kind: 'check'
  readonly path: string
  /** Informative: nothing reads it on apply. */
  readonly version: number
}

export interface MultiBody {
  readonly kind: 'multi'
  /** In a failed multi: the operations before the failure as they were, then ErrorBody for it and the rest. */
  readonly operations: readonly TxnBody[]
}

/** A failed write, which still has its zxid; or a member of a failed multi. */
interface ErrorBody {
  readonly kind: 'error'
  readonly err: number
}

interface CreateSessionBody {
  readonly kind: 'createSession'
  readonly timeoutMs: number
}

export interface CloseSessionBody {
  readonly kind: 'closeSession'
  /** Ephemeral nodes to delete; null in the old format without a record: then all that the session has. */
  readonly paths: readonly string[] | null
}

export type TxnBody =
  | CreateBody
  | DeleteBody
  | SetDataBody
  | SetAclBody
  | CheckBody
  | MultiBody
  | ErrorBody
  | CreateSessionBody
  | CloseSessionBody

/** Type that a header must have for this body. */
export function bodyType(body: TxnBody): number {
  switch (body.kind) {
    case 'create':
    case 'delete':
    case 'setData':
      return body.type
    case 'setACL':
      return OpCode.setACL
    case 'check':
      return OpCode.check
    case 'multi':
      return OpCode.multi
    case 'error':
      return OpCode.error
    case 'createSession':
      return OpCode.createSession
    case 'closeSession':
      return OpCode.closeSession
    default:
      return unreachable(body)
  }
}

/** End of a switch over all bodies. */
export function unreachable(body: never): never {
  throw new TxnFormatError(`no such transaction: ${JSON.stringify(body)}`)
}
