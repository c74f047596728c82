import type { Identity } from '../../src/core/acl/authentication-provider.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { OpCode, Xid } from '../../src/protocol/op-code.ts'

/** A request as a client sent it. */
export class Asked {
  readonly type: number
  readonly xid: number
  /** What follows the RequestHeader. */
  readonly body: Buffer
  /** False when bytes were cut off or are random: it may fail with MARSHALLINGERROR. */
  readonly isWhole: boolean
  /** Of an auth packet: the identities that it brings, null if it must be refused. */
  readonly grants: readonly Identity[] | null
  /** Who asks, and when: set when the peer is given it. */
  identities: readonly Identity[] = []
  givenMs = 0

  constructor(type: number, xid: number, body: Buffer, isWhole = true, grants: readonly Identity[] | null = null) {
    this.type = type
    this.xid = xid
    this.body = body
    this.isWhole = isWhole
    this.grants = grants
  }

  /** Xid of the reply: pings are answered with their own one, unless they fail. */
  replyXid(err: number): number {
    return this.type === OpCode.ping && err === ErrorCode.OK ? Xid.ping : this.xid
  }

  get isWrite(): boolean {
    return WRITES.has(this.type)
  }

  get isUnknown(): boolean {
    return UNKNOWN_TYPES.includes(this.type)
  }
}

const WRITES: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.deleteContainer,
  OpCode.setData,
  OpCode.setACL,
  OpCode.multi,
  OpCode.reconfig,
  OpCode.closeSession
])

/** Types that nobody serves. */
export const UNKNOWN_TYPES: readonly number[] = [0, 10, 13, 99]

/** A ConnectRequest as a client sent it. */
export interface Greeting {
  /** Null for a new session. */
  readonly sessionId: bigint | null
  readonly isPasswordRight: boolean
  /** What must be granted. */
  readonly timeoutMs: number
  readonly hasReadOnlyByte: boolean
}
