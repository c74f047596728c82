import { ErrorCode } from '../protocol/error-code.ts'

/** Where a transaction failed: set on the error that `commit` rejects with. */
export interface TransactionFailure {
  /** Index of the operation that failed, counted from 0. */
  readonly index: number
  /** Wire error of every operation: 0 before the one that failed, RUNTIMEINCONSISTENCY (-2) after it. */
  readonly errors: readonly number[]
}

interface ErrorDetails {
  readonly path?: string | null
  readonly cause?: unknown
  readonly transaction?: TransactionFailure
}

/**
 * Any failure of an operation. Programs tell them apart by class or by `code`; `wire` is the protocol's number, for errors
 * made by this client the nearest one.
 */
export abstract class ZkError extends Error {
  /** Stable name, for programs. */
  abstract readonly code: string
  /** Number of `KeeperException.Code`. */
  abstract readonly wire: number
  /** The path as the caller gave it, or null where the operation has none. */
  readonly path: string | null
  /** Set if the operation was part of a transaction that failed. */
  readonly transaction: TransactionFailure | null

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.path = details.path ?? null
    this.transaction = details.transaction ?? null
  }
}

/** The connection broke, or no server of the list could be reached, before the answer came: the outcome is unknown. */
export class ConnectionLossError extends ZkError {
  readonly code = 'CONNECTION_LOSS'
  readonly wire = ErrorCode.CONNECTIONLOSS
}

/** The server could not read the request, or an unexpected exception met it there. */
export class MarshallingError extends ZkError {
  readonly code = 'MARSHALLING_ERROR'
  readonly wire = ErrorCode.MARSHALLINGERROR
}

/** The server does not know the operation, or has it switched off (TTL nodes without extended types). */
export class UnimplementedError extends ZkError {
  readonly code = 'UNIMPLEMENTED'
  readonly wire = ErrorCode.UNIMPLEMENTED
}

export class BadArgumentsError extends ZkError {
  readonly code = 'BAD_ARGUMENTS'
  readonly wire = ErrorCode.BADARGUMENTS
}

/** A reconfiguration was refused: the new ensemble has no quorum of connected, synced servers. */
export class NewConfigNoQuorumError extends ZkError {
  readonly code = 'NEW_CONFIG_NO_QUORUM'
  readonly wire = ErrorCode.NEWCONFIGNOQUORUM
}

export class ReconfigInProgressError extends ZkError {
  readonly code = 'RECONFIG_IN_PROGRESS'
  readonly wire = ErrorCode.RECONFIGINPROGRESS
}

export class NoNodeError extends ZkError {
  readonly code = 'NO_NODE'
  readonly wire = ErrorCode.NONODE
}

export class NoAuthError extends ZkError {
  readonly code = 'NO_AUTH'
  readonly wire = ErrorCode.NOAUTH
}

export class BadVersionError extends ZkError {
  readonly code = 'BAD_VERSION'
  readonly wire = ErrorCode.BADVERSION
}

export class NoChildrenForEphemeralsError extends ZkError {
  readonly code = 'NO_CHILDREN_FOR_EPHEMERALS'
  readonly wire = ErrorCode.NOCHILDRENFOREPHEMERALS
}

export class NodeExistsError extends ZkError {
  readonly code = 'NODE_EXISTS'
  readonly wire = ErrorCode.NODEEXISTS
}

export class NotEmptyError extends ZkError {
  readonly code = 'NOT_EMPTY'
  readonly wire = ErrorCode.NOTEMPTY
}

/** The session is over: its ephemeral nodes are gone and its watches with them. A new client is needed. */
export class SessionExpiredError extends ZkError {
  readonly code = 'SESSION_EXPIRED'
  readonly wire = ErrorCode.SESSIONEXPIRED
}

export class InvalidAclError extends ZkError {
  readonly code = 'INVALID_ACL'
  readonly wire = ErrorCode.INVALIDACL
}

/** The server refused an identity given by `addAuth`: the client is unusable from then on. */
export class AuthFailedError extends ZkError {
  readonly code = 'AUTH_FAILED'
  readonly wire = ErrorCode.AUTHFAILED
}

export class SessionMovedError extends ZkError {
  readonly code = 'SESSION_MOVED'
  readonly wire = ErrorCode.SESSIONMOVED
}

/** A write reached a server that is in read-only mode. */
export class NotReadOnlyError extends ZkError {
  readonly code = 'NOT_READ_ONLY'
  readonly wire = ErrorCode.NOTREADONLY
}

export class EphemeralOnLocalSessionError extends ZkError {
  readonly code = 'EPHEMERAL_ON_LOCAL_SESSION'
  readonly wire = ErrorCode.EPHEMERALONLOCALSESSION
}

/** There is no such watch to remove. */
export class NoWatcherError extends ZkError {
  readonly code = 'NO_WATCHER'
  readonly wire = ErrorCode.NOWATCHER
}

/** No answer came within `requestTimeoutMs`: the outcome is unknown. */
export class RequestTimeoutError extends ZkError {
  readonly code = 'REQUEST_TIMEOUT'
  readonly wire = ErrorCode.REQUESTTIMEOUT
}

export class ReconfigDisabledError extends ZkError {
  readonly code = 'RECONFIG_DISABLED'
  readonly wire = ErrorCode.RECONFIGDISABLED
}

export class SessionClosedRequireSaslAuthError extends ZkError {
  readonly code = 'SESSION_CLOSED_REQUIRE_SASL_AUTH'
  readonly wire = ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH
}

export class QuotaExceededError extends ZkError {
  readonly code = 'QUOTA_EXCEEDED'
  readonly wire = ErrorCode.QUOTAEXCEEDED
}

/** The server is overloaded and did not execute the request. */
export class ThrottledOpError extends ZkError {
  readonly code = 'THROTTLED_OP'
  readonly wire = ErrorCode.THROTTLEDOP
}

/** An error of the server that has no class here, by its number. */
export class ServerError extends ZkError {
  readonly code = 'SERVER_ERROR'
  readonly wire: number

  constructor(message: string, wire: number, details: ErrorDetails = {}) {
    super(message, details)
    this.wire = wire
  }
}

/** A path that no server would accept; nothing was sent. */
export class InvalidPathError extends ZkError {
  readonly code = 'INVALID_PATH'
  readonly wire = ErrorCode.BADARGUMENTS
}

/** The client was closed by its program. */
export class ClientClosedError extends ZkError {
  readonly code = 'CLIENT_CLOSED'
  readonly wire = ErrorCode.SESSIONEXPIRED
}

/** A limit of this client (`outstandingCountMax`, `outstandingSizeBytesMax`, `watchCountMax`) is reached; nothing was sent. */
export class LimitReachedError extends ZkError {
  readonly code = 'LIMIT_REACHED'
  readonly wire = ErrorCode.THROTTLEDOP
}

/** The request is longer than `frameLengthMax`, which no server would read; nothing was sent. */
export class RequestTooLargeError extends ZkError {
  readonly code = 'REQUEST_TOO_LARGE'
  readonly wire = ErrorCode.MARSHALLINGERROR
}
