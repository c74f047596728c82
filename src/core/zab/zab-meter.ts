/**
 * What is measured of Zab; a host that measures nothing has none. Calls must cost next to nothing: most come once for each
 * transaction and server.
 */
export interface LeadingMeter {
  /**
   * A proposal that waits for its quorum is in the log of one more server.
   *
   * @param sid   the server's, this leader's own included
   * @param bytes the transaction
   */
  acknowledged(sid: number, zxidHi: number, zxidLo: number, bytes: Uint8Array): void
  /** A proposal is committed: a quorum has it, in its turn. */
  quorumAcknowledged(bytes: Uint8Array): void
  /** The leader gives up since a voter looks for a leader again. */
  deserted(): void
  /**
   * A learner begins to be brought up, or has acknowledged that it is.
   *
   * @param count of those that are brought up in this way now
   */
  syncsChanged(way: 'snap' | 'diff', count: number, isBegin: boolean): void
  /** For what is written to a learner; the same for all its links. */
  packetsTo(sid: number): PacketsMeter
}

/** What is measured of the packets that wait for one learner. */
export interface PacketsMeter {
  sent(): void
  /** More has been written than the network takes at once: it is not sent with the end of the step. */
  stuck(): void
  /** It has been sent after all. */
  drained(): void
}

/** What is measured on a learner. */
export interface FollowingMeter {
  /** A proposal is in the own log, and its ACK is sent. @param bytes the transaction */
  acknowledged(bytes: Uint8Array): void
}

/** How far a server is in its role, in upstream's words. @see QuorumPeer.ZabState */
export type ZabStage = 'discovery' | 'synchronization' | 'broadcast'
