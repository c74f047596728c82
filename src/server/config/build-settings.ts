import { resolve } from 'node:path'
import type { PrefixLimitSettings } from '../../core/pipeline/prefix-limit.ts'
import { quorumSettings } from './build-quorum-settings.ts'
import { chooseListenAddress, type ListenAddress } from './client-address.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigValues, keyTables } from './keys/all-keys.ts'
import { parsePrefixLimit } from './prefix-limits.ts'
import type {
  AclSettings,
  AdminSettings,
  AuditSettings,
  BackupSettings,
  ClientPortSettings,
  EnsembleMember,
  FlowSettings,
  LoggingSettings,
  LogLevel,
  MetricsSettings,
  ServerSettings,
  SessionSettings,
  StorageSettings,
  TlsEndpointSettings,
  TlsSettings,
  TracingSettings,
  TreeSettings
} from './settings.ts'
import { configOrigin, fail, type SettingsParts } from './settings-parts.ts'

/**
 * Puts typed values where the program looks for them, and makes the checks that concern several keys.
 *
 * @throws ConfigError
 */
export function buildSettings(parts: SettingsParts): ServerSettings {
  const own = ownMember(parts)
  return {
    client: clientSettings(parts, own),
    flow: flowSettings(parts),
    session: sessionSettings(parts),
    storage: storageSettings(parts),
    backup: backupSettings(parts),
    tree: treeSettings(parts.values),
    acl: aclSettings(parts),
    quorum: quorumSettings(parts, own),
    admin: adminSettings(parts.values),
    metrics: metricsSettings(parts.values),
    tracing: tracingSettings(parts.values),
    audit: auditSettings(parts),
    tls: tlsSettings(parts.values),
    logging: loggingSettings(parts),
    source: {
      configFile: parts.configFile,
      properties: new Map([...parts.given.properties].map(([name, { value }]) => [name, value]))
    }
  }
}

/** This server's own line; a lone server without `myid` takes the only line there is. */
function ownMember({ membership: { members }, myid, values }: SettingsParts): EnsembleMember | null {
  if (myid !== null) return members.find((member) => member.id === myid) ?? null
  const { clientPort, secureClientPort } = values.client
  return members.length === 1 && clientPort === null && secureClientPort === null ? (members[0] ?? null) : null
}

function clientSettings(parts: SettingsParts, own: EnsembleMember | null): ClientPortSettings {
  const { client } = parts.values
  const plain = listenAddress(parts, 'clientPort', own && { port: own.clientPort, address: own.clientAddress })
  const secure = listenAddress(
    parts,
    'secureClientPort',
    own && { port: own.secureClientPort, address: own.secureClientAddress }
  )
  if (plain.port === null && secure.port === null) {
    parts.given.notices.push({
      level: 'warn',
      message: 'neither clientPort nor secureClientPort is set: no client can connect'
    })
  }
  return {
    port: plain.port,
    address: plain.address,
    securePort: secure.port,
    secureAddress: secure.address,
    listenBacklog: client.clientPortListenBacklog,
    maxClientCnxns: client.maxClientCnxns,
    maxCnxns: client.maxCnxns,
    tcpKeepAlive: client.clientTcpKeepAlive,
    sessionlessTimeoutMs: client.sessionlessCnxnTimeout,
    juteMaxBufferBytes: client.juteMaxBuffer,
    juteExtraSizeBytes: client.juteExtraSize ?? Math.max(client.juteMaxBuffer, 1024),
    responseCacheEntriesMax: client.maxResponseCacheSize,
    childrenResponseCacheEntriesMax: client.maxGetChildrenResponseCacheSize
  }
}

function listenAddress(
  parts: SettingsParts,
  key: 'clientPort' | 'secureClientPort',
  fromLine: ListenAddress | null
): ListenAddress {
  const { client } = parts.values
  const fromFile = { port: client[key], address: client[`${key}Address`] }
  const origin =
    parts.given.find(keyTables.client[key])?.origin ?? parts.given.find(keyTables.client[`${key}Address`])?.origin
  return chooseListenAddress(key, fromFile, fromLine ?? { port: null, address: null }, origin ?? null)
}

function flowSettings(parts: SettingsParts): FlowSettings {
  const { client } = parts.values
  return {
    prefixLimits: prefixLimits(parts),
    globalOutstandingLimit: client.globalOutstandingLimit,
    requestThrottleMax: client.requestThrottleLimit,
    requestThrottleStallMs: client.requestThrottleStallTime,
    requestThrottleDropStale: client.requestThrottleDropStale,
    requestStaleLatencyCheck: client.requestStaleLatencyCheck,
    requestStaleConnectionCheck: client.requestStaleConnectionCheck,
    requestThrottlerShutdownTimeoutMs: client.requestThrottlerShutdownTimeout,
    throttledOpWaitTimeMs: client.throttledOpWaitTime,
    largeRequestMaxBytes: client.largeRequestMaxBytes,
    largeRequestThresholdBytes: client.largeRequestThreshold,
    connectionMaxTokens: client.connectionMaxTokens,
    connectionTokenFillTimeMs: client.connectionTokenFillTime,
    connectionTokenFillCount: client.connectionTokenFillCount,
    connectionWeightEnabled: client.connectionWeightEnabled,
    connectionGlobalSessionWeight: client.connectionGlobalSessionWeight,
    connectionLocalSessionWeight: client.connectionLocalSessionWeight,
    connectionRenewSessionWeight: client.connectionRenewSessionWeight
  }
}

function prefixLimits(parts: SettingsParts): readonly PrefixLimitSettings[] {
  const paths = new Map<string, string>()
  return propertyFamily(parts, 'zookeeper.prefixLimit.').map(([name, value]) => {
    const key = `prefixLimit.${name}`
    const origin = parts.given.properties.get(`zookeeper.${key}`)?.origin ?? configOrigin(parts)
    const limit = parsePrefixLimit(name, value)
    if (typeof limit === 'string') throw new ConfigError(`${key}: ${limit}`, origin, key)
    const other = paths.get(limit.path)
    if (other !== undefined)
      throw new ConfigError(`${key}: ${limit.path} has prefixLimit.${other} already`, origin, key)
    paths.set(limit.path, name)
    return limit
  })
}

function sessionSettings(parts: SettingsParts): SessionSettings {
  const { client, storage } = parts.values
  const minTimeoutMs = client.minSessionTimeout ?? client.tickTime * 2
  const maxTimeoutMs = client.maxSessionTimeout ?? client.tickTime * 20
  if (minTimeoutMs > maxTimeoutMs) {
    const key =
      client.minSessionTimeout === null ? keyTables.client.maxSessionTimeout : keyTables.client.minSessionTimeout
    fail(parts, key, `minSessionTimeout (${minTimeoutMs}) must not be larger than maxSessionTimeout (${maxTimeoutMs})`)
  }
  return {
    tickTimeMs: client.tickTime,
    minTimeoutMs,
    maxTimeoutMs,
    localEnabled: client.localSessionsEnabled,
    localUpgradingEnabled: client.localSessionsUpgradingEnabled,
    wrongPasswordClosesOwner: client.wrongPasswordClosesOwner,
    closeSessionTxnEnabled: storage.closeSessionTxn
  }
}

function backupSettings(parts: SettingsParts): BackupSettings {
  const { directory, interval, increments, retainCount } = parts.values.backup
  if (directory === null && interval > 0) {
    fail(parts, keyTables.backup.interval, 'backup.interval is set, but backup.dir is not')
  }
  return {
    directory: directory === null ? null : resolve(parts.workingDirectory, directory),
    intervalMs: interval,
    incrementsMax: increments,
    retainCount
  }
}

function storageSettings(parts: SettingsParts): StorageSettings {
  const { storage } = parts.values
  if (storage.dataDir === null) throw new ConfigError('dataDir is not set', configOrigin(parts), 'dataDir')
  const dataDir = resolve(parts.workingDirectory, storage.dataDir)
  return {
    dataDir,
    dataLogDir: storage.dataLogDir === null ? dataDir : resolve(parts.workingDirectory, storage.dataLogDir),
    dataDirAutocreate: storage.datadirAutocreate,
    dbAutocreate: storage.dbAutocreate,
    preAllocSizeKb: storage.preAllocSize,
    snapCount: storage.snapCount,
    snapSizeLimitKb: storage.snapSizeLimitInKb,
    txnLogSizeLimitKb: storage.txnLogSizeLimitInKb,
    commitLogCount: storage.commitLogCount,
    snapshotSizeFactor: storage.snapshotSizeFactor,
    forceSync: storage.forceSync,
    fsyncWarningThresholdMs: storage.fsyncWarningThreshold,
    flushDelayMs: storage.flushDelay,
    maxWriteQueuePollTimeMs: storage.maxWriteQueuePollTime ?? Math.floor(storage.flushDelay / 3),
    maxBatchSize: storage.maxBatchSize,
    snapshotCompression: storage.snapshotCompressionMethod,
    snapshotTrustEmpty: storage.snapshotTrustEmpty,
    serializeLastProcessedZxid: storage.serializeLastProcessedZxid,
    autopurgeSnapRetainCount: storage.autopurgeSnapRetainCount,
    autopurgePurgeIntervalMs: storage.autopurgePurgeInterval
  }
}

function treeSettings({ tree }: ConfigValues): TreeSettings {
  return {
    digestEnabled: tree.digestEnabled,
    extendedTypesEnabled: tree.extendedTypesEnabled,
    enforceQuota: tree.enforceQuota,
    containerCheckIntervalMs: tree.containerCheckInterval,
    containerMaxPerMinute: tree.containerMaxPerMinute,
    containerMaxNeverUsedIntervalMs: tree.containerMaxNeverUsedInterval
  }
}

function aclSettings(parts: SettingsParts): AclSettings {
  const { auth, client } = parts.values
  const authProviders = propertyFamily(parts, 'zookeeper.authProvider.').map(([id, className]) => ({ id, className }))
  if (client.secureClientPort !== null && auth.sslAuthProvider !== 'x509') {
    const isKnown = authProviders.some(({ id }) => id === auth.sslAuthProvider)
    if (!isKnown)
      fail(
        parts,
        keyTables.auth.sslAuthProvider,
        `"${auth.sslAuthProvider}" needs authProvider.${auth.sslAuthProvider}`
      )
  }
  return {
    skipAcl: auth.skipAcl,
    eagerAclCheck: auth.enableEagerAclCheck,
    digestEnabled: auth.digestAuthEnabled,
    superDigest: auth.superDigest,
    digestAlgorithm: auth.digestAlg,
    authProviders,
    enforceAuthEnabled: auth.enforceAuthEnabled,
    enforceAuthSchemes: auth.enforceAuthSchemes,
    sessionRequireClientSaslAuth: auth.sessionRequireClientSaslAuth,
    ensembleAuthNames: auth.ensembleAuthName,
    x509SuperUser: auth.x509SuperUser,
    sslAuthProvider: auth.sslAuthProvider,
    saslSuperUsers: [
      ...(auth.superUser === null ? [] : [auth.superUser]),
      ...propertyFamily(parts, 'zookeeper.superUser.').map(([, name]) => name)
    ],
    saslSuperPassword: auth.superPassword,
    allowsSaslFailedClients: auth.allowSaslFailedClients,
    saslMechanisms: saslMechanisms(parts),
    saslServerSection: auth.saslServerConfig,
    jaasFile: auth.jaasFile === null ? null : resolve(parts.workingDirectory, auth.jaasFile),
    ipUsesForwardedFor: auth.ipUseXForwardedFor,
    kerberosRemoveHost: auth.kerberosRemoveHost,
    kerberosRemoveRealm: auth.kerberosRemoveRealm,
    fipsMode: auth.fipsMode
  }
}

const SASL_MECHANISMS: readonly string[] = ['DIGEST-MD5', 'SCRAM-SHA-256', 'GSSAPI']

/** compat: 3.9.5 has `fips-mode=true` by default, and its server takes DIGEST-MD5 all the same: the key must be given. */
function saslMechanisms(parts: SettingsParts): readonly string[] {
  const { saslMechanisms: given, fipsMode } = parts.values.auth
  const names = given.map((name) => name.toUpperCase())
  const unknown = names.find((name) => !SASL_MECHANISMS.includes(name))
  if (unknown !== undefined) {
    fail(parts, keyTables.auth.saslMechanisms, `there is no mechanism ${unknown}, but ${SASL_MECHANISMS.join(', ')}`)
  }
  const isFips = fipsMode && parts.given.find(keyTables.auth.fipsMode) !== undefined
  return isFips ? names.filter((name) => name !== 'DIGEST-MD5') : names
}

/** Properties that start with `prefix`, as what follows it and the value, in the order of the former. */
function propertyFamily({ given }: SettingsParts, prefix: string): [string, string][] {
  return [...given.properties]
    .filter(([name, { value }]) => name.startsWith(prefix) && value !== '')
    .map(([name, { value }]): [string, string] => [name.slice(prefix.length), value])
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
}

function adminSettings({ admin, quorum }: ConfigValues): AdminSettings {
  const words = admin.fourLetterWordWhitelist
  // srvr is always answered because zkServer.sh status asks it, isro because read-only clients do.
  const always = quorum.readOnlyModeEnabled ? ['srvr', 'isro'] : ['srvr']
  return {
    fourLetterWordWhitelist: words.includes('*') ? '*' : new Set([...words, ...always]),
    enableServer: admin.adminEnableServer,
    serverAddress: admin.adminServerAddress,
    serverPort: admin.adminServerPort,
    commandUrl: admin.adminCommandUrl,
    idleTimeoutMs: admin.adminIdleTimeout,
    portUnification: admin.adminPortUnification,
    forceHttps: admin.adminForceHttps,
    needClientAuth: admin.adminNeedClientAuth,
    rateLimiterIntervalMs: admin.adminRateLimiterInterval,
    snapshotEnabled: admin.adminSnapshotEnabled,
    restoreEnabled: admin.adminRestoreEnabled,
    consoleEnabled: admin.adminConsoleEnabled,
    consoleHosts: admin.adminConsoleHosts
  }
}

function metricsSettings({ admin, metricsTls }: ConfigValues): MetricsSettings {
  return {
    provider: admin.metricsProvider,
    httpHost: admin.metricsHttpHost,
    httpPort: admin.metricsHttpPort,
    httpsPort: admin.metricsHttpsPort,
    tls: metricsTlsEndpoint(metricsTls),
    exportProcessInfo: admin.metricsExportJvmInfo,
    summaryRotateIntervalSeconds: admin.metricsSummaryRotate,
    slowRequestThresholdMs: admin.slowRequestThreshold,
    pathStatsEnabled: admin.pathStatsEnabled,
    pauseMonitorEnabled: admin.pauseMonitor,
    pauseInfoThresholdMs: admin.pauseInfoThreshold,
    pauseWarnThresholdMs: admin.pauseWarnThreshold,
    pauseSleepTimeMs: admin.pauseSleepTime
  }
}

function tracingSettings({ tracing }: ConfigValues): TracingSettings | null {
  const { endpoint, sampleRate, serviceName, queueSize, batchDelay } = tracing
  return endpoint === null ? null : { endpoint, sampleRate, serviceName, queueSize, batchDelayMs: batchDelay }
}

function tlsSettings({ tls, clientTls, quorumTls }: ConfigValues): TlsSettings {
  return {
    client: tlsEndpoint(clientTls),
    quorum: tlsEndpoint(quorumTls),
    certificateId: {
      type: tls.certificateIdType,
      matchKind: tls.certificateIdMatchKind,
      match: tls.certificateIdMatch,
      extract: tls.certificateIdExtract,
      extractGroup: tls.certificateIdExtractGroup
    },
    quorumEnabled: tls.sslQuorum,
    quorumPortUnification: tls.portUnification,
    quorumReloadCertFiles: tls.sslQuorumReloadCertFiles,
    clientCertReload: tls.clientCertReload,
    clientPortUnification: tls.clientPortUnification,
    outstandingHandshakeMax: tls.outstandingHandshakeLimit,
    earlyDropSecureHandshakes: tls.earlyDropSecureHandshakes
  }
}

function metricsTlsEndpoint(values: ConfigValues['metricsTls']): TlsEndpointSettings {
  const { needClientAuth, wantClientAuth } = values
  return {
    keyStore: {
      location: values.keyStoreLocation,
      password: values.keyStorePassword,
      passwordPath: null,
      type: values.keyStoreType
    },
    trustStore: {
      location: values.trustStoreLocation,
      password: values.trustStorePassword,
      passwordPath: null,
      type: values.trustStoreType
    },
    protocol: null,
    enabledProtocols: values.enabledProtocols,
    cipherSuites: values.cipherSuites,
    hostnameVerification: true,
    clientHostnameVerification: false,
    allowReverseDnsLookup: false,
    crl: false,
    ocsp: false,
    clientAuth: needClientAuth ? 'need' : wantClientAuth ? 'want' : 'none',
    handshakeDetectionTimeoutMs: 5000
  }
}

function tlsEndpoint(values: ConfigValues['clientTls']): TlsEndpointSettings {
  return {
    keyStore: {
      location: values.keyStoreLocation,
      password: values.keyStorePassword,
      passwordPath: values.keyStorePasswordPath,
      type: values.keyStoreType
    },
    trustStore: {
      location: values.trustStoreLocation,
      password: values.trustStorePassword,
      passwordPath: values.trustStorePasswordPath,
      type: values.trustStoreType
    },
    protocol: values.protocol,
    enabledProtocols: values.enabledProtocols,
    cipherSuites: values.cipherSuites,
    hostnameVerification: values.hostnameVerification,
    clientHostnameVerification: values.clientHostnameVerification,
    allowReverseDnsLookup: values.allowReverseDnsLookup,
    crl: values.crl,
    ocsp: values.ocsp,
    clientAuth: values.clientAuth,
    handshakeDetectionTimeoutMs: values.handshakeDetectionTimeout
  }
}

function auditSettings(parts: SettingsParts): AuditSettings {
  const { admin } = parts.values
  if (!admin.auditEnable) return { file: null }
  return {
    file: {
      format: admin.auditLogFormat,
      path: resolve(parts.workingDirectory, admin.logDir, admin.auditLogFile),
      level: admin.auditLogThreshold,
      sizeBytesMax: admin.auditLogMaxFileSize,
      backupCountMax: admin.auditLogMaxBackupIndex
    }
  }
}

const HOUR_MS = 3_600_000

const LOG_LEVELS: readonly LogLevel[] = ['off', 'error', 'warn', 'info', 'debug', 'trace']

function loggingSettings(parts: SettingsParts): LoggingSettings {
  const { admin } = parts.values
  const [levelName = 'INFO', ...targets] = admin.rootLogger
  const level = LOG_LEVELS.find((known) => known === levelName.toLowerCase())
  const isTarget = (target: string) => /^(CONSOLE|ROLLINGFILE)$/i.test(target)
  if (level === undefined || !targets.every(isTarget)) {
    fail(
      parts,
      keyTables.admin.rootLogger,
      `must be ${LOG_LEVELS.join(', ').toUpperCase()}, then CONSOLE, ROLLINGFILE or both`
    )
  }
  const has = (target: string) => targets.some((given) => given.toUpperCase() === target)
  // Without a target there would be no log at all: the console is meant.
  const toConsole = has('CONSOLE') || targets.length === 0
  return {
    consoleLevel: toConsole ? (admin.logConsoleThreshold ?? level) : 'off',
    format: admin.logFormat,
    file: has('ROLLINGFILE')
      ? {
          path: resolve(parts.workingDirectory, admin.logDir, admin.logFile),
          level: admin.logThreshold ?? level,
          sizeBytesMax: admin.logMaxFileSize,
          backupCountMax: admin.logMaxBackupIndex,
          ageMsMax: admin.logMaxFileAge === null ? null : admin.logMaxFileAge * HOUR_MS
        }
      : null
  }
}
