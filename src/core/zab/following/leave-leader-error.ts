/**
 * This leader cannot be followed any further; the message says why. Thrown before anything of the packet at hand has been
 * done, unless said otherwise, so that tree and log are as after the packet before.
 */
export class LeaveLeaderError extends Error {
  override readonly name = 'LeaveLeaderError'
  readonly code = 'LEAVE_LEADER'
  /** `error`: the leader broke the protocol. `info`: it happens. */
  readonly level: 'error' | 'info'

  constructor(reason: string, level: 'error' | 'info' = 'error') {
    super(reason)
    this.level = level
  }
}
