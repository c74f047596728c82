import type { Duplex, Readable } from 'node:stream'
import type { Identity } from '../../core/acl/authentication-provider.ts'
import type { SlowRequestsView } from '../../core/pipeline/slow-requests.ts'
import type { ChildCursor } from '../../core/tree/child-cursor.ts'
import type { EnsembleMember } from '../../core/zab/membership/ensemble-config.ts'
import type { ServerView } from '../server-view.ts'

/** What the admin server asks of the server beside what can be seen of it. */
export interface AdminTarget {
  readonly view: ServerView
  /** Text of the configuration file as the server found it; null where there was none, and on members. */
  readonly initialConfiguration: string | null
  /** Null on a standalone server, and where a member serves in read-only mode or has no role. */
  ensemble(): EnsembleView | null
  /** Why clients are not served as they should be, worst first; empty when all is well. */
  troubles(): readonly Trouble[]
  /** The newest stored snapshot; null without one. */
  lastSnapshot(): Promise<SnapshotInfo | null>
  /**
   * Makes a snapshot of the tree as it is now, in the form of Apache's files.
   *
   * @throws Error where it cannot be written
   */
  takeSnapshot(): Promise<TakenSnapshot>
  /**
   * Puts a snapshot, in the form of Apache's files, in place of everything there is.
   *
   * @returns the zxid that it was taken at
   * @throws RestoreRefusedError, or an Error where the bytes are no such snapshot or cannot be stored; then all is as before
   */
  restore(bytes: Readable): Promise<bigint>
  /** Requests that took long; null where they are not looked for. */
  slowRequests(): SlowRequestsView | null
  /**
   * Hands the lead of this server to another voter.
   *
   * @param heir its id; null: whichever follower is in sync
   * @throws HandOverRefusedError, or an Error where nobody leads in time
   */
  handOver(heir: number | null): Promise<HandOverResult>
  /**
   * A connection of a client of this server, inside of the process.
   *
   * @param address stands for the client's: in lists, in the audit log, and as its id of scheme `ip`
   * @returns null where none is taken
   */
  openClient(address: string): Duplex | null
  /** How many children the znode at a path has, whatever its ACL says; 0 where there is none. */
  childCount(path: string): number
  /**
   * Starts a walk over the children of a znode, whatever its ACL says. To be closed.
   *
   * @returns null where there is no znode with this czxid and this version of its ACL
   */
  openChildren(path: string, czxid: bigint, aversion: number): ChildCursor | null
  /** Closes about so many of the client connections in a hundred. @returns how many */
  shedConnections(percentage: number): number
  /**
   * Who gives these credentials.
   *
   * @param auth null if none came with the scheme
   * @param certificate what the caller has shown in its TLS handshake, in DER, verified; null if nothing
   * @returns null if the provider refuses them, or there is none of this scheme
   */
  authenticate(
    scheme: string,
    auth: Uint8Array | null,
    remoteAddress: string,
    certificate: Buffer | null
  ): readonly Identity[] | null
  /** Whether they have every permission on the root. */
  isAllowedEverything(identities: readonly Identity[]): boolean
}

/** This server can restore nothing in its present role; the message says who can. */
export class RestoreRefusedError extends Error {
  readonly code = 'RESTORE_REFUSED'
}

/** This server has no lead to give, or not to that one; the message says why. */
export class HandOverRefusedError extends Error {
  readonly code = 'HAND_OVER_REFUSED'
}

/** What has become of the lead. */
export interface HandOverResult {
  /** Who was to get it. */
  readonly heir: number
  /** Who leads now: the heir, unless that one failed on the way. */
  readonly leader: number
  /** From the command until this server served again, following. */
  readonly elapsedMs: number
}

/** A member's place in its ensemble, as `leader`, `observers`, `voting_view` and `zabstate` show it. */
export interface EnsembleView {
  readonly myid: number
  readonly isLeader: boolean
  readonly leaderId: number
  /** '' while it is not known. */
  readonly leaderHost: string
  /** This server's own line; undefined if the configuration has none. */
  readonly own: EnsembleMember | undefined
  readonly voters: readonly EnsembleMember[]
  /** `election`, `discovery`, `synchronization` or `broadcast`. */
  readonly zabState: string
  readonly observers: readonly ObserverInfo[]
}

/** An observer that this server, a leader or a follower, serves. */
export interface ObserverInfo {
  readonly address: string
  readonly sid: number
  /** Wall clock. */
  readonly establishedMs: number
  readonly lastZxid: bigint
  readonly unsentBytes: number
}

export interface Trouble {
  readonly kind: 'starting' | 'stopping' | 'looking' | 'synchronizing' | 'readOnly' | 'diskFull' | 'logStalled'
  /** A sentence for people. */
  readonly text: string
}

export interface SnapshotInfo {
  readonly zxid: bigint
  /** Wall clock. */
  readonly takenMs: number
}

export interface TakenSnapshot {
  readonly zxid: bigint
  readonly sizeBytes: number
  /** To be read to its end, or given back by `return`. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Gives back what it takes on the disk, if nobody reads the bytes. */
  discard(): void
}
