/** Addresses of a member's quorum and election ports. Several of them are one member's (multi-address). */
export interface MemberAddress {
  /** Name or numeric address; IPv6 without brackets. */
  readonly host: string
  readonly quorumPort: number
  readonly electionPort: number
}

export type MemberRole = 'participant' | 'observer'

/** A `server.N` line. */
export interface EnsembleMember {
  /** Its sid. */
  readonly id: number
  /** At least one; more only with `multiAddress.enabled`. */
  readonly addresses: readonly MemberAddress[]
  readonly role: MemberRole
  /** Address for clients as given after `;`; null when the line has none. */
  readonly clientAddress: string | null
  /** Port for clients as given after `;`; null when the line has none. */
  readonly clientPort: number | null
  /** The same for TLS clients, after a second `;` (3.10). */
  readonly secureClientAddress: string | null
  readonly secureClientPort: number | null
}

export interface QuorumGroup {
  readonly id: number
  readonly members: readonly number[]
}

/** Who belongs to the ensemble, at one version of its configuration. Immutable. */
export interface EnsembleConfig {
  /** By id. */
  readonly members: readonly EnsembleMember[]
  /** Of a hierarchical quorum; empty = majority. */
  readonly groups: readonly QuorumGroup[]
  readonly weights: ReadonlyMap<number, number>
  /** The zxid of the reconfig that made it, or of the first NEWLEADER; 0 for one that was never agreed on. */
  readonly version: bigint
}
