import type { PrefixLimitSettings } from './prefix-limit.ts'

/** What the core is told by the configuration. Times in ms, sizes in bytes. */
export interface CoreSettings {
  /** 1 to 255; the top byte of session ids that this server makes. */
  readonly serverId: number
  readonly tickTimeMs: number
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  /** Largest frame (`jute.maxbuffer`). */
  readonly juteMaxBufferBytes: number
  /** By how much a length inside a frame may exceed it. */
  readonly juteExtraSizeBytes: number
  /** Requests larger than this count against `largeRequestMaxBytes` while they are in process; 0 = off. */
  readonly largeRequestThresholdBytes: number
  readonly largeRequestMaxBytes: number
  /** Above this many requests in process, connections with a request outstanding are not read from. */
  readonly globalOutstandingLimit: number
  /** Most requests in the pipeline before the throttler holds others back; 0 = off. */
  readonly requestThrottleMax: number
  /** How often a request that is held back is looked at again, if nothing else happens. */
  readonly requestThrottleStallMs: number
  /** Stale requests are dropped when they leave the throttle, and their connection with them. */
  readonly requestThrottleDropStale: boolean
  /** A request is stale once it is older than its session's timeout. */
  readonly requestStaleLatencyCheck: boolean
  /** A request is stale once its connection is gone. */
  readonly requestStaleConnectionCheck: boolean
  /** A request that waited longer before the pipeline took it fails with THROTTLEDOP; 0 = off. */
  readonly throttledOpWaitTimeMs: number
  /** Token bucket of handshakes; 0 tokens = off. */
  readonly connectionThrottle: ConnectionThrottleSettings
  /** A resume with a wrong password closes the connection of the session's owner, as upstream; if it is left out, it does not. */
  readonly wrongPasswordClosesOwner?: boolean
  /** Limits by subtree, on requests and on what there is; none if it is left out. */
  readonly prefixLimits?: readonly PrefixLimitSettings[]
  readonly extendedTypesEnabled: boolean
  readonly enforceQuota: boolean
  readonly digestEnabled: boolean
  readonly closeSessionTxnEnabled: boolean
  readonly reconfigEnabled: boolean
  /** New sessions are known to this server only (in an ensemble). */
  readonly localSessionsEnabled: boolean
  /** A local session becomes global when it creates an ephemeral znode; else that fails. */
  readonly localSessionsUpgradingEnabled: boolean
  readonly enforceAuthEnabled: boolean
  readonly enforceAuthSchemes: readonly string[]
  /** Most transactions in one batch of the log. */
  readonly maxBatchSize: number
  /** How long a transaction may wait for others to share its sync; 0 = not at all. */
  readonly flushDelayMs: number
  /** The wait ends when no transaction has come for so long. */
  readonly maxWriteQueuePollTimeMs: number
  /** Transactions between two snapshots, as upstream: one is due after snapCount/2 + random(snapCount/2). */
  readonly snapCount: number
  /** Log bytes between two snapshots, likewise halved and randomised; 0 = off. */
  readonly snapSizeLimitBytes: number
  readonly containerCheckIntervalMs: number
  readonly containerMaxPerMinute: number
  readonly containerMaxNeverUsedIntervalMs: number
  /** Null: nothing is audited. `serverUser` is who the server is in records of what it does by itself. */
  readonly audit: { readonly serverUser: string } | null
}

export interface ConnectionThrottleSettings {
  readonly tokensMax: number
  readonly fillTimeMs: number
  readonly fillCount: number
  readonly weightEnabled: boolean
  readonly globalSessionWeight: number
  readonly renewSessionWeight: number
}
