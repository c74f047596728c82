import type { Id } from '../../../protocol/generated/data.ts'
import type { LearnerSource } from '../leading/leading-host.ts'
import type { LeadingSettings, SyncSettings } from '../leading/leading-settings.ts'
import type { LinkId } from '../peer-link.ts'

/** What an observer master asks of the follower that it is part of. Calls are made within calls of `ObserverMaster`. */
export interface ObserverMasterHost extends LearnerSource {
  /** Forwards an observer's request to the leader, behind all that was forwarded before. `body` is valid during the call only. */
  request(
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    type: number,
    body: Uint8Array,
    identities: readonly Id[] | null
  ): void
  /** Asks the leader whether a session lives that a client came back with to an observer; `ObserverMaster.revalidated` answers. */
  revalidate(sessionHi: number, sessionLo: number, timeoutMs: number): void
  /** The session was active at an observer: the leader hears of it with the next ping. */
  touch(sessionHi: number, sessionLo: number, timeoutMs: number): void
  /** Version of the configuration in force. */
  readonly configVersion: bigint
  /** The configuration in force, as NEWLEADER has it. */
  readonly configText: Uint8Array
}

/** The leader's settings hold for an observer master, too. */
export type ObserverMasterSettings = SyncSettings &
  Pick<LeadingSettings, 'tickTimeMs' | 'initLimitTicks' | 'syncLimitTicks' | 'dataBytesMax'> & {
    /** Bytes written to an observer and not known to be sent, beyond which it is closed. `zookeeper.observerMaster.sizeLimit`. */
    readonly sizeLimitBytes: number
  }

/** Where a follower stands when it begins to serve. */
export interface ObserverMasterStart {
  /** The one in force. */
  readonly epoch: number
  /** Last transaction that was committed here. */
  readonly committedHi: number
  readonly committedLo: number
  readonly nowMs: number
}

/** Who waits for an answer of the leader: an observer, or null for a client of this server. */
export type Asker = LinkId | null
