import type { PrefixLimitSettings } from '../../core/pipeline/prefix-limit.ts'
import type { EnsembleMember, QuorumGroup } from '../../core/zab/membership/ensemble-config.ts'
import type { CertificateIdSettings } from '../../tls/certificate-id.ts'
import type { TlsEndpointSettings } from '../../tls/endpoint-settings.ts'

export type { EnsembleMember, MemberAddress, QuorumGroup } from '../../core/zab/membership/ensemble-config.ts'
export type { StoreSettings, TlsEndpointSettings } from '../../tls/endpoint-settings.ts'

/**
 * The settings of one server, typed: what the rest of the program reads instead of files and environment variables.
 *
 * A value of this type is made once at start (`load-settings.ts`), frozen, and passed down. The names here are the
 * project's own; which `zoo.cfg` key and which Java system property give a field is told by the table `keys/*.ts`, by the
 * field's path (for example `client.port`). Units end a name where there is one. "Off" is `null`, never a magic number.
 */
export interface ServerSettings {
  readonly client: ClientPortSettings
  readonly flow: FlowSettings
  readonly session: SessionSettings
  readonly storage: StorageSettings
  readonly backup: BackupSettings
  readonly tree: TreeSettings
  readonly acl: AclSettings
  readonly quorum: QuorumSettings
  readonly admin: AdminSettings
  readonly metrics: MetricsSettings
  /** Null: requests are not traced. */
  readonly tracing: TracingSettings | null
  readonly audit: AuditSettings
  readonly tls: TlsSettings
  readonly logging: LoggingSettings
  readonly source: SettingsSource
}

/** Listeners for clients, and what one connection may do. */
export interface ClientPortSettings {
  /** Plain-text port; 0 = chosen by the system; null = no plain-text listener. */
  readonly port: number | null
  /** Address to bind `port` to; null = all addresses. */
  readonly address: string | null
  /** TLS port; null = no TLS listener. */
  readonly securePort: number | null
  /** Address to bind `securePort` to; null = all addresses. */
  readonly secureAddress: string | null
  /** Backlog given to listen(); null = the platform's default (50 upstream). As text in `conf`: -1. */
  readonly listenBacklog: number | null
  /** Connections allowed from one remote address; 0 = no limit. */
  readonly maxClientCnxns: number
  /** Connections allowed in all on one listener; 0 = no limit. */
  readonly maxCnxns: number
  /** Sets SO_KEEPALIVE on client sockets. */
  readonly tcpKeepAlive: boolean
  /** A connection that has not opened a session after this long is closed; ms. */
  readonly sessionlessTimeoutMs: number
  /** Longest request frame and longest data of a record, in bytes (`jute.maxbuffer`). */
  readonly juteMaxBufferBytes: number
  /** Bytes that a server's own records (txns) may be longer than `juteMaxBufferBytes`. */
  readonly juteExtraSizeBytes: number
  /** Entries of the cache of encoded getData replies; 0 = off. */
  readonly responseCacheEntriesMax: number
  /** Entries of the cache of encoded getChildren2 replies; 0 = off. */
  readonly childrenResponseCacheEntriesMax: number
}

/** Limits on requests in flight and on the rate of new connections. */
export interface FlowSettings {
  /** Reading from clients stops above so many requests in the pipeline. */
  readonly globalOutstandingLimit: number
  /** Requests let into the pipeline at once before others are stalled; 0 = no throttling. */
  readonly requestThrottleMax: number
  /** How long a stalled request waits before trying again; ms. */
  readonly requestThrottleStallMs: number
  /** Stale requests (of closed connections) are dropped when they leave the throttle. */
  readonly requestThrottleDropStale: boolean
  /** A request is also stale when it waited longer than its session's timeout. */
  readonly requestStaleLatencyCheck: boolean
  /** A request is stale when its connection is closed. */
  readonly requestStaleConnectionCheck: boolean
  /** Time given to requests in the throttle when the server stops; ms. */
  readonly requestThrottlerShutdownTimeoutMs: number
  /** Requests that waited longer are answered THROTTLEDOP (-127) unexecuted; ms; null = off. */
  readonly throttledOpWaitTimeMs: number | null
  /** Bytes of large requests that may be in flight together. */
  readonly largeRequestMaxBytes: number
  /** A request longer than this is large; bytes; null = none is. */
  readonly largeRequestThresholdBytes: number | null
  /** Size of the token bucket for new connections; 0 = no throttling. */
  /** Rates of requests by subtree (`prefixLimit.NAME`). */
  readonly prefixLimits: readonly PrefixLimitSettings[]
  readonly connectionMaxTokens: number
  /** Period after which tokens are added; ms. */
  readonly connectionTokenFillTimeMs: number
  /** Tokens added each period. */
  readonly connectionTokenFillCount: number
  /** Takes the weights below for a connection, instead of 1 token. */
  readonly connectionWeightEnabled: boolean
  /** Tokens for a new global session. */
  readonly connectionGlobalSessionWeight: number
  /** Tokens for a new local session. */
  readonly connectionLocalSessionWeight: number
  /** Tokens for resuming a session. */
  readonly connectionRenewSessionWeight: number
}

/** Time base and session limits. */
export interface SessionSettings {
  /** Base unit of time of sessions and of ensemble limits; ms, at least 1. */
  readonly tickTimeMs: number
  /** Smallest negotiated timeout; ms. Default 2 ticks. */
  readonly minTimeoutMs: number
  /** Largest negotiated timeout; ms. Default 20 ticks. */
  readonly maxTimeoutMs: number
  /** Sessions are local to a server until they need more. */
  readonly localEnabled: boolean
  /** A local session becomes a global one when it creates an ephemeral node. */
  readonly localUpgradingEnabled: boolean
  /** Whether a resume with a wrong password disconnects the session's owner. */
  readonly wrongPasswordClosesOwner: boolean
  /** closeSession txns list the ephemerals that they delete. */
  readonly closeSessionTxnEnabled: boolean
}

/** Files on disk, log, snapshots. */
export interface StorageSettings {
  /** Directory of snapshots, epochs and `myid`, absolute, without `version-2`. */
  readonly dataDir: string
  /** Directory of the transaction log, absolute; equal to `dataDir` when not given. */
  readonly dataLogDir: string
  /** Missing directories are created. */
  readonly dataDirAutocreate: boolean
  /** An empty database may vote; when false the file `initialize` must be there. */
  readonly dbAutocreate: boolean
  /** Space that the log reserves ahead; KiB. */
  readonly preAllocSizeKb: number
  /** Transactions after which a snapshot is made; at least 2. */
  readonly snapCount: number
  /** Bytes of log after which a snapshot is made; KiB; null = off. */
  readonly snapSizeLimitKb: number | null
  /** Bytes after which the log goes on in a new segment; KiB; null = off. */
  readonly txnLogSizeLimitKb: number | null
  /** Transactions kept in memory to bring learners up; at least 500. */
  readonly commitLogCount: number
  /** A learner is served from the log on disk while that is smaller than this share of the snapshot; negative = never. */
  readonly snapshotSizeFactor: number
  /** Acknowledgements wait until the transaction is on disk. False loses acknowledged writes at a power cut. */
  readonly forceSync: boolean
  /** A sync that takes longer is logged; ms. */
  readonly fsyncWarningThresholdMs: number
  /** Longest time that a transaction waits for others to share its sync; ms; 0 = does not wait. */
  readonly flushDelayMs: number
  /** Idle time after which a waiting batch is synced before `flushDelayMs` is over; ms. */
  readonly maxWriteQueuePollTimeMs: number
  /** Transactions that share one sync at most. */
  readonly maxBatchSize: number
  /** How snapshots are compressed. */
  readonly snapshotCompression: 'none' | 'gz' | 'snappy'
  /** Starts although there is a log but no snapshot. */
  readonly snapshotTrustEmpty: boolean
  /** Snapshots say which zxid they were made at. */
  readonly serializeLastProcessedZxid: boolean
  /** Snapshots kept by autopurge; at least 3. */
  readonly autopurgeSnapRetainCount: number
  /** Time between purges; ms; 0 = no autopurge. */
  readonly autopurgePurgeIntervalMs: number
}

/** Backups that the server makes by itself. */
export interface BackupSettings {
  /** Absolute; null = none. */
  readonly directory: string | null
  /** Time between two; ms; 0 = none are made. */
  readonly intervalMs: number
  /** Incremental ones after which a full one is made. */
  readonly incrementsMax: number
  /** Full ones that are kept. */
  readonly retainCount: number
}

/** What the tree keeps and checks. */
export interface TreeSettings {
  /** The digest of the tree is kept, written into txns and compared. */
  readonly digestEnabled: boolean
  /** TTL nodes may be created. */
  readonly extendedTypesEnabled: boolean
  /** Hard quotas refuse writes. */
  readonly enforceQuota: boolean
  /** Time between two looks for empty containers and overdue TTL nodes; ms. */
  readonly containerCheckIntervalMs: number
  /** Containers and TTL nodes deleted per minute at most. */
  readonly containerMaxPerMinute: number
  /** Containers that never had a child are deleted after this time too; ms; 0 = never. */
  readonly containerMaxNeverUsedIntervalMs: number
}

/** Who is who, and who may do what. */
export interface AclSettings {
  /** All ACL checks are left out. */
  readonly skipAcl: boolean
  /** ACLs are checked where the request arrives, before the leader sees it. */
  readonly eagerAclCheck: boolean
  /** The scheme `digest` is there. */
  readonly digestEnabled: boolean
  /** `user:base64(hash)` of the super user of the scheme `digest`; null = none. */
  readonly superDigest: string | null
  /** Hash of the scheme `digest`, in OpenSSL's name: sha1, sha256, sha512, sha3-256 and so on. */
  readonly digestAlgorithm: string
  /** Class names of extra authentication providers (`authProvider.N`), by N. */
  readonly authProviders: readonly AuthProviderSetting[]
  /** Requests before a successful authentication with one of `enforceAuthSchemes` are refused. */
  readonly enforceAuthEnabled: boolean
  readonly enforceAuthSchemes: readonly string[]
  /** A client must have authenticated by SASL (`sessionRequireClientSASLAuth`). */
  readonly sessionRequireClientSaslAuth: boolean
  /** Names accepted by the scheme `ensemble`; null = the scheme is off. */
  readonly ensembleAuthNames: readonly string[] | null
  /** X.500 name of the super user of TLS clients; null = none. */
  readonly x509SuperUser: string | null
  /** Scheme that authenticates clients of the TLS port. */
  readonly sslAuthProvider: string
  /** SASL names of super users. */
  readonly saslSuperUsers: readonly string[]
  /** Password of the super user of DIGEST-MD5; null = none. */
  readonly saslSuperPassword: string | null
  /** Accepts a connection although its SASL exchange failed. */
  readonly allowsSaslFailedClients: boolean
  /** Mechanisms that are on, if their users are configured; without DIGEST-MD5 where `fips-mode=true` is given. */
  readonly saslMechanisms: readonly string[]
  /** Section of the JAAS file for this server's clients. */
  readonly saslServerSection: string
  /** JAAS file; null = none. */
  readonly jaasFile: string | null
  /** The HTTP admin server takes a client's address from X-Forwarded-For. */
  readonly ipUsesForwardedFor: boolean
  /** Kerberos principals are shortened. */
  readonly kerberosRemoveHost: boolean
  readonly kerberosRemoveRealm: boolean
  /** FIPS mode: DIGEST-MD5 is off. */
  readonly fipsMode: boolean
}

export interface AuthProviderSetting {
  /** The part of the key after `authProvider.`; providers are set up in the order of these names. */
  readonly id: string
  readonly className: string
}

/** Membership and everything between servers. */
export interface QuorumSettings {
  /** This server's id (file `myid`); 0 for a standalone server without one (as upstream's `conf` shows). */
  readonly serverId: number
  /** Members of the ensemble; empty for a standalone server. */
  readonly members: readonly EnsembleMember[]
  /** Groups of a hierarchical quorum; empty = majority. */
  readonly groups: readonly QuorumGroup[]
  /** Weights by server id; a server that is not named weighs 1. */
  readonly weights: ReadonlyMap<number, number>
  /** Version of the membership: zxid of the reconfiguration that made it. */
  readonly configVersion: bigint
  /** Runs without quorum code: no members, or one member and `standaloneEnabled`. */
  readonly standalone: boolean
  readonly standaloneEnabled: boolean
  readonly reconfigEnabled: boolean
  /** File with the membership, absolute; null when it is in the main file. */
  readonly dynamicConfigFile: string | null
  readonly peerType: 'participant' | 'observer'
  /** Ticks; null only where there is no ensemble. */
  readonly initLimitTicks: number | null
  /** Ticks; null only where there is no ensemble. */
  readonly syncLimitTicks: number | null
  /** Ticks; 0 = initLimit. */
  readonly connectToLearnerMasterLimitTicks: number
  readonly electionAlg: 3
  readonly quorumListenOnAllIps: boolean
  /** Port where followers serve observers; 0 = off. */
  readonly observerMasterPort: number
  readonly observerMasterSizeLimitBytes: number
  readonly oraclePath: string | null
  /** Observers write log and snapshots. */
  readonly observerSyncEnabled: boolean
  readonly leaderServes: boolean
  /** ms; null = off. */
  readonly leaderMaxTimeToWaitForEpochMs: number | null
  readonly cnxTimeoutMs: number
  /** Read timeout of election links; ms; null = syncLimit ticks. */
  readonly quorumCnxnTimeoutMs: number | null
  /** Tries; 0 = for ever. */
  readonly electionPortBindRetry: number
  readonly minNotificationIntervalMs: number
  readonly maxNotificationIntervalMs: number
  readonly observerReconnectDelayMs: number
  readonly observerElectionDelayMs: number
  readonly maxConcurrentSnapSyncs: number
  readonly maxConcurrentDiffSyncs: number
  readonly leaderConnectDelayDuringRetryMs: number
  readonly forceSnapshotSync: boolean
  /** SO_KEEPALIVE between servers. */
  readonly tcpKeepAlive: boolean
  /** TCP_NODELAY on the leader's links. */
  readonly leaderNoDelay: boolean
  /** TCP_NODELAY on a learner's link. */
  readonly followerNoDelay: boolean
  readonly multiAddressEnabled: boolean
  readonly multiAddressReachabilityCheckEnabled: boolean
  readonly multiAddressReachabilityCheckTimeoutMs: number
  /** Serves read-only clients without a quorum. */
  readonly readOnlyModeEnabled: boolean
  readonly messageTrackerEnabled: boolean
  readonly messageTrackerBufferSize: number
  /** Low half of the first zxid, for tests of roll-over; null = 0. */
  readonly initialZxid: number | null
  readonly commitProcessorMaxReadBatchSize: number
  readonly commitProcessorMaxCommitBatchSize: number
  readonly saslEnabled: boolean
  readonly saslLearnerRequired: boolean
  readonly saslServerRequired: boolean
  readonly saslLearnerSection: string
  readonly saslServerSection: string
  /** Principal of other members, for Kerberos: `service/host`, or `service/_HOST`. */
  readonly saslServicePrincipal: string
}

/** Four-letter words and the HTTP admin server. */
export interface AdminSettings {
  /** Words that are answered; `'*'` = all. */
  readonly fourLetterWordWhitelist: ReadonlySet<string> | '*'
  readonly enableServer: boolean
  readonly serverAddress: string
  readonly serverPort: number
  readonly commandUrl: string
  readonly idleTimeoutMs: number
  readonly portUnification: boolean
  readonly forceHttps: boolean
  readonly needClientAuth: boolean
  readonly rateLimiterIntervalMs: number
  readonly snapshotEnabled: boolean
  readonly restoreEnabled: boolean
  readonly consoleEnabled: boolean
  /** Names by which browsers may reach the console, beside addresses and this machine's own; `*` = any. */
  readonly consoleHosts: readonly string[]
}

/** Exported measurements. */
export interface MetricsSettings {
  /** `prometheus` opens an exporter; `default` shows them by `mntr` and the admin server only; `none` shows none. */
  readonly provider: 'default' | 'prometheus' | 'none'
  readonly httpHost: string
  /** null = no plain HTTP. */
  readonly httpPort: number | null
  /** null = no HTTPS; one that is `httpPort` takes both. */
  readonly httpsPort: number | null
  /** Of the HTTPS port. */
  readonly tls: TlsEndpointSettings
  /** Exports measurements of the process (upstream: of the JVM). */
  readonly exportProcessInfo: boolean
  readonly summaryRotateIntervalSeconds: number
  /** Counts the most requested paths. */
  /** Requests that take so long are told of; null = off. */
  readonly slowRequestThresholdMs: number | null
  readonly pathStatsEnabled: boolean
  /** Watches for pauses of the event loop (upstream: of the JVM). */
  readonly pauseMonitorEnabled: boolean
  readonly pauseInfoThresholdMs: number
  readonly pauseWarnThresholdMs: number
  readonly pauseSleepTimeMs: number
}

/** Requests as traces of OpenTelemetry. */
export interface TracingSettings {
  /** URL of a collector that takes traces by OTLP over HTTP. */
  readonly endpoint: string
  /** Share of the requests that are not slow. */
  readonly sampleRate: number
  readonly serviceName: string
  /** Requests that wait for the collector at most. */
  readonly queueSize: number
  readonly batchDelayMs: number
}

export interface AuditSettings {
  /** Null: no audit log. Lines have the levels info and error. */
  readonly file: AuditFileSettings | null
}

/** The audit log's file. */
export interface AuditFileSettings extends LogFileSettings {
  /** `line`: as upstream writes it; `json`: an object a line. */
  readonly format: 'line' | 'json'
}

/** TLS towards clients and towards other servers. */
export interface TlsSettings {
  readonly client: TlsEndpointSettings
  readonly quorum: TlsEndpointSettings
  /** What of a client's certificate is its id. */
  readonly certificateId: CertificateIdSettings
  /** Servers talk TLS to each other. */
  readonly quorumEnabled: boolean
  /** Servers accept both TLS and plain text from each other. */
  readonly quorumPortUnification: boolean
  readonly quorumReloadCertFiles: boolean
  readonly clientCertReload: boolean
  /** The client port takes both TLS and plain text. */
  readonly clientPortUnification: boolean
  /** TLS handshakes of clients in flight; null = no limit. */
  readonly outstandingHandshakeMax: number | null
  /** TLS connections are dropped before their handshake while the server starts. */
  readonly earlyDropSecureHandshakes: boolean
}

export interface LoggingSettings {
  readonly consoleLevel: LogLevel
  readonly format: 'line' | 'json'
  /** null = no log file. */
  readonly file: LogFileSettings | null
}

export interface LogFileSettings {
  /** Absolute path. */
  readonly path: string
  readonly level: LogLevel
  readonly sizeBytesMax: number
  /** Old files kept besides the current one. */
  readonly backupCountMax: number
  /** A file is put aside when it was begun so long ago, too; null or not given: never for its age. */
  readonly ageMsMax?: number | null
}

export type LogLevel = 'off' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** Where the settings came from, for `conf`, the admin server, and messages. */
export interface SettingsSource {
  /** Absolute path of the main file; null when given by arguments. */
  readonly configFile: string | null
  /** Every system property in effect: `-D` options, then keys of the file that upstream would turn into properties. */
  readonly properties: ReadonlyMap<string, string>
}
