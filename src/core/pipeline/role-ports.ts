import type { ErrorCode } from '../../protocol/error-code.ts'
import type { ReconfigRequest } from '../../protocol/generated/proto.ts'
import type { Txn } from '../../protocol/txn.ts'
import type { Identity } from '../acl/authentication-provider.ts'
import type { SessionOwner } from '../session/session.ts'

/** Who knows the ensemble's configuration, and what it may become. */
export interface ReconfigPort {
  /**
   * Makes the configuration that a request asks for; nothing changes by that.
   *
   * @param zxidHi of the transaction that would bring it in: its version
   * @returns its text, or the code of why it cannot be
   */
  reconfigure(request: ReconfigRequest, zxidHi: number, zxidLo: number): Uint8Array | ErrorCode
}

/** How a leader's requests and answers reach its learners. */
export interface FollowersPort extends ReconfigPort {
  /** A transaction has been made: it is proposed to all. Its bytes are valid during the call only. */
  proposed(txn: Txn, bytes: Uint8Array): void
  /** A sync that a learner forwarded is through: everything before it has been committed. */
  synced(learner: SessionOwner): void
}

/** How a learner's requests reach its leader. */
export interface LeaderPort {
  /** Forwards a request; its transaction, or the answer to a sync, comes back in the order of requests. */
  request(
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    type: number,
    body: Uint8Array | null,
    identities: readonly Identity[] | null
  ): void
  /** Asks whether a session lives and may come by this server; the answer is a call of `Peer.revalidated`. */
  revalidate(sessionHi: number, sessionLo: number, timeoutMs: number): void
}

/** What a server is, as far as requests are concerned. */
export type RolePort =
  | { readonly kind: 'standalone' }
  | { readonly kind: 'leader'; readonly followers: FollowersPort }
  | { readonly kind: 'learner'; readonly leader: LeaderPort }
  /** Without a leader: serves what it has to those who can live with that (`readonlymode.enabled`). */
  | { readonly kind: 'readOnly' }

/** The owner that the sessions of this server's own clients have. */
export const LOCAL_OWNER: SessionOwner = 0
