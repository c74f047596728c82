import type { JuteReader, JuteWriter } from 'jute-ts'
import type { ACL } from './generated/data.ts'
import type { TxnHeader } from './generated/txn.ts'
import { decodeTxnHeader, encodeTxnHeader } from './generated/txn.ts'
import { decodeTxnBody, encodeTxnBody } from './txn-body.ts'

/**
 * Transactions as they are logged, proposed and exported: TxnHeader, the record of its type, and optionally a digest.
 * The bytes are Apache's; `TxnBody` folds the seven record shapes into what the tree has to do.
 */

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

export interface CheckBody {
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
export interface ErrorBody {
  readonly kind: 'error'
  readonly err: number
}

export interface CreateSessionBody {
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

/** Digest of the tree after the transaction; `version` is 2 for the algorithm of `core/tree/node-digest.ts`. */
export interface TxnTreeDigest {
  readonly version: number
  readonly treeDigestHi: number
  readonly treeDigestLo: number
}

/**
 * A transaction. `header.type` and `body` must agree (`bodyType(body)`).
 *
 * Buffers of a decoded one are views into the bytes that it was decoded from.
 */
export interface Txn {
  readonly header: TxnHeader
  readonly body: TxnBody
  readonly digest: TxnTreeDigest | null
}

/** The algorithm whose digests can be compared with ours. */
export const DIGEST_VERSION = 2

const DIGEST_SIZE_BYTES = 12

/**
 * Writes header, record and digest, without any length before them.
 * @throws TxnFormatError if header and body disagree, or a create's type and mode do
 */
export function encodeTxn(writer: JuteWriter, txn: Txn): void {
  encodeTxnHeader(writer, txn.header)
  encodeTxnBody(writer, txn.header.type, txn.body)
  const digest = txn.digest
  if (digest === null) return
  writer.writeInt(digest.version)
  writer.writeInt64(digest.treeDigestHi, digest.treeDigestLo)
}

/**
 * Reads one transaction, which must fill the reader exactly (from its offset to its end): the old formats can only be
 * told by where they end.
 * @throws JuteError if the bytes end early; TxnFormatError on an unknown type or bytes left over
 */
export function decodeTxn(reader: JuteReader): Txn {
  const header = decodeTxnHeader(reader)
  const body = decodeTxnBody(reader, header.type, DIGEST_SIZE_BYTES)
  return { header, body, digest: decodeDigest(reader) }
}
