import {
  BadArgumentsError,
  BadVersionError,
  InvalidAclError,
  InvalidPathError,
  NewConfigNoQuorumError,
  NoAuthError,
  NoChildrenForEphemeralsError,
  NodeExistsError,
  NoNodeError,
  NotEmptyError,
  NotReadOnlyError,
  QuotaExceededError,
  ReconfigInProgressError,
  type ZkError
} from '../client/errors.ts'

/**
 * What the shell says about a failed operation, in upstream's words (its mistakes included: scripts may look for them).
 *
 * @param noPath stands for the path of an operation that has none
 */
export function failureText(error: ZkError, noPath = 'null'): string {
  const path = error.path ?? noPath
  if (error instanceof InvalidPathError) return error.message
  if (error instanceof NoNodeError) return `Node does not exist: ${path}`
  if (error instanceof NoChildrenForEphemeralsError) return `Ephemerals cannot have children: ${path}`
  if (error instanceof NodeExistsError) return `Node already exists: ${path}`
  if (error instanceof NotEmptyError) return `Node not empty: ${path}`
  if (error instanceof NotReadOnlyError) return `Not a read-only call: ${path}`
  if (error instanceof InvalidAclError) return `Acl is not valid : ${path}`
  if (error instanceof NoAuthError) return `Insufficient permission : ${path}`
  if (error instanceof BadArgumentsError) return `Arguments are not valid : ${path}`
  if (error instanceof BadVersionError) return `version No is not valid : ${path}`
  if (error instanceof ReconfigInProgressError) {
    return 'Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)'
  }
  if (error instanceof NewConfigNoQuorumError) {
    return (
      'No quorum of new config is connected and up-to-date with the leader of last commmitted config - ' +
      'try invoking reconfiguration after new servers are connected and synced'
    )
  }
  if (error instanceof QuotaExceededError) return `Quota has exceeded : ${path}`
  return error.message
}
