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
  readonly requestThrottleDropStale: boolean
  /** A request that was held back longer fails with THROTTLEDOP; 0 = off. */
  readonly throttledOpWaitTimeMs: number
  /** Token bucket of handshakes; 0 tokens = off. */
  readonly connectionThrottle: ConnectionThrottleSettings
  readonly extendedTypesEnabled: boolean
  readonly enforceQuota: boolean
  readonly digestEnabled: boolean
  readonly closeSessionTxnEnabled: boolean
  readonly reconfigEnabled: boolean
  readonly enforceAuthEnabled: boolean
  readonly enforceAuthSchemes: readonly string[]
  /** Most transactions in one batch of the log. */
  readonly maxBatchSize: number
  /** Transactions between two snapshots, as upstream: one is due after snapCount/2 + random(snapCount/2). */
  readonly snapCount: number
  /** Log bytes between two snapshots, likewise halved and randomised; 0 = off. */
  readonly snapSizeLimitBytes: number
  readonly containerCheckIntervalMs: number
  readonly containerMaxPerMinute: number
  readonly containerMaxNeverUsedIntervalMs: number
}

export interface ConnectionThrottleSettings {
  readonly tokensMax: number
  readonly fillTimeMs: number
  readonly fillCount: number
  readonly weightEnabled: boolean
  readonly globalSessionWeight: number
  readonly renewSessionWeight: number
}
