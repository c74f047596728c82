import { ErrorCode } from '../protocol/error-code.ts'
import {
  AuthFailedError,
  BadArgumentsError,
  BadVersionError,
  ConnectionLossError,
  EphemeralOnLocalSessionError,
  InvalidAclError,
  MarshallingError,
  NewConfigNoQuorumError,
  NoAuthError,
  NoChildrenForEphemeralsError,
  NodeExistsError,
  NoNodeError,
  NotEmptyError,
  NotReadOnlyError,
  NoWatcherError,
  QuotaExceededError,
  ReconfigDisabledError,
  ReconfigInProgressError,
  RequestTimeoutError,
  ServerError,
  SessionClosedRequireSaslAuthError,
  SessionExpiredError,
  SessionMovedError,
  ThrottledOpError,
  type TransactionFailure,
  UnimplementedError,
  type ZkError
} from './errors.ts'

type ErrorClass = new (message: string, details: { path: string | null; transaction?: TransactionFailure }) => ZkError

/** Class (null: none of its own) and text, as in the messages of `KeeperException`, of each error a server can send. */
const KINDS: ReadonlyMap<number, readonly [ErrorClass | null, string]> = new Map<
  number,
  readonly [ErrorClass | null, string]
>([
  [ErrorCode.SYSTEMERROR, [null, 'SystemError']],
  [ErrorCode.RUNTIMEINCONSISTENCY, [null, 'RuntimeInconsistency']],
  [ErrorCode.DATAINCONSISTENCY, [null, 'DataInconsistency']],
  [ErrorCode.CONNECTIONLOSS, [ConnectionLossError, 'ConnectionLoss']],
  [ErrorCode.MARSHALLINGERROR, [MarshallingError, 'MarshallingError']],
  [ErrorCode.UNIMPLEMENTED, [UnimplementedError, 'Unimplemented']],
  [ErrorCode.OPERATIONTIMEOUT, [null, 'OperationTimeout']],
  [ErrorCode.BADARGUMENTS, [BadArgumentsError, 'BadArguments']],
  [ErrorCode.NEWCONFIGNOQUORUM, [NewConfigNoQuorumError, 'NewConfigNoQuorum']],
  [ErrorCode.RECONFIGINPROGRESS, [ReconfigInProgressError, 'ReconfigInProgress']],
  [ErrorCode.APIERROR, [null, 'APIError']],
  [ErrorCode.NONODE, [NoNodeError, 'NoNode']],
  [ErrorCode.NOAUTH, [NoAuthError, 'NoAuth']],
  [ErrorCode.BADVERSION, [BadVersionError, 'BadVersion']],
  [ErrorCode.NOCHILDRENFOREPHEMERALS, [NoChildrenForEphemeralsError, 'NoChildrenForEphemerals']],
  [ErrorCode.NODEEXISTS, [NodeExistsError, 'NodeExists']],
  [ErrorCode.NOTEMPTY, [NotEmptyError, 'Directory not empty']],
  [ErrorCode.SESSIONEXPIRED, [SessionExpiredError, 'Session expired']],
  [ErrorCode.INVALIDCALLBACK, [null, 'Invalid callback']],
  [ErrorCode.INVALIDACL, [InvalidAclError, 'InvalidACL']],
  [ErrorCode.AUTHFAILED, [AuthFailedError, 'AuthFailed']],
  [ErrorCode.SESSIONMOVED, [SessionMovedError, 'Session moved']],
  [ErrorCode.NOTREADONLY, [NotReadOnlyError, 'Not a read-only call']],
  [ErrorCode.EPHEMERALONLOCALSESSION, [EphemeralOnLocalSessionError, 'Ephemeral node on local session']],
  [ErrorCode.NOWATCHER, [NoWatcherError, 'No such watcher']],
  [ErrorCode.REQUESTTIMEOUT, [RequestTimeoutError, 'Request timeout']],
  [ErrorCode.RECONFIGDISABLED, [ReconfigDisabledError, 'Reconfig is disabled']],
  [
    ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH,
    [SessionClosedRequireSaslAuthError, 'Session closed because client failed to authenticate']
  ],
  [ErrorCode.QUOTAEXCEEDED, [QuotaExceededError, 'Quota has exceeded']],
  [ErrorCode.THROTTLEDOP, [ThrottledOpError, 'Op throttled due to high load']]
])

/**
 * The error for a wire number. Its message is that of Apache's Java client, which logs and scripts look for.
 *
 * @param path the path as the caller gave it, without the chroot's
 */
export function errorOfWire(wire: number, path: string | null, transaction?: TransactionFailure): ZkError {
  const [kind, text] = KINDS.get(wire) ?? [null, `Unknown error ${wire}`]
  const message = `KeeperErrorCode = ${text}${path === null || path === '' ? '' : ` for ${path}`}`
  const details = transaction === undefined ? { path } : { path, transaction }
  return kind === null ? new ServerError(message, wire, details) : new kind(message, details)
}
