import type { Outbox } from '../outbox.ts'
import type { EnsembleConfig, MemberAddress } from '../zab/membership/ensemble-config.ts'
import type { LinkId, LinkOutput } from '../zab/peer-link.ts'
import type { ServerState } from '../zab/vote.ts'

/** What the storage is asked for by a member of an ensemble; each request is answered by one input `stored` with its id. */
export type StorageRequest =
  /** Durable with everything appended before. */
  | { readonly kind: 'setAcceptedEpoch'; readonly id: number; readonly epoch: number }
  | { readonly kind: 'setCurrentEpoch'; readonly id: number; readonly epoch: number }
  /** Cuts the log after the zxid, empties the peer's tree and session table and fills them again from snapshot and log. */
  | { readonly kind: 'truncate'; readonly id: number; readonly zxidHi: number; readonly zxidLo: number }
  /** Fills tree and session table anew from what is stored: a snapshot from a leader broke off. */
  | { readonly kind: 'reload'; readonly id: number }
  /** Greatest stored zxid that is not greater than this one; null where the log does not go back so far. */
  | { readonly kind: 'findInLog'; readonly id: number; readonly zxidHi: number; readonly zxidLo: number }
  /** Stored transactions after a zxid. */
  | {
      readonly kind: 'readLog'
      readonly id: number
      readonly afterHi: number
      readonly afterLo: number
      readonly bytesMax: number
    }
  /** Writes the configuration file: `next` = not in force yet (`NAME.dynamic.next`), `current` = in force. */
  | { readonly kind: 'writeConfig'; readonly id: number; readonly which: 'next' | 'current'; readonly text: string }

/** How a member stands in its ensemble, for everybody outside of the core. */
export interface RoleView {
  readonly state: ServerState
  /** Sid of the leader; null while looking. */
  readonly leader: number | null
  /** Whether clients are served. */
  readonly isServing: boolean
  /** Whether it has no leader and serves reads to those who can live with that. */
  readonly isReadOnly: boolean
}

/** The outputs of a member of an ensemble: those of a server, and what goes to its peers. Contract as in `Outbox`. */
export interface EnsembleOutbox extends Outbox, LinkOutput {
  /** The newest message for a server's election port; the shell connects as it must. An unsent older one is dropped. */
  sendNotification(to: number, bytes: Uint8Array): void
  /**
   * Listen for learners: `linkOpened` inputs follow. Again while it listens: this server goes on at the addresses that
   * `configurationChanged` has told last; open links stay.
   *
   * @param observerMasterPort where a follower listens for observers; null: on the quorum port, as a leader
   */
  openLearnerPort(observerMasterPort: number | null): void
  closeLearnerPort(): void
  /**
   * Connect to the quorum port of a leader, or of another server to learn from, with retries as upstream's
   * `connectToLeader` has them; `linkOpened` or `linkClosed` answers, with this link.
   */
  connectToLeader(link: LinkId, sid: number, addresses: readonly MemberAddress[]): void
  store(request: StorageRequest): void
  /**
   * The whole tree is to take the place of everything stored, and currentEpoch to be set, in one step; by chunks as after
   * `snapshotBegin`, with `snapshotDone` as its end.
   */
  installBegin(zxidHi: number, zxidLo: number, currentEpoch: number): void
  /** The role, or whether clients are served, has changed. Connections of clients have been closed by then. */
  roleChanged(view: RoleView): void
  /**
   * Election connections and client ports follow the configuration in force from now on; a quorum port that is open stays
   * where it is until `openLearnerPort`.
   *
   * @param lastSeen one that is proposed and not in force yet: its new members are connected to. Null if none is
   */
  configurationChanged(config: EnsembleConfig, lastSeen: EnsembleConfig | null): void
}
