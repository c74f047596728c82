/**
 * The client library of zoonode: a client of ZooKeeper ensembles for programs in TypeScript and JavaScript.
 *
 * Start with {@link connect}; docs/client.md has examples.
 */
export { Perm } from '../protocol/op-code.ts'
export type { ClientStep } from '../sasl/exchange.ts'
export { type AclEntry, CREATOR_ALL_ACL, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from './acl.ts'
export type { AuthInfo } from './auth-list.ts'
export type { ServerAddress } from './connect-string.ts'
export type { ConnectionState } from './connection-state.ts'
export {
  AuthFailedError,
  BadArgumentsError,
  BadVersionError,
  ClientClosedError,
  ConnectionLossError,
  EphemeralOnLocalSessionError,
  InvalidAclError,
  InvalidPathError,
  LimitReachedError,
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
  RequestTooLargeError,
  ServerError,
  SessionClosedRequireSaslAuthError,
  SessionExpiredError,
  SessionMovedError,
  ThrottledOpError,
  type TransactionFailure,
  UnimplementedError,
  ZkError
} from './errors.ts'
export type { SessionCredentials } from './handshake.ts'
export type { NodeAcl } from './operations/acl.ts'
export type { NodeChildren } from './operations/children.ts'
export type { CreatedNode, CreateModeName } from './operations/create.ts'
export type { NodeData } from './operations/data.ts'
export type { TransactionResult } from './operations/multi.ts'
export type { ReadOperation, ReadResult } from './operations/multi-read.ts'
export type { Reconfiguration } from './operations/reconfig.ts'
export type { ClientIdentity } from './operations/session.ts'
export type { ClientLogger, ClientOptions } from './options.ts'
export type { KerberosCredentials, SaslCredentials, SaslExchange, SaslOption } from './sasl-login.ts'
export type { Stat } from './stat.ts'
export { deleteSubtree, listSubtree, visitSubtree } from './subtree.ts'
export { tlsTransport } from './tls-transport.ts'
export type { CreateOptions, DataInput, Transaction } from './transaction.ts'
export type { Transport } from './transport.ts'
export type { AddWatchMode, EventType, WatchedEvent, Watcher, WatcherType } from './watched-event.ts'
export {
  type CloseOptions,
  connect,
  type ReadOptions,
  type RemoveWatchesOptions,
  ZooKeeper,
  type ZooKeeperEvents
} from './zookeeper.ts'
